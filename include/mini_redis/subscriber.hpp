// The receiving side of publish and subscribe.
#pragma once

#include <asio/co_spawn.hpp>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

class subscription;

/// What was published; any bytes.
struct message {
    std::string channel{};
    std::string payload{};
    /// The pattern that it came by, if it did not come by its channel's name.
    std::optional<std::string> pattern{};
};

template <class T>
concept channel_name = std::convertible_to<const T&, std::string_view>;

/// What may be subscribed to: SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
enum class channel_kind { channel, pattern, shard_channel };

/// What is behind a subscriber of any kind. Not for applications.
class subscription_core {
public:
    subscription_core() noexcept;
    explicit subscription_core(std::shared_ptr<subscription> opened) noexcept;
    subscription_core(subscription_core&&) noexcept;
    subscription_core& operator=(subscription_core&&) noexcept;
    ~subscription_core();

    asio::awaitable<std::optional<message>> next() const;
    asio::awaitable<std::optional<message>> next(std::chrono::milliseconds time_out) const;
    std::optional<message> try_next() const;
    asio::awaitable<void> enter(channel_kind kind, std::vector<std::string> names) const;
    asio::awaitable<void> leave(channel_kind kind, std::vector<std::string> names) const;
    std::vector<std::string> names(channel_kind kind) const;
    std::uint64_t reconnects() const noexcept;
    void close() noexcept;

    /// Null if there is no subscription.
    const asio::any_io_executor* executor() const noexcept;

private:
    std::shared_ptr<subscription> subscription_;
};

/// Channels that a client listens to; client::subscribe makes one, with a connection of its own.
///
///     subscriber news = co_await c.subscribe("news");
///     while (std::optional<message> m = co_await news.next()) print(m->payload);
///
/// When its connection is lost, it is made anew, and subscribed to what it was subscribed to. What
/// was published meanwhile is missed: reconnects() tells that this has happened.
///
/// *Thread safety*, *cancellation*: as for client; one coroutine at a time may wait in next().
///
/// *Back-pressure*: up to 1,024 messages wait here to be taken. Beyond that nothing is read, and
/// the server may close the connection of so slow a subscriber. As confirmations come behind
/// messages, subscribe() and its like then need someone who takes them.
template <class Executor = asio::any_io_executor>
class basic_subscriber {
public:
    using executor_type = Executor;

    /// Subscribed to nothing: like a subscriber that was moved from.
    basic_subscriber() noexcept = default;

    explicit basic_subscriber(subscription_core opened) noexcept : core_{std::move(opened)} {}

    /// The next message, as soon as there is one; nothing once close() was called, or the server
    /// has closed the connection and it is not to be made anew. It has no time-out of its own.
    ///
    /// *Errors*: errc::client_closed of one that was moved from; why the connection was lost, if it
    /// is not to be made anew. *Cancellation*: a message that was not handed out yet stays for the
    /// next call. `next() || timer` can lose one all the same: where both end in the same turn,
    /// operator|| drops the result of the second. next(time_out) loses none.
    auto next() { return on_executor(core_.next()); }

    /// The same for a limited time.
    ///
    /// *Errors*: also errc::timed_out, after which one may go on waiting.
    auto next(std::chrono::milliseconds time_out) { return on_executor(core_.next(time_out)); }

    /// A message that is there already.
    std::optional<message> try_next() { return core_.try_next(); }

    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: returns when the server has confirmed all of them.
    ///
    ///     co_await news.subscribe("sports", "weather");
    auto subscribe(std::vector<std::string> channels) {
        return enter(channel_kind::channel, std::move(channels));
    }

    auto psubscribe(std::vector<std::string> patterns) {
        return enter(channel_kind::pattern, std::move(patterns));
    }

    auto ssubscribe(std::vector<std::string> channels) {
        return enter(channel_kind::shard_channel, std::move(channels));
    }

    template <channel_name... Names>
    auto subscribe(const Names&... channels) {
        return subscribe(to_strings(channels...));
    }

    template <channel_name... Names>
    auto psubscribe(const Names&... patterns) {
        return psubscribe(to_strings(patterns...));
    }

    template <channel_name... Names>
    auto ssubscribe(const Names&... channels) {
        return ssubscribe(to_strings(channels...));
    }

    /// UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE: from these, or from all if none is named.
    auto unsubscribe(std::vector<std::string> channels) {
        return leave(channel_kind::channel, std::move(channels));
    }

    auto punsubscribe(std::vector<std::string> patterns) {
        return leave(channel_kind::pattern, std::move(patterns));
    }

    auto sunsubscribe(std::vector<std::string> channels) {
        return leave(channel_kind::shard_channel, std::move(channels));
    }

    template <channel_name... Names>
    auto unsubscribe(const Names&... channels) {
        return unsubscribe(to_strings(channels...));
    }

    template <channel_name... Names>
    auto punsubscribe(const Names&... patterns) {
        return punsubscribe(to_strings(patterns...));
    }

    template <channel_name... Names>
    auto sunsubscribe(const Names&... channels) {
        return sunsubscribe(to_strings(channels...));
    }

    /// What it is subscribed to now, sorted.
    std::vector<std::string> channels() const { return core_.names(channel_kind::channel); }

    std::vector<std::string> patterns() const { return core_.names(channel_kind::pattern); }

    std::vector<std::string> shard_channels() const {
        return core_.names(channel_kind::shard_channel);
    }

    /// How often its connection was made anew.
    std::uint64_t reconnects() const noexcept { return core_.reconnects(); }

    /// Closes the connection; a waiting next() ends with nothing.
    void close() noexcept { core_.close(); }

    // A braced list would be shorter where it is called, but GCC 12 has none in a co_await.
    template <channel_name... Names>
    static std::vector<std::string> to_strings(const Names&... names) {
        return {std::string{std::string_view{names}}...};
    }

private:
    auto enter(channel_kind kind, std::vector<std::string> names) {
        return on_executor(core_.enter(kind, std::move(names)));
    }

    auto leave(channel_kind kind, std::vector<std::string> names) {
        return on_executor(core_.leave(kind, std::move(names)));
    }

    template <class T>
    auto on_executor(asio::awaitable<T> call) {
        if constexpr (std::same_as<Executor, asio::any_io_executor>)
            return call;
        else
            return spawned<T>(core_.executor(), std::move(call));
    }

    template <class T>
    static asio::awaitable<T, Executor> spawned(const asio::any_io_executor* on,
                                                asio::awaitable<T> call) {
        if (!on) throw std::system_error(errc::client_closed);
        const asio::use_awaitable_t<Executor> token;
        co_return co_await asio::co_spawn(*on, std::move(call), token);
    }

    subscription_core core_;
};

/// The subscriber of coroutines on any executor.
using subscriber = basic_subscriber<>;

} // namespace mini_redis
