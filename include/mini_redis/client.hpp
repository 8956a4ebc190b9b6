// The client: calls of coroutines to a Redis-compatible server.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/system_executor.hpp>
#include <chrono>
#include <concepts>
#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/command_line.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/commands/blocking.hpp>
#include <mini_redis/commands/call_view.hpp>
#include <mini_redis/commands/composed.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/detail/run_operation.hpp>
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

/// A client of a Redis-compatible server.
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
/// as_result it completes with a result<T>, and nothing is thrown. So do subscribing, iterating and
/// transactions; connect() wants to be told the executor as well.
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
/// *Connections*: all calls share one. Blocking calls (blpop …), transactions that watch keys, and
/// subscriptions each take one of their own, so that they hold up nobody; of these, the first two
/// come from a pool of connect_options::most_connections, and wait within their time-outs if all
/// are in use. A connection that is lost is made again, with pauses in between, and what was
/// set up on it (HELLO, AUTH, SELECT, CLIENT SETNAME, subscriptions) is restored; meanwhile calls
/// wait. A call that was under way fails, as its command may have run or not; one marked
/// idempotent() is sent again instead.
///
/// *Errors*: call_error for a call that got no reply: errc::timed_out; errc::unknown_outcome if the
/// connection was lost meanwhile; errc::not_sent if there is none, and none is to be made again;
/// errc::client_closed; call_error::may_have_run tells whether it is safe to try again. Typed calls
/// throw redis_error for an error reply, and asio::system_error with errc::unexpected_reply for one
/// of the wrong shape; send() hands every reply back as it came.
///
/// *Time-outs and cancellation*: a call ends with errc::timed_out after its time-out, whether there
/// is a connection or not, and with asio::error::operation_aborted when it is cancelled (by a
/// cancellation slot, or as the loser of `||`). What was not sent yet is not sent any more; what
/// was is executed, and its late reply is dropped in its turn. The connection stays, unless it was
/// a blocking call's, which would swallow an element. A server that owes more than 4,096 such
/// replies gets no further requests until it has answered some.
///
/// *Back-pressure*: connect_options::most_outstanding bytes of requests are under way at most;
/// further ones wait in the client, and are refused (errc::overloaded) beyond most_unsent.
template <class Executor = asio::any_io_executor>
class basic_client : public commands<basic_client<Executor>>,
                     public blocking_commands<basic_client<Executor>>,
                     public generic_commands<basic_client<Executor>>,
                     public composed_commands<basic_client<Executor>> {
public:
    using executor_type = Executor;
    using default_completion_token = asio::use_awaitable_t<Executor>;

    /// Connects to `host:port`, `host` (port 6379), `[v6]:port`, a bare IPv6 address,
    /// `redis://user:password@host:port/database` (`rediss://`: by TLS) or `unix:///path`, trying
    /// every address that the name has, then introduces itself (HELLO, AUTH, SELECT) as the address
    /// and the options say. A first attempt that fails is not repeated.
    ///
    /// *Errors*: errc::bad_address, errc::timed_out, the operating system's as Asio has them
    /// (asio::error::connection_refused …), redis_error if the server refuses (WRONGPASS …).
    /// *Cancellation*: gives up.
    static asio::awaitable<basic_client, Executor> connect(std::string address,
                                                           connect_options options = {}) {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        auto opening = client_core::open(std::move(address), std::move(options));
        client_core opened =
            co_await asio::co_spawn(executor, std::move(opening), default_completion_token{});
        co_return basic_client{std::move(opened)};
    }

    /// The same, and nothing is thrown.
    static asio::awaitable<result<basic_client>, Executor>
    connect(std::string address, connect_options options, as_result_t<own_token> /*token*/) {
        return with_result(connect(std::move(address), std::move(options)));
    }

    static asio::awaitable<result<basic_client>, Executor> connect(std::string address,
                                                                   as_result_t<own_token> token) {
        return connect(std::move(address), connect_options{}, token);
    }

    /// The same for any completion token, also where there is no coroutine: the client's executor
    /// is the one that is given.
    template <class Token>
    static auto connect(const Executor& on, std::string address, connect_options options,
                        Token token) {
        return run_operation(on, connect(std::move(address), std::move(options)), std::move(token));
    }

    template <class Token>
        requires(!std::convertible_to<Token, connect_options>)
    static auto connect(const Executor& on, std::string address, Token token) {
        return connect(on, std::move(address), connect_options{}, std::move(token));
    }

    /// Not connected: like a client that was moved from.
    basic_client() noexcept = default;

    basic_client(basic_client&&) noexcept = default;
    basic_client& operator=(basic_client&&) noexcept = default;
    /// Calls that are under way end with errc::client_closed.
    ~basic_client() = default;

    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: on a connection of its own, which the subscriber keeps
    /// when this client is gone.
    ///
    ///     subscriber news = co_await c.subscribe("news", "sports");
    template <class... Args>
        requires names_then_token<Args...>
    auto subscribe(const Args&... channels) {
        return subscribe_to(channel_kind::channel, channels...);
    }

    template <class... Args>
        requires names_then_token<Args...>
    auto psubscribe(const Args&... patterns) {
        return subscribe_to(channel_kind::pattern, patterns...);
    }

    template <class... Args>
        requires names_then_token<Args...>
    auto ssubscribe(const Args&... channels) {
        return subscribe_to(channel_kind::shard_channel, channels...);
    }

    auto subscribe(std::vector<std::string> channels, auto... token) {
        return subscribe(channel_kind::channel, std::move(channels), std::move(token)...);
    }

    auto psubscribe(std::vector<std::string> patterns, auto... token) {
        return subscribe(channel_kind::pattern, std::move(patterns), std::move(token)...);
    }

    auto ssubscribe(std::vector<std::string> channels, auto... token) {
        return subscribe(channel_kind::shard_channel, std::move(channels), std::move(token)...);
    }

    /// Ends all calls, and the connections, but those of subscribers; as the destructor does.
    void close() noexcept { core_.close(); }

    /// Whether calls still have a chance: not moved from, not closed, and the connection not lost
    /// for good.
    bool is_open() const noexcept { return core_.is_open(); }

    /// Whether there is a connection at present.
    bool is_connected() const noexcept { return core_.is_connected(); }

    /// What it has done so far.
    client_counters counters() const noexcept { return core_.counters(); }

    /// What HELLO agreed on.
    protocol_version protocol() const noexcept { return core_.protocol(); }

    /// Where its calls run. Not to be asked of a client that was moved from.
    asio::any_io_executor get_executor() const { return core_.executor(); }

    /// For the commands above: starts a call.
    template <class Reply, class Words, class Reader, class... Token>
    auto start(Words words, const call_settings& settings, Reader reader, Token... token) {
        return start_by<Reply>(core_.router(), std::move(words), settings, std::move(reader),
                               std::move(token)...);
    }

    /// The same on the connection that the router chooses.
    template <class Reply, class Words, class Reader, class Token = default_completion_token>
    auto start_by(call_router* by, Words words, const call_settings& settings, Reader reader,
                  Token token = {}) {
        if constexpr (std::same_as<Token, as_result_t<own_token>>)
            return start_call<Reply>(by, std::move(words), settings, std::move(reader),
                                     as_result(default_completion_token{}));
        else
            return start_call<Reply>(by, std::move(words), settings, std::move(reader),
                                     std::move(token));
    }

    /// For the commands above: runs what is a coroutine.
    template <class T>
    auto run(asio::awaitable<T, Executor> operation, auto... token) {
        // That of a client that was moved from says so wherever it runs.
        const bool is_there = core_.router() != nullptr;
        return run_operation(is_there ? core_.executor() : asio::system_executor{},
                             std::move(operation), std::move(token)...);
    }

    /// For transactions: a connection for them alone.
    std::unique_ptr<lent_connection> lend() { return core_.lend(); }

    /// For what is several calls: until when it has to end, as one call would with this time-out.
    std::chrono::steady_clock::time_point deadline(std::chrono::milliseconds time_out) const {
        return core_.deadline(time_out);
    }

private:
    explicit basic_client(client_core opened) noexcept : core_{std::move(opened)} {}

    auto subscribe_to(channel_kind kind, const auto&... names_and_token) {
        const auto use = [&](std::vector<std::string> names, auto... token) {
            return subscribe(kind, std::move(names), std::move(token)...);
        };
        return split_names(use, names_and_token...);
    }

    auto subscribe(channel_kind kind, std::vector<std::string> names, auto... token) {
        return run(make_subscriber(core_.subscribe(kind, std::move(names))), std::move(token)...);
    }

    static asio::awaitable<basic_subscriber<Executor>, Executor>
    make_subscriber(asio::awaitable<subscription_core> opening) {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        subscription_core opened =
            co_await asio::co_spawn(executor, std::move(opening), default_completion_token{});
        co_return basic_subscriber<Executor>{std::move(opened)};
    }

    client_core core_;
};

/// The client of coroutines on any executor, as asio::awaitable<T> is.
using client = basic_client<>;

} // namespace mini_redis
