// The client for plain threads: the same calls without coroutines.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/commands/blocking.hpp>
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

/// A client of a Redis-compatible server whose calls return when they have ended.
///
///     auto c = blocking_client::connect("127.0.0.1:6379");
///     c.set("greeting", "hello");
///     std::optional<std::string> greeting = c.get("greeting");
///
/// *Thread safety*: one thread at a time; it starts none of its own.
///
/// It has all that client has, but for completion tokens: typed calls, command(), send() and
/// read_in_place(), pipelines, transactions, blocking calls, subscriptions. With as_result as the
/// last argument, a call returns a result and throws nothing.
///
/// *Errors*, *time-outs* and *connections*: those of client. Every call ends at its time-out at the
/// latest. Between calls nothing happens: that a connection was lost is found out, and mended, by
/// the next call.
class blocking_client : public commands<blocking_client>,
                        public blocking_commands<blocking_client>,
                        public generic_commands<blocking_client>,
                        public composed_commands<blocking_client> {
public:
    /// As client::connect.
    static blocking_client connect(std::string address, connect_options options = {});

    blocking_client(blocking_client&&) noexcept;
    blocking_client& operator=(blocking_client&&) noexcept;
    ~blocking_client();

    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: on a connection of its own, which the subscriber keeps
    /// when this client is gone. It may be used by another thread than this client.
    blocking_subscriber subscribe(std::vector<std::string> channels);
    blocking_subscriber psubscribe(std::vector<std::string> patterns);
    blocking_subscriber ssubscribe(std::vector<std::string> channels);

    /// Ends the connections, but those of subscribers; as the destructor does.
    void close() noexcept;

    /// Whether calls still have a chance, as far as the last one has shown.
    bool is_open() const noexcept;

    /// Whether there is a connection, as far as the last call has shown.
    bool is_connected() const noexcept;

    /// What it has done so far.
    client_counters counters() const noexcept;

    /// What HELLO agreed on.
    protocol_version protocol() const noexcept;

    /// For the commands: makes a call and waits for its end.
    template <class Reply, class Words, class Reader, class... Token>
    auto start(Words words, const call_settings& settings, Reader reader, Token... token) {
        return start_by<Reply>(router(), std::move(words), settings, std::move(reader),
                               std::move(token)...);
    }

    /// The same on the connection that the router chooses.
    template <class Reply, class Words, class Reader>
    Reply start_by(call_router* by, Words words, const call_settings& settings, Reader reader) {
        return start_by<Reply>(by, std::move(words), settings, std::move(reader), as_result)
            .value();
    }

    template <class Reply, class Words, class Reader, class Token>
    result<Reply> start_by(call_router* by, Words words, const call_settings& settings,
                           Reader reader, as_result_t<Token> /*token*/) {
        std::optional<result<Reply>> outcome;
        bool has_ended = false;
        const auto end = [&](result<Reply> ended) {
            outcome.emplace(std::move(ended));
            has_ended = true;
        };
        catch_up();
        start_call<Reply>(by, std::move(words), settings, std::move(reader), as_result(end));
        run_until(has_ended);
        return *std::move(outcome);
    }

    /// For transactions: a connection for them alone.
    std::unique_ptr<lent_connection> lend();

private:
    struct state;

    explicit blocking_client(std::unique_ptr<state> connected) noexcept;

    state& opened() const;
    call_router* router() const;
    blocking_subscriber subscribe(channel_kind kind, std::vector<std::string> names);
    void catch_up();
    void run_until(const bool& has_ended);

    std::unique_ptr<state> state_;
};

/// Channels that a blocking_client listens to.
///
///     auto news = c.subscribe({"news"});
///     while (std::optional<message> m = news.next()) print(m->payload);
///
/// *Thread safety*: one thread at a time. Its connection is mended as subscriber's is, while one of
/// its functions is under way.
class blocking_subscriber {
public:
    blocking_subscriber(blocking_subscriber&&) noexcept;
    blocking_subscriber& operator=(blocking_subscriber&&) noexcept;
    ~blocking_subscriber();

    /// Waits for the next message; nothing once the server has closed the connection, and it is not
    /// to be made anew.
    std::optional<message> next();

    /// The same for a limited time.
    ///
    /// *Errors*: also errc::timed_out, after which one may go on waiting.
    std::optional<message> next(std::chrono::milliseconds time_out);

    void subscribe(std::vector<std::string> channels);
    void psubscribe(std::vector<std::string> patterns);
    void ssubscribe(std::vector<std::string> channels);

    /// From these, or from all if none is named.
    void unsubscribe(std::vector<std::string> channels = {});
    void punsubscribe(std::vector<std::string> patterns = {});
    void sunsubscribe(std::vector<std::string> channels = {});

    /// What it is subscribed to now, sorted.
    std::vector<std::string> channels() const;
    std::vector<std::string> patterns() const;
    std::vector<std::string> shard_channels() const;

    /// How often its connection was made anew.
    std::uint64_t reconnects() const noexcept;

private:
    struct state;
    friend class blocking_client;

    explicit blocking_subscriber(std::unique_ptr<state> subscribed) noexcept;

    state& opened() const;

    std::unique_ptr<state> state_;
};

} // namespace mini_redis
