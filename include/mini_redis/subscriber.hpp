// The receiving side of publish and subscribe.
#pragma once

#include <concepts>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

class connection;
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

/// A client that has subscribed; client::subscribe makes one.
///
///     subscriber news = co_await std::move(c).subscribe("news");
///     while (std::optional<message> m = co_await news.next()) print(m->payload);
///
/// *Thread safety*, *cancellation*: as for client; one coroutine at a time may wait in next().
///
/// *Back-pressure*: up to 1,024 messages wait here to be taken. Beyond that nothing is read, and
/// the server may close the connection of so slow a subscriber. As confirmations come behind
/// messages, subscribe() and its like then need someone who takes them.
class subscriber {
public:
    /// Subscribed to nothing: like a subscriber that was moved from.
    subscriber() noexcept;

    subscriber(subscriber&&) noexcept;
    subscriber& operator=(subscriber&&) noexcept;
    ~subscriber();

    /// The next message, as soon as there is one; nothing once the server has closed the connection
    /// in order and all messages were taken, or close() was called. It has no time-out of its own.
    ///
    /// *Errors*: the operating system's, errc::protocol_error. *Cancellation*: a message that was
    /// not handed out yet stays for the next call. `next() || timer` can lose one all the same:
    /// where both end in the same turn, operator|| drops the result of the second.
    asio::awaitable<std::optional<message>> next();

    /// SUBSCRIBE, PSUBSCRIBE: returns when the server has confirmed all of them.
    ///
    ///     co_await news.subscribe("sports", "weather");
    asio::awaitable<void> subscribe(std::vector<std::string> channels);
    asio::awaitable<void> psubscribe(std::vector<std::string> patterns);

    template <channel_name... Names>
    asio::awaitable<void> subscribe(const Names&... channels) {
        return subscribe(to_strings(channels...));
    }

    template <channel_name... Names>
    asio::awaitable<void> psubscribe(const Names&... patterns) {
        return psubscribe(to_strings(patterns...));
    }

    /// UNSUBSCRIBE, PUNSUBSCRIBE: from these, or from all if none is named.
    asio::awaitable<void> unsubscribe(std::vector<std::string> channels);
    asio::awaitable<void> punsubscribe(std::vector<std::string> patterns);

    template <channel_name... Names>
    asio::awaitable<void> unsubscribe(const Names&... channels) {
        return unsubscribe(to_strings(channels...));
    }

    template <channel_name... Names>
    asio::awaitable<void> punsubscribe(const Names&... patterns) {
        return punsubscribe(to_strings(patterns...));
    }

    /// What it is subscribed to now, sorted.
    std::vector<std::string> channels() const;
    std::vector<std::string> patterns() const;

    /// Closes the connection; a waiting next() ends with nothing.
    void close() noexcept;

private:
    friend class subscription;
    template <class Executor>
    friend class basic_client;

    // A braced list would be shorter where it is called, but GCC 12 has none in a co_await.
    template <channel_name... Names>
    static std::vector<std::string> to_strings(const Names&... names) {
        return {std::string{std::string_view{names}}...};
    }

    explicit subscriber(std::shared_ptr<subscription> opened) noexcept;

    std::shared_ptr<subscription> subscription_;
};

} // namespace mini_redis
