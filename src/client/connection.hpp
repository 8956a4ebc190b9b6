// One connection to a server: the calls that use it, and what keeps it up.
//
// It outlives its links (the sockets): a coroutine, the keeper, makes a link, reads replies from it
// until it is lost, settles what became of the calls that were under way, and makes the next one.
// Meanwhile calls wait in the queue, and their time-outs go on.
//
// A call costs no allocation here: its node comes from a free list, its request is written straight
// into the buffer that the socket sends, and its caller is resumed right out of the reader's loop.
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/command_line.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/frame.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/client_context.hpp"
#include "client/dialer.hpp"
#include "client/request_queue.hpp"
#include "client/transport.hpp"
#include "resp/reply_parser.hpp"

namespace mini_redis {

class connection;

/// Whoever a connection is made for, if he wants to know more than his calls tell. He outlives it,
/// or takes himself out.
class connection_user {
public:
    /// A link is up, before any call goes over it: what it needs besides the introduction.
    virtual void on_link(connection& /*on*/) {}

    /// A push that confirms no call. If it is false, nothing more is read until wait_for_room()
    /// has ended.
    virtual bool on_push(const reply_view& /*push*/) { return true; }

    virtual asio::awaitable<void> wait_for_room() { co_return; }

    /// No call is under way any more.
    virtual void on_idle(connection& /*on*/) {}

    /// It was closed.
    virtual void on_close(connection& /*on*/) noexcept {}

protected:
    ~connection_user() = default;
};

/// What a connection is for.
enum class connection_use {
    calls,       ///< any number of calls; it is made anew whenever it is lost
    on_demand,   ///< it is made anew if calls wait for it, and closed otherwise
    transaction, ///< it is not made anew: it has state
};

/// See the top of this file. For one executor, like the client that it is made for.
class connection final : public call_target, public std::enable_shared_from_this<connection> {
public:
    connection(asio::any_io_executor executor, std::shared_ptr<client_context> context,
               connection_use use, connection_user* user = nullptr);

    /// Makes the first link, and hands on why it cannot be; then open() is not to be called.
    ///
    /// *Errors*: as client::connect. *Cancellation*: gives up.
    static asio::awaitable<void> connect(std::shared_ptr<connection> self);

    /// Starts the keeper; once.
    void open();

    /// Before open(): it makes no link until admit(), and takes calls meanwhile; `why`, for people.
    void hold(std::string why);

    /// One that was held may make its link.
    void admit();

    /// Takes over the calls of one that is held, which ends; there must be none of its own.
    void take_over(connection& held);

    void start(pending_call* call, const call_settings& settings,
               std::span<const std::string_view> words) override;
    void start(pending_call* call, const call_settings& settings,
               const request_batch& requests) override;
    void give_up(pending_call* call, std::error_code why) override;

    /// The turn_end of its loop asks for it.
    void flush_now();

    /// Ends everything; calls under way fail with `why`.
    void close(std::error_code why);

    bool is_open() const noexcept { return open_; }

    /// Whether there is a link.
    bool is_connected() const noexcept { return is_linked_; }

    /// Why it is not open.
    std::error_code close_reason() const noexcept { return close_reason_; }

    /// From now on it may be used for something else, or by somebody else.
    void use_for(connection_use use, connection_user* user) noexcept {
        use_ = use;
        user_ = user;
    }

    /// Whether it can take another call without any before it.
    bool is_idle() const noexcept { return is_linked_ && queue_.empty(); }

    /// Pushes may come as arrays, as they do in RESP2.
    void expect_pushes() noexcept { expects_pushes_ = true; }

    /// What the last HELLO agreed on.
    protocol_version protocol() const noexcept { return protocol_; }

    const client_context& context() const noexcept { return *context_; }

    /// Whether it is set up like the client's other connections.
    bool is_set_up() const noexcept { return setup_version_ == context_->setup.version(); }

private:
    // Held by the keeper's coroutine: when that is destroyed unfinished, as at the end of an
    // io_context, the calls must go too, for their callers may be what keeps this connection alive.
    class keeper_scope {
    public:
        explicit keeper_scope(std::shared_ptr<connection> owner) : owner_{std::move(owner)} {}

        keeper_scope(keeper_scope&&) noexcept = default;
        keeper_scope& operator=(keeper_scope&&) = delete;

        ~keeper_scope() {
            if (owner_) owner_->abandon();
        }

        connection& operator*() const noexcept { return *owner_; }

    private:
        std::shared_ptr<connection> owner_;
    };

    // While a hook runs, which may want to close the connection.
    class hook_scope {
    public:
        explicit hook_scope(connection& of) noexcept : of_{of} { ++of_.hooks_; }

        hook_scope(const hook_scope&) = delete;
        hook_scope& operator=(const hook_scope&) = delete;

        ~hook_scope() { --of_.hooks_; }

    private:
        connection& of_;
    };

    // links
    static asio::awaitable<void> keep_up(keeper_scope scope);
    asio::awaitable<void> wait_until_admitted();
    asio::awaitable<void> make_link();
    asio::awaitable<void> make_link_again();
    asio::awaitable<void> pause_before_trying();
    void begin_link();
    void restore_setup();
    void lose_link(std::error_code why, std::string_view text = {});
    void end_link();
    bool is_needed() const noexcept;
    bool can_be_linked_again() const noexcept;
    void beat();
    void check_health();

    // in
    asio::awaitable<void> read_replies();
    asio::awaitable<void> take_push(const reply_view& received);
    bool is_push(const reply_view& received) const noexcept;
    bool confirms(const reply_view& push);
    void on_reply(const reply_view& reply);
    bool is_early(const reply_view& reply);
    bool asks_again(pending_call& call, const reply_view& reply);
    void end_batch();

    // out
    template <class Write>
    void start_with(pending_call* call, const call_settings& settings, call_begin begin,
                    Write write);
    template <class Write>
    void add_with_copy(pending_call* call, Write write);
    std::optional<failure> refusal(const call_settings& settings) const;
    void stamp(pending_call& call, const call_settings& settings);
    void post_flush();
    void flush();

    // ends
    bool may_have_run(const pending_call& call) const noexcept;
    void fail(pending_call& call, failure why);
    void fail_and_destroy(call_list calls, std::error_code why);
    void destroy(call_list calls) noexcept;
    void settle(call_list sent);
    void count_end(const pending_call& call, const call_end& end);
    void on_timer();
    void arm_timer(std::chrono::steady_clock::time_point at);
    void abandon() noexcept;

    std::shared_ptr<client_context> context_;
    connection_use use_;
    connection_user* user_;
    bool open_ = true;
    bool is_held_ = false; // waits for admit()
    std::error_code close_reason_;
    unsigned hooks_ = 0; // that run

    // The link. link_ is there from when it is made until the next one; is_linked_ while it works.
    std::shared_ptr<dialer> dialer_;
    std::unique_ptr<transport> link_;
    bool is_linked_ = false;
    std::string trouble_; // why there is no link, for people
    protocol_version protocol_ = protocol_version::resp2;
    std::uint64_t links_ = 0; // how many there were
    unsigned attempts_ = 0;   // to make one, since the last was of use
    std::uint64_t setup_version_ = 0;
    asio::steady_timer pause_;

    // Out.
    request_queue queue_;
    bool flush_is_posted_ = false;
    bool awaits_room_ = false;  // the socket takes nothing at present
    bool write_failed_ = false; // the reader will learn why
    std::size_t owed_ = 0;      // replies to calls that were given up
    bool is_restoring_ = false; // what is started now goes first
    call_list restoring_;

    // One timer for all deadlines, set to the earliest one that was pending when it was last set:
    // with equal time-outs it is set once a time-out, not once a call.
    asio::steady_timer timer_;
    std::chrono::steady_clock::time_point timer_at_ = std::chrono::steady_clock::time_point::max();
    std::optional<std::chrono::steady_clock::time_point> turn_time_; // read once a turn

    asio::steady_timer pulse_;
    bool was_heard_ = false; // since the pulse's last beat
    bool was_pinged_ = false;

    // In.
    reply_parser parser_;
    bool expects_pushes_ = false;
    bool is_reading_batch_ = false; // it ends with a flush
    bool is_paused_ = false;        // its user has no room for pushes
};

/// A call of the library's own: any reply, as it comes.
asio::awaitable<frame> ask(connection& to, command_line command, call_settings settings);

} // namespace mini_redis
