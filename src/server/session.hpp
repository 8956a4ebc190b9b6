// One connection: a coroutine that reads what has come, executes all of it, and writes the replies
// in one piece.
//
// Between two reads a session owns no buffers, unless a request is still incomplete (input_) or
// the peer does not take its replies (unsent_). While unsent_ holds more than it should, nothing
// more is executed: that is the back-pressure.
//
// session.cpp has the connection's life and its requests, session_output.cpp what is sent,
// session_blocking.cpp the wait for what a command did not find, session_tracking.cpp what is told
// of keys that change.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "commands/client_state.hpp"
#include "commands/command.hpp"
#include "commands/services.hpp"
#include "resp/output_buffer.hpp"
#include "resp/reply_writer.hpp"
#include "resp/request_parser.hpp"
#include "server/io.hpp"
#include "server/shown_state.hpp"

namespace mini_redis {

class worker;
struct request;
class invalidation;
class redirected_invalidation;
class session_message;
struct published_message;

/// *Thread safety*: belongs to its worker's thread, except describe() and request_close().
class session final : public client_state, public std::enable_shared_from_this<session> {
public:
    session(worker& home, tcp_socket socket, std::uint64_t id);
    ~session();

    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Enters worker and directory: once a shared_ptr owns the session, since others find it there.
    void enter();

    /// Serves the connection until it ends.
    task<void> run();

    /// Leaves worker, directory and hub, before the socket closes: who has seen the end of a
    /// connection does not find it in CLIENT LIST. What is left is memory, which whoever still
    /// holds it may free from any thread. Does nothing the second time.
    void leave() noexcept;

    /// Announces a message that its worker is about to be handed; from any thread. False if too
    /// many are on their way already: then the session ends, as if it did not take them.
    bool expect(const session_message& message);

    /// Takes a message that was announced.
    void take(const session_message& message);

    /// Appends a message to what is to be sent, if the session still subscribes to its channel.
    void push(const published_message& message);

    /// Tells the client of changes of keys, or the one that it redirects to; if it still wants to
    /// know. On its own thread, as the next.
    void invalidate(const invalidation& what);

    /// Appends what it or a client that redirects to it is told of changes.
    void push_invalidation(const redirected_invalidation& what);

    /// What it has been told since its command began stands before what is written from now on.
    void put_notices_first();

    /// Sends what push() and push_invalidation() have gathered.
    void flush_pushes();

    /// Ends the session if the peer has left too much unread for too long; true if so.
    bool check_output_limit();

    /// Ends the session after what it has begun: called when the server stops.
    void finish();

    /// Ends it now.
    void cut() noexcept;

    /// Ends it now; from any thread. False if that has been asked for before.
    bool request_close();

    bool close_requested() const noexcept {
        return close_requested_.load(std::memory_order_relaxed);
    }

    /// Ends the wait of a blocked command, from any thread: as if its time were over, or with an
    /// error. False if nothing is blocked.
    bool end_block(bool with_error);

    /// Lets a session that CLIENT PAUSE holds up try again.
    void resume();

    bool is_paused() const noexcept { return paused_; }

    /// Lets others see whether a command is blocked.
    void show_parked() noexcept;

    /// What tells the session, from any thread, that its blocked command has been served.
    std::function<void()> waker();

    /// Ends the connection for the peer, from any thread, under the directory's lock; the session
    /// notices.
    void hang_up() const noexcept;

    worker& home() noexcept { return *home_; }

    /// What CLIENT LIST tells; from any thread, under the directory's lock.
    client_info describe() const;

    /// What others see of the session.
    shown_state& shown() noexcept { return shown_; }

    const shown_state& shown() const noexcept { return shown_; }

    std::size_t place_in_worker = 0; ///< kept by the worker

private:
    enum class progress { done, output_full, blocked, paused, closing };

    // Replies of a long pipeline go out in pieces of about this size.
    static constexpr std::size_t output_piece = 64 * 1024;

    // A request that is cut is read on in steps of at least this size.
    static constexpr std::size_t input_step = 16 * 1024;

    // Requests: session.cpp.
    std::string_view receive(std::size_t first, std::error_code& error);
    progress execute(std::string_view& input);
    request_parser::result read_batch(std::string_view& input, std::size_t& count);
    void execute_one(const request& one, reply_writer& reply);
    void run_command(const request& one, reply_writer& reply);
    [[gnu::cold, gnu::noinline]] void tell_out_of_memory(reply_writer& reply);
    bool is_over_input_limit() const;
    void keep(std::string_view rest);

    // Replies and messages: session_output.cpp.
    void send_replies();
    bool send_unsent() noexcept;
    task<void> drain();
    task<void> drain_and_read();
    void begin_drain();
    output_buffer& notices();
    void end_push(const output_buffer& out);
    bool is_over_limit(std::size_t unread);

    // A blocked command: session_blocking.cpp.
    task<bool> wait_while_blocked();
    task<bool> wait_while_paused();
    task<bool> receive_while_waiting();
    void stop_reading();
    void time_out(const std::shared_ptr<parked_call>& call);
    void unblock();
    void end_wait();

    worker* home_;
    tcp_socket socket_;
    request_parser parser_;
    output_buffer input_;  // what was read and not yet executed
    output_buffer unsent_; // replies and pushes that the peer has not taken
    output_buffer* replies_ = nullptr;
    output_buffer after_reply_; // pushes to itself that follow the reply of what it executes
    bool executing_ = false;
    bool finishing_ = false;
    bool paused_ = false;       // by CLIENT PAUSE: the next request waits in input_
    std::size_t to_finish_ = 0; // bytes that had come when the server stopped, and are served still
    bool draining_ = false;
    bool reads_ahead_ = false; // while the peer does not take its replies
    std::optional<std::uint32_t> over_soft_limit_since_;
    std::atomic<bool> overrun_{false};     // there were too many of them
    std::atomic<std::size_t> expected_{0}; // bytes of messages that wait in the worker's mailbox
    bool has_left_ = true;                 // and not entered before enter()

    // Waiting until there is something to read costs an epoll_ctl(), reading at once a recv() that
    // finds nothing, which is less: measured 1.5 % of a request's CPU time. But that needs a buffer
    // for as long as it waits. So single requests are read into a small one of the session's own,
    // and pipelines, which share the cost among many requests, into the worker's large one.
    bool expects_little_ = true;
    std::array<char, 256> first_bytes_;
    bool waiting_for_input_ = false;

    // Touched by other threads.
    shown_state shown_;
    std::atomic<bool> close_requested_{false};
    std::mutex parked_mutex_;
    std::shared_ptr<parked_call> seen_parked_; // guarded by parked_mutex_
};

} // namespace mini_redis
