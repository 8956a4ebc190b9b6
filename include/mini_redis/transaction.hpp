// Transactions that depend on what keys hold: WATCH, MULTI, EXEC, again while the keys change.
#pragma once

#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/pipeline.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mini_redis {

/// A client on a connection that watches keys; the body of a transaction gets one.
///
/// It has the typed calls of the client that it was made from, and its command() and send().
template <class Client>
class watching_client : public commands<watching_client<Client>>,
                        public generic_commands<watching_client<Client>> {
public:
    watching_client(Client& of, lent_connection& on) noexcept : client_{&of}, on_{&on} {}

    watching_client(const watching_client&) = delete;
    watching_client& operator=(const watching_client&) = delete;

    /// For the body to fill and return.
    auto transaction() noexcept { return basic_pipeline<watching_client, true>{*this}; }

    /// WATCH: further keys.
    auto watch(const std::vector<std::string>& keys, auto... token) {
        return this->template command<void>("WATCH", keys, std::move(token)...);
    }

    /// For the commands: starts a call.
    template <class Reply, class Words, class Reader>
    auto start(Words words, const call_settings& settings, Reader reader, auto... token) {
        return client_->template start_by<Reply>(on_, std::move(words), settings,
                                                 std::move(reader), std::move(token)...);
    }

private:
    Client* client_;
    call_router* on_;
};

/// What the body of a transaction returns: a Pipeline …
template <class Pipeline>
struct transaction_body {
    using value = typename Pipeline::replies;
    static constexpr bool may_decline = false;

    static Pipeline& pipeline(Pipeline& returned) noexcept { return returned; }
};

/// … or perhaps none.
template <class Pipeline>
struct transaction_body<std::optional<Pipeline>> {
    using value = std::optional<typename Pipeline::replies>;
    static constexpr bool may_decline = true;

    static Pipeline& pipeline(std::optional<Pipeline>& returned) noexcept { return *returned; }
};

/// How often WATCH may find that its connection was lost while it lay in the pool.
inline constexpr int most_stale_connections = 3;

inline bool is_stale(const failure& watch, int attempt) noexcept {
    return (watch.code() == errc::unknown_outcome || watch.code() == errc::not_sent) &&
           attempt < most_stale_connections;
}

template <class Client, class Body>
using body_result = std::invoke_result_t<Body&, watching_client<Client>&>;

template <class Client>
concept has_coroutines = requires { typename Client::executor_type; };

/// For a client of coroutines.
template <has_coroutines Client, class Body, class Executor = typename Client::executor_type,
          class Made = typename body_result<Client, Body>::value_type>
asio::awaitable<typename transaction_body<Made>::value, Executor>
run_transaction(Client& on, std::vector<std::string> watched, Body body) {
    const asio::use_awaitable_t<Executor> token;
    for (int attempt = 0;; ++attempt) {
        const std::unique_ptr<lent_connection> lent = on.lend();
        watching_client<Client> t{on, *lent};
        while (true) {
            const result<void> watch = co_await t.watch(watched, as_result(token));
            if (!watch && is_stale(watch.error(), attempt)) break;
            watch.value();
            auto made = co_await body(t);
            if constexpr (transaction_body<Made>::may_decline) {
                if (!made) {
                    co_await t.template command<void>("UNWATCH", token);
                    lent->is_clean();
                    co_return std::nullopt;
                }
            }
            auto pipeline = std::move(transaction_body<Made>::pipeline(made));
            auto replies = co_await pipeline.execute_unless_changed(token);
            if (!replies) continue; // a watched key has changed
            lent->is_clean();
            co_return *std::move(replies);
        }
    }
}

/// For a blocking one.
template <class Client, class Body, class Made = body_result<Client, Body>>
    requires(!has_coroutines<Client>)
typename transaction_body<Made>::value
run_transaction(Client& on, const std::vector<std::string>& watched, Body body) {
    for (int attempt = 0;; ++attempt) {
        const std::unique_ptr<lent_connection> lent = on.lend();
        watching_client<Client> t{on, *lent};
        while (true) {
            const result<void> watch = t.watch(watched, as_result);
            if (!watch && is_stale(watch.error(), attempt)) break;
            watch.value();
            auto made = body(t);
            if constexpr (transaction_body<Made>::may_decline) {
                if (!made) {
                    t.template command<void>("UNWATCH");
                    lent->is_clean();
                    return std::nullopt;
                }
            }
            auto replies = transaction_body<Made>::pipeline(made).execute_unless_changed();
            if (!replies) continue; // a watched key has changed
            lent->is_clean();
            return *std::move(replies);
        }
    }
}

} // namespace mini_redis
