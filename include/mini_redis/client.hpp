// The client: one connection to a Redis-compatible server, used by coroutines.
#pragma once

#include <asio/co_spawn.hpp>
#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/command_line.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/commands/composed.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/frame.hpp>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/subscriber.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// A connection to a Redis-compatible server.
///
///     client c = co_await client::connect("127.0.0.1:6379");
///     co_await c.set("greeting", "hello");
///     std::optional<std::string> greeting = co_await c.get("greeting");
///     auto length = co_await c.command<int>("RPUSH", "numbers", 1, 2, 3);
///
/// *Typed calls* (get, set …) are those of mini_redis/commands.hpp. Replies come back by value, as
/// the type that the call says or that is asked for: `co_await c.get<int>("n")` (see from_reply).
///
/// *Completion tokens*: each call takes one as its last argument, as Asio's own operations do:
/// as_tuple(asio::use_awaitable), asio::use_future, a callback `void(std::exception_ptr, T)`.
/// Without one it is an awaitable for coroutines of this client's Executor. With the token
/// as_result it completes with a result<T>, and nothing is thrown.
///
/// Any number of coroutines may have a call under way at once: what they ask in the same turn of
/// the loop is written together, and replies find their callers by order (pipelining).
///
/// *Arguments* are referred to, not copied, until the call has ended: `co_await c.get(key)` is
/// always right; an awaitable that is kept for later, or given to co_spawn, needs its texts and its
/// client alive.
///
/// *Thread safety*: it belongs to the executor of the coroutine that connected it, and to one
/// thread (or strand) at a time. Each thread takes its own client; see blocking_client for plain
/// threads.
///
/// *Errors*: asio::system_error for what happens on the way: errc::timed_out,
/// errc::connection_closed and errc::client_closed, or the operating system's error. Typed calls
/// throw redis_error for an error reply, and errc::unexpected_reply for one of the wrong shape;
/// send() hands every reply back as it came.
/// After connection_closed, or an error of the operating system, every further call fails with the
/// same error: connect anew. A call that failed may have been executed or not.
///
/// *Time-outs and cancellation*: a call ends with errc::timed_out after its time-out, and with
/// asio::error::operation_aborted when it is cancelled (by a cancellation slot, or as the loser of
/// `||`). The connection stays, and the late reply is dropped in its turn. Only if the server owes
/// more than 4,096 such replies, or more than 64 MiB of such requests cannot be written, is the
/// connection given up.
///
/// *Back-pressure*: each call waits for its reply, so what a client holds is bounded by what its
/// callers have under way.
template <class Executor = asio::any_io_executor>
class basic_client : public commands<basic_client<Executor>>,
                     public generic_commands<basic_client<Executor>>,
                     public composed_commands<basic_client<Executor>> {
public:
    using executor_type = Executor;
    using default_completion_token = asio::use_awaitable_t<Executor>;

    /// Connects to `host:port`, `host` (port 6379), `[v6]:port`, a bare IPv6 address,
    /// `redis://user:password@host:port/database` or `unix:///path`, trying every address that the
    /// name has, then introduces itself (HELLO, AUTH, SELECT) as the address and the options say.
    ///
    /// *Errors*: errc::bad_address, errc::timed_out, the operating system's (connection_refused …),
    /// redis_error if the server refuses (WRONGPASS …). *Cancellation*: gives up.
    static asio::awaitable<basic_client, Executor> connect(std::string address,
                                                           connect_options options = {}) {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        auto opening = client_core::open(std::move(address), std::move(options));
        client_core opened =
            co_await asio::co_spawn(executor, std::move(opening), default_completion_token{});
        co_return basic_client{std::move(opened)};
    }

    /// Not connected: like a client that was moved from.
    basic_client() noexcept = default;

    basic_client(basic_client&&) noexcept = default;
    basic_client& operator=(basic_client&&) noexcept = default;
    /// Calls that are under way end with errc::client_closed.
    ~basic_client() = default;

    /// SUBSCRIBE, PSUBSCRIBE: turns this client into a subscriber, whether it succeeds or not.
    ///
    ///     subscriber news = co_await std::move(c).subscribe("news", "sports");
    template <channel_name... Names>
        requires(sizeof...(Names) > 0)
    auto subscribe(const Names&... channels) && {
        return std::move(*this).subscribe(subscriber::to_strings(channels...));
    }

    template <channel_name... Names>
        requires(sizeof...(Names) > 0)
    auto psubscribe(const Names&... patterns) && {
        return std::move(*this).psubscribe(subscriber::to_strings(patterns...));
    }

    asio::awaitable<subscriber> subscribe(std::vector<std::string> channels) && {
        return client_core::subscribe(std::move(core_), "SUBSCRIBE", std::move(channels));
    }

    asio::awaitable<subscriber> psubscribe(std::vector<std::string> patterns) && {
        return client_core::subscribe(std::move(core_), "PSUBSCRIBE", std::move(patterns));
    }

    /// Closes the connection; as the destructor does.
    void close() noexcept { core_.close(); }

    /// Whether calls still have a chance: not moved from, not closed, and the connection not lost.
    bool is_open() const noexcept { return core_.is_open(); }

    /// What HELLO agreed on.
    protocol_version protocol() const noexcept { return core_.protocol(); }

    /// Where its calls run. Not to be asked of a client that was moved from.
    asio::any_io_executor get_executor() const { return core_.target()->executor(); }

    /// For the commands above: starts a call.
    template <class Reply, class Words, class Reader, class Token = default_completion_token>
    auto start(Words words, const call_settings& settings, Reader reader, Token token = {}) {
        return start_call<Reply>(core_.target(), std::move(words), settings, std::move(reader),
                                 std::move(token));
    }

private:
    explicit basic_client(client_core opened) noexcept : core_{std::move(opened)} {}

    client_core core_;
};

/// The client of coroutines on any executor, as asio::awaitable<T> is.
using client = basic_client<>;

} // namespace mini_redis
