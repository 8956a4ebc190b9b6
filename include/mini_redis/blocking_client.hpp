// The client for plain threads: the same calls without coroutines.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <mini_redis/client.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

class blocking_subscriber;

/// A connection to a Redis-compatible server whose calls return when they have ended.
///
///     auto c = blocking_client::connect("127.0.0.1:6379");
///     c.set("greeting", "hello");
///     std::optional<std::string> greeting = c.get("greeting");
///
/// *Thread safety*: one thread at a time; it starts none of its own.
///
/// *Errors* and *time-outs*: those of client. Every call ends at its time-out at the latest.
class blocking_client {
public:
    /// As client::connect.
    static blocking_client connect(std::string address, connect_options options = {});

    blocking_client(blocking_client&&) noexcept;
    blocking_client& operator=(blocking_client&&) noexcept;
    ~blocking_client();

    /// GET: the value, or nothing if there is no such key.
    std::optional<std::string> get(std::string_view key);

    /// SET: whether it was set, which is always so without a condition.
    bool set(std::string_view key, std::string_view value, const set_options& options = {});

    /// DEL: how many of the keys there were.
    template <std::convertible_to<std::string_view>... Keys>
        requires(sizeof...(Keys) > 0)
    std::int64_t del(const Keys&... keys) {
        return del(command_line{"DEL", keys...});
    }

    std::int64_t del(std::span<const std::string> keys);

    /// PING: "PONG", or the message.
    std::string ping();
    std::string ping(std::string_view message);

    /// PUBLISH: how many clients received the message.
    std::int64_t publish(std::string_view channel, std::string_view message);

    /// Any other command, as client::send; an error reply is returned like any other.
    template <word_like... Words>
        requires(sizeof...(Words) > 0)
    frame send(const Words&... words) {
        return send(command_line{words...});
    }

    frame send(command_line command);
    frame send(std::span<const std::string_view> words);

    /// SUBSCRIBE, PSUBSCRIBE: turns this client into a subscriber, whether it succeeds or not.
    blocking_subscriber subscribe(std::vector<std::string> channels) &&;
    blocking_subscriber psubscribe(std::vector<std::string> patterns) &&;

    /// Closes the connection; as the destructor does.
    void close() noexcept;

    /// Whether calls still have a chance, as far as the last one has shown.
    bool is_open() const noexcept;

    /// What HELLO agreed on.
    protocol_version protocol() const noexcept;

private:
    struct state;
    friend class blocking_subscriber;

    explicit blocking_client(std::unique_ptr<state> connected) noexcept;

    std::int64_t del(command_line command);

    std::unique_ptr<state> state_;
};

/// A blocking_client that has subscribed.
///
///     auto news = std::move(c).subscribe({"news"});
///     while (std::optional<message> m = news.next()) print(m->payload);
///
/// *Thread safety*: one thread at a time.
class blocking_subscriber {
public:
    blocking_subscriber(blocking_subscriber&&) noexcept;
    blocking_subscriber& operator=(blocking_subscriber&&) noexcept;
    ~blocking_subscriber();

    /// Waits for the next message; nothing once the server has closed the connection in order.
    std::optional<message> next();

    /// The same for a limited time.
    ///
    /// *Errors*: also errc::timed_out, after which one may go on waiting.
    std::optional<message> next(std::chrono::milliseconds time_out);

    void subscribe(std::vector<std::string> channels);
    void psubscribe(std::vector<std::string> patterns);

    /// From these, or from all if none is named.
    void unsubscribe(std::vector<std::string> channels = {});
    void punsubscribe(std::vector<std::string> patterns = {});

    /// What it is subscribed to now, sorted.
    std::vector<std::string> channels() const;
    std::vector<std::string> patterns() const;

private:
    friend class blocking_client;
    explicit blocking_subscriber(std::unique_ptr<blocking_client::state> connected) noexcept;

    std::unique_ptr<blocking_client::state> state_;
};

} // namespace mini_redis
