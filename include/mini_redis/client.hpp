// The client: one connection to a Redis-compatible server, used by coroutines.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/command_line.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/frame.hpp>
#include <mini_redis/subscriber.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

class connection;

/// When SET sets.
enum class set_condition {
    always,
    if_absent,  ///< NX: only if the key does not exist
    if_present, ///< XX: only if it does
};

/// The options of client::set.
struct set_options {
    /// PX: the key is gone after this time; it must be above zero. Without it the key stays.
    std::optional<std::chrono::milliseconds> expiry{};
    set_condition condition = set_condition::always;
    /// KEEPTTL: a time to live that the key has already is kept. Not together with expiry.
    bool keep_ttl = false;
};

/// A connection to a Redis-compatible server.
///
///     client c = co_await client::connect("127.0.0.1:6379");
///     co_await c.set("greeting", "hello");
///     std::optional<std::string> greeting = co_await c.get("greeting");
///     frame length = co_await c.send("RPUSH", "numbers", 1, 2, 3);
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
/// throw redis_error for an error reply, and errc::unexpected_reply for one of the wrong type;
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
class client {
public:
    /// Connects to `host:port`, `host` (port 6379), `[v6]:port` or a bare IPv6 address, trying
    /// every address that the name has, then introduces itself (HELLO, AUTH, SELECT) as the options
    /// say.
    ///
    /// *Errors*: errc::bad_address, errc::timed_out, the operating system's (connection_refused …),
    /// redis_error if the server refuses (WRONGPASS …). *Cancellation*: gives up.
    static asio::awaitable<client> connect(std::string address, connect_options options = {});

    /// Not connected: like a client that was moved from.
    client() noexcept;

    client(client&&) noexcept;
    client& operator=(client&&) noexcept;
    /// Calls that are under way end with errc::client_closed.
    ~client();

    /// GET: the value, or nothing if there is no such key.
    asio::awaitable<std::optional<std::string>> get(std::string_view key);

    /// SET: whether it was set, which is always so without a condition.
    asio::awaitable<bool> set(std::string_view key, std::string_view value,
                              const set_options& options = {});

    /// DEL: how many of the keys there were. At least one key.
    template <std::convertible_to<std::string_view>... Keys>
        requires(sizeof...(Keys) > 0)
    asio::awaitable<std::int64_t> del(const Keys&... keys) {
        return del(command_line{"DEL", keys...});
    }

    asio::awaitable<std::int64_t> del(std::span<const std::string> keys);

    /// PING: "PONG", or the message.
    asio::awaitable<std::string> ping();
    asio::awaitable<std::string> ping(std::string_view message);

    /// PUBLISH: how many clients received the message.
    asio::awaitable<std::int64_t> publish(std::string_view channel, std::string_view message);

    /// Any command that has one reply; an error reply is returned like any other.
    ///
    ///     frame reply = co_await c.send("LRANGE", "list", 0, -1);
    ///
    /// What has not exactly one reply (SUBSCRIBE and its kin, MONITOR, CLIENT REPLY, no words at
    /// all) fails with errc::not_allowed: others' replies would be taken for its own. A blocking
    /// command (BLPOP …) holds up the calls behind it.
    template <word_like... Words>
        requires(sizeof...(Words) > 0)
    asio::awaitable<frame> send(const Words&... words) {
        return send(command_line{words...});
    }

    asio::awaitable<frame> send(command_line command);

    /// The same with words in an array, the command's name first.
    asio::awaitable<frame> send(std::span<const std::string_view> words);

    /// SUBSCRIBE, PSUBSCRIBE: turns this client into a subscriber, whether it succeeds or not.
    ///
    ///     subscriber news = co_await std::move(c).subscribe("news", "sports");
    template <channel_name... Names>
        requires(sizeof...(Names) > 0)
    asio::awaitable<subscriber> subscribe(const Names&... channels) && {
        return std::move(*this).subscribe(subscriber::to_strings(channels...));
    }

    template <channel_name... Names>
        requires(sizeof...(Names) > 0)
    asio::awaitable<subscriber> psubscribe(const Names&... patterns) && {
        return std::move(*this).psubscribe(subscriber::to_strings(patterns...));
    }

    asio::awaitable<subscriber> subscribe(std::vector<std::string> channels) &&;
    asio::awaitable<subscriber> psubscribe(std::vector<std::string> patterns) &&;

    /// Closes the connection; as the destructor does.
    void close() noexcept;

    /// Whether calls still have a chance: not moved from, not closed, and the connection not lost.
    bool is_open() const noexcept;

    /// What HELLO agreed on.
    protocol_version protocol() const noexcept;

    /// Where its calls run. Not to be asked of a client that was moved from.
    asio::any_io_executor get_executor() const;

private:
    explicit client(std::shared_ptr<connection> opened) noexcept;

    asio::awaitable<std::int64_t> del(command_line command);

    std::shared_ptr<connection> connection_;
};

} // namespace mini_redis
