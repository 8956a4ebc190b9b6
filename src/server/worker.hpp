// A worker: one thread, its io_context, and what all its sessions share because only one of them
// runs at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "commands/counters.hpp"
#include "commands/executor.hpp"
#include "resp/output_buffer.hpp"
#include "resp/request_parser.hpp"
#include "server/io.hpp"

namespace mini_redis {

class core;
class session;
class session_message;

/// *Thread safety*: deliver(), session_count() and what goes through the io_context may be used
/// from any thread; everything else belongs to the worker's own.
class worker {
public:
    explicit worker(core& server);
    ~worker();

    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    asio::io_context& io() noexcept { return io_; }

    core& server() noexcept { return *server_; }

    counters& count() noexcept { return count_; }

    const counters& count() const noexcept { return count_; }

    executor& commands() noexcept { return executor_; }

    /// Starts the thread; it calls `ended` as its last act.
    void start(std::function<void()> ended);
    void join();

    /// Lets the sessions finish, and the thread end after the last of them.
    void begin_stop();

    /// The worker whose thread calls, or null.
    static worker* of_this_thread() noexcept;

    /// Ends the sessions at once.
    void cut();

    /// Lets the sessions that CLIENT PAUSE holds up try again; from any thread.
    void resume_sessions();

    /// Takes over a connection that was accepted for this worker.
    void adopt(asio::ip::tcp::socket::native_handle_type descriptor, asio::ip::tcp protocol,
               std::uint64_t id);

    /// Hands a message to sessions of this worker. Those of one turn of the loop are written
    /// together.
    void deliver(std::shared_ptr<const session_message> message,
                 std::vector<std::shared_ptr<session>> to);

    std::size_t session_count() const noexcept {
        return sessions_now_.load(std::memory_order_relaxed);
    }

    /// CPU time of the thread, in microseconds, as it was at most a second ago; from any thread.
    std::int64_t system_us() const noexcept { return system_us_.load(std::memory_order_relaxed); }

    std::int64_t user_us() const noexcept { return user_us_.load(std::memory_order_relaxed); }

    void session_begins(session& one);
    void session_ends(session& one);

    static constexpr std::size_t input_size = 64 * 1024;

    /// Bytes just read, and the replies to them: used by whichever session runs, and by nobody
    /// across a co_await. So an idle connection holds no buffer.
    std::span<char> input() noexcept { return {room_->input.get(), input_size}; }

    output_buffer& output() noexcept { return room_->output; }

    /// Where replies go that CLIENT REPLY holds back.
    output_buffer& muted() noexcept { return room_->muted; }

    /// How many requests of a pipeline are looked at together, so that the memory of their keys
    /// arrives while others are being executed.
    static constexpr std::size_t batch_size = 16;

    std::span<request, batch_size> batch() noexcept { return room_->batch; }

    /// Serves what has come for the other sessions, in the middle of one's command.
    void serve_others() noexcept;

    /// Does what needs locks that are given up in the end: now or, while a script holds them for
    /// long, after that.
    void when_unlocked(std::function<void()> action);

    /// What a request may be, for a client that has or has not given its password. Follows
    /// proto-max-bulk-len at each tick().
    const protocol_limits& limits(bool authenticated) const noexcept {
        return authenticated ? limits_ : strict_limits_;
    }

    /// Before a batch of requests: the coarse clock, the settings that may have changed.
    void tick() noexcept;

    /// Seconds since some start, read once per turn: for idle times.
    std::uint32_t coarse_seconds() const noexcept { return coarse_seconds_; }

private:
    struct delivery {
        std::shared_ptr<const session_message> message;
        std::vector<std::shared_ptr<session>> to;
    };

    /// What the session that runs works with.
    struct workroom {
        std::unique_ptr<char[]> input{new char[input_size]};
        output_buffer output;
        output_buffer muted;
        std::array<request, batch_size> batch;
    };

    void empty_mailbox();
    void try_postponed();
    task<void> every_second();
    void note_cpu_time() noexcept;

    core* server_;
    asio::io_context io_;
    std::optional<asio::executor_work_guard<io_executor>> work_;
    counters count_;
    executor executor_;
    std::unique_ptr<workroom> room_;
    protocol_limits limits_;
    protocol_limits strict_limits_;
    std::uint32_t coarse_seconds_ = 0;
    timer every_second_;
    std::vector<std::function<void()>> postponed_;
    timer retry_;
    bool stopping_ = false;
    bool cutting_ = false;
    std::vector<session*> sessions_; // each knows its place
    std::atomic<std::size_t> sessions_now_{0};
    std::atomic<std::int64_t> system_us_{0};
    std::atomic<std::int64_t> user_us_{0};

    std::mutex mailbox_mutex_;
    std::vector<delivery> mailbox_;  // guarded by mailbox_mutex_
    bool mailbox_scheduled_ = false; // guarded by mailbox_mutex_

    std::thread thread_;
};

} // namespace mini_redis
