// The receiving side of publish and subscribe.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/system_executor.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/detail/run_operation.hpp>
#include <mini_redis/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
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

/// One name or several, and perhaps a completion token behind them.
template <class First = void, class...>
inline constexpr bool begins_with_name = channel_name<First>;
template <class... Rest>
inline constexpr bool begins_with_name<void, Rest...> = false;
template <class... Args>
concept names_then_token = begins_with_name<Args...>;

/// The same, or no name: nothing or a token alone.
template <class... Args>
concept names_or_token =
    sizeof...(Args) == 0 || names_then_token<Args...> ||
    (sizeof...(Args) == 1 && (!std::convertible_to<const Args&, std::vector<std::string>> && ...));

/// Calls use(names, token...).
// A braced list would be shorter where it is called, but GCC 12 has none in a co_await.
template <class Use, class... Args>
auto split_names(const Use& use, const Args&... args) {
    if constexpr ((channel_name<Args> && ...)) {
        return use(std::vector<std::string>{std::string{std::string_view{args}}...});
    } else {
        constexpr std::size_t names = sizeof...(Args) - 1;
        const std::tuple<const Args&...> all{args...};
        return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            std::vector<std::string> named{std::string{std::string_view{std::get<Index>(all)}}...};
            return use(std::move(named), std::get<names>(all));
        }(std::make_index_sequence<names>{});
    }
}

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
/// *Completion tokens*: each of its operations takes one as its last argument, as calls do.
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
    template <class... Token>
        requires(!std::convertible_to<Token, std::chrono::milliseconds> && ...)
    auto next(Token... token) {
        return on_executor(core_.next(), std::move(token)...);
    }

    /// The same for a limited time.
    ///
    /// *Errors*: also errc::timed_out, after which one may go on waiting.
    auto next(std::chrono::milliseconds time_out, auto... token) {
        return on_executor(core_.next(time_out), std::move(token)...);
    }

    /// A message that is there already.
    std::optional<message> try_next() { return core_.try_next(); }

    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: returns when the server has confirmed all of them.
    ///
    ///     co_await news.subscribe("sports", "weather");
    auto subscribe(std::vector<std::string> channels, auto... token) {
        return enter(channel_kind::channel, std::move(channels), std::move(token)...);
    }

    auto psubscribe(std::vector<std::string> patterns, auto... token) {
        return enter(channel_kind::pattern, std::move(patterns), std::move(token)...);
    }

    auto ssubscribe(std::vector<std::string> channels, auto... token) {
        return enter(channel_kind::shard_channel, std::move(channels), std::move(token)...);
    }

    template <class... Args>
        requires names_then_token<Args...>
    auto subscribe(const Args&... channels) {
        const auto use = [this](auto... each) {
            return this->enter(channel_kind::channel, std::move(each)...);
        };
        return split_names(use, channels...);
    }

    template <class... Args>
        requires names_then_token<Args...>
    auto psubscribe(const Args&... patterns) {
        const auto use = [this](auto... each) {
            return this->enter(channel_kind::pattern, std::move(each)...);
        };
        return split_names(use, patterns...);
    }

    template <class... Args>
        requires names_then_token<Args...>
    auto ssubscribe(const Args&... channels) {
        const auto use = [this](auto... each) {
            return this->enter(channel_kind::shard_channel, std::move(each)...);
        };
        return split_names(use, channels...);
    }

    /// UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE: from these, or from all if none is named.
    auto unsubscribe(std::vector<std::string> channels, auto... token) {
        return leave(channel_kind::channel, std::move(channels), std::move(token)...);
    }

    auto punsubscribe(std::vector<std::string> patterns, auto... token) {
        return leave(channel_kind::pattern, std::move(patterns), std::move(token)...);
    }

    auto sunsubscribe(std::vector<std::string> channels, auto... token) {
        return leave(channel_kind::shard_channel, std::move(channels), std::move(token)...);
    }

    template <class... Args>
        requires names_or_token<Args...>
    auto unsubscribe(const Args&... channels) {
        const auto use = [this](auto... each) {
            return this->leave(channel_kind::channel, std::move(each)...);
        };
        return split_names(use, channels...);
    }

    template <class... Args>
        requires names_or_token<Args...>
    auto punsubscribe(const Args&... patterns) {
        const auto use = [this](auto... each) {
            return this->leave(channel_kind::pattern, std::move(each)...);
        };
        return split_names(use, patterns...);
    }

    template <class... Args>
        requires names_or_token<Args...>
    auto sunsubscribe(const Args&... channels) {
        const auto use = [this](auto... each) {
            return this->leave(channel_kind::shard_channel, std::move(each)...);
        };
        return split_names(use, channels...);
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

private:
    auto enter(channel_kind kind, std::vector<std::string> names, auto... token) {
        return on_executor(core_.enter(kind, std::move(names)), std::move(token)...);
    }

    auto leave(channel_kind kind, std::vector<std::string> names, auto... token) {
        return on_executor(core_.leave(kind, std::move(names)), std::move(token)...);
    }

    template <class T>
    auto on_executor(asio::awaitable<T> call, auto... token) {
        const asio::any_io_executor* const executor = core_.executor();
        // That of a subscriber that was moved from says so wherever it runs.
        const asio::any_io_executor home =
            executor ? *executor : asio::any_io_executor{asio::system_executor{}};
        if constexpr (std::same_as<Executor, asio::any_io_executor>)
            return run_operation(home, std::move(call), std::move(token)...);
        else
            return run_operation(home, spawned<T>(executor, std::move(call)), std::move(token)...);
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
