// The client for plain threads: the same calls without coroutines.
#pragma once

#include <chrono>
#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/commands/composed.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <mini_redis/result.hpp>
#include <mini_redis/subscriber.hpp>
#include <optional>
#include <string>
#include <utility>
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
/// It has the typed calls of client (mini_redis/commands.hpp) and its command(), send() and
/// read_in_place(). With as_result as the last argument, a call returns a result and throws
/// nothing.
///
/// *Errors* and *time-outs*: those of client. Every call ends at its time-out at the latest.
class blocking_client : public commands<blocking_client>,
                        public generic_commands<blocking_client>,
                        public composed_commands<blocking_client> {
public:
    /// As client::connect.
    static blocking_client connect(std::string address, connect_options options = {});

    blocking_client(blocking_client&&) noexcept;
    blocking_client& operator=(blocking_client&&) noexcept;
    ~blocking_client();

    /// SUBSCRIBE, PSUBSCRIBE: turns this client into a subscriber, whether it succeeds or not.
    blocking_subscriber subscribe(std::vector<std::string> channels) &&;
    blocking_subscriber psubscribe(std::vector<std::string> patterns) &&;

    /// Closes the connection; as the destructor does.
    void close() noexcept;

    /// Whether calls still have a chance, as far as the last one has shown.
    bool is_open() const noexcept;

    /// What HELLO agreed on.
    protocol_version protocol() const noexcept;

    /// For the commands: makes a call and waits for its end.
    template <class Reply, class Words, class Reader>
    Reply start(Words words, const call_settings& settings, Reader reader) {
        return start<Reply>(std::move(words), settings, std::move(reader), as_result).value();
    }

    template <class Reply, class Words, class Reader, class Token>
    result<Reply> start(Words words, const call_settings& settings, Reader reader,
                        as_result_t<Token> /*token*/) {
        std::optional<result<Reply>> outcome;
        bool has_ended = false;
        const auto end = [&](result<Reply> ended) {
            outcome.emplace(std::move(ended));
            has_ended = true;
        };
        start_call<Reply>(target(), std::move(words), settings, std::move(reader), as_result(end));
        run_until(has_ended);
        return *std::move(outcome);
    }

private:
    struct state;
    friend class blocking_subscriber;

    explicit blocking_client(std::unique_ptr<state> connected) noexcept;

    call_target* target() const;
    void run_until(const bool& has_ended);

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
