// The client for plain threads: the same calls without coroutines.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/commands/blocking.hpp>
#include <mini_redis/commands/call_view.hpp>
#include <mini_redis/commands/composed.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/detail/run_operation.hpp>
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

    template <class Token>
    static result<blocking_client> connect(std::string address, connect_options options,
                                           as_result_t<Token> /*token*/) {
        return result_of([&] { return connect(std::move(address), std::move(options)); });
    }

    template <class Token>
    static result<blocking_client> connect(std::string address, as_result_t<Token> token) {
        return connect(std::move(address), connect_options{}, token);
    }

    blocking_client(blocking_client&&) noexcept;
    blocking_client& operator=(blocking_client&&) noexcept;
    ~blocking_client();

    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: on a connection of its own, which the subscriber keeps
    /// when this client is gone. It may be used by another thread than this client.
    template <class... Args>
        requires names_then_token<Args...>
    auto subscribe(const Args&... channels);
    template <class... Args>
        requires names_then_token<Args...>
    auto psubscribe(const Args&... patterns);
    template <class... Args>
        requires names_then_token<Args...>
    auto ssubscribe(const Args&... channels);

    auto subscribe(std::vector<std::string> channels, auto... token);
    auto psubscribe(std::vector<std::string> patterns, auto... token);
    auto ssubscribe(std::vector<std::string> channels, auto... token);

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
        if (!by) return failure::unsent(errc::client_closed); // it was moved from
        catch_up();
        start_call<Reply>(by, std::move(words), settings, std::move(reader), as_result(end));
        run_until(has_ended);
        return *std::move(outcome);
    }

    /// For transactions: a connection for them alone.
    std::unique_ptr<lent_connection> lend();

    /// For what is several calls: until when it has to end, as one call would with this time-out.
    std::chrono::steady_clock::time_point deadline(std::chrono::milliseconds time_out) const;

private:
    struct state;

    explicit blocking_client(std::unique_ptr<state> connected) noexcept;

    state& opened() const;
    call_router* router() const noexcept;
    blocking_subscriber make_subscriber(channel_kind kind, std::vector<std::string> names);
    auto subscribe(channel_kind kind, std::vector<std::string> names, auto... token);
    auto subscribe_to(channel_kind kind, const auto&... names_and_token);
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

    /// Waits for the next message; nothing once close() was called, or the server has closed the
    /// connection and it is not to be made anew.
    template <class... Token>
        requires(!std::convertible_to<Token, std::chrono::milliseconds> && ...)
    auto next(Token... token) {
        return run_blocking([this] { return wait(); }, token...);
    }

    /// The same for a limited time.
    ///
    /// *Errors*: also errc::timed_out, after which one may go on waiting.
    auto next(std::chrono::milliseconds time_out, auto... token) {
        return run_blocking([this, time_out] { return wait(time_out); }, token...);
    }

    /// A message that is there already.
    std::optional<message> try_next();

    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE: returns when the server has confirmed all of them.
    auto subscribe(std::vector<std::string> channels, auto... token) {
        return enter(channel_kind::channel, std::move(channels), token...);
    }

    auto psubscribe(std::vector<std::string> patterns, auto... token) {
        return enter(channel_kind::pattern, std::move(patterns), token...);
    }

    auto ssubscribe(std::vector<std::string> channels, auto... token) {
        return enter(channel_kind::shard_channel, std::move(channels), token...);
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
        return leave(channel_kind::channel, std::move(channels), token...);
    }

    auto punsubscribe(std::vector<std::string> patterns, auto... token) {
        return leave(channel_kind::pattern, std::move(patterns), token...);
    }

    auto sunsubscribe(std::vector<std::string> channels, auto... token) {
        return leave(channel_kind::shard_channel, std::move(channels), token...);
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
    std::vector<std::string> channels() const;
    std::vector<std::string> patterns() const;
    std::vector<std::string> shard_channels() const;

    /// How often its connection was made anew.
    std::uint64_t reconnects() const noexcept;

    /// Closes the connection; next() gives nothing any more.
    void close() noexcept;

private:
    struct state;
    friend class blocking_client;

    explicit blocking_subscriber(std::unique_ptr<state> subscribed) noexcept;

    state& opened() const;
    std::optional<message> wait();
    std::optional<message> wait(std::chrono::milliseconds time_out);
    void do_enter(channel_kind kind, std::vector<std::string> names);
    void do_leave(channel_kind kind, std::vector<std::string> names);

    auto enter(channel_kind kind, std::vector<std::string> names, auto... token) {
        return run_blocking([&] { return do_enter(kind, std::move(names)); }, token...);
    }

    auto leave(channel_kind kind, std::vector<std::string> names, auto... token) {
        return run_blocking([&] { return do_leave(kind, std::move(names)); }, token...);
    }

    std::unique_ptr<state> state_;
};

auto blocking_client::subscribe(channel_kind kind, std::vector<std::string> names, auto... token) {
    return run_blocking([&] { return make_subscriber(kind, std::move(names)); }, token...);
}

auto blocking_client::subscribe_to(channel_kind kind, const auto&... names_and_token) {
    const auto use = [&](std::vector<std::string> names, auto... token) {
        return subscribe(kind, std::move(names), token...);
    };
    return split_names(use, names_and_token...);
}

template <class... Args>
    requires names_then_token<Args...>
auto blocking_client::subscribe(const Args&... channels) {
    return subscribe_to(channel_kind::channel, channels...);
}

auto blocking_client::subscribe(std::vector<std::string> channels, auto... token) {
    return subscribe(channel_kind::channel, std::move(channels), token...);
}

template <class... Args>
    requires names_then_token<Args...>
auto blocking_client::psubscribe(const Args&... patterns) {
    return subscribe_to(channel_kind::pattern, patterns...);
}

auto blocking_client::psubscribe(std::vector<std::string> patterns, auto... token) {
    return subscribe(channel_kind::pattern, std::move(patterns), token...);
}

template <class... Args>
    requires names_then_token<Args...>
auto blocking_client::ssubscribe(const Args&... channels) {
    return subscribe_to(channel_kind::shard_channel, channels...);
}

auto blocking_client::ssubscribe(std::vector<std::string> channels, auto... token) {
    return subscribe(channel_kind::shard_channel, std::move(channels), token...);
}

} // namespace mini_redis
