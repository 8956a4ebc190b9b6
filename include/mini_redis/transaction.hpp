// Transactions that depend on what keys hold: WATCH, MULTI, EXEC, again while the keys change.
#pragma once

#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/detail/run_operation.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/key_names.hpp>
#include <mini_redis/pipeline.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace mini_redis {

/// A client on a connection that watches keys; what reads for a transaction gets one.
///
/// It has the typed calls of the client that it was made from, and its command() and send().
template <class Client>
class watching_client : public commands<watching_client<Client>>,
                        public generic_commands<watching_client<Client>> {
public:
    /// So that WATCH concerns nobody else.
    static constexpr bool has_own_connection = true;

    watching_client(Client& of, lent_connection& on) noexcept : client_{&of}, on_{&on} {}

    watching_client(const watching_client&) = delete;
    watching_client& operator=(const watching_client&) = delete;

    /// MULTI … EXEC on this connection.
    auto transaction() noexcept { return basic_pipeline<watching_client, true>{*this}; }

    /// WATCH: further keys.
    auto watch(const key_names& keys, auto... token) {
        command_line line{"WATCH"};
        add_arguments(line, keys);
        return this->template issue_copied<void>(line, call_settings{}, std::move(token)...);
    }

    /// For the commands: starts a call.
    template <class Reply, class Words, class Reader>
    auto start(Words words, const call_settings& settings, Reader reader, auto... token) {
        return client_->template start_by<Reply>(on_, std::move(words), settings, std::move(reader),
                                                 std::move(token)...);
    }

private:
    Client* client_;
    call_router* on_;
};

/// What `write` makes of what was read, `Seen`; nothing was seen where that is empty.
template <class Client, class Seen, class Write>
struct transaction_types {
    using beginning = basic_pipeline<watching_client<Client>, true>;
    using pipeline = std::invoke_result_t<Write&, beginning, Seen>;
    using value = typename pipeline::replies;
    static constexpr bool may_decline = false;

    static pipeline make(watching_client<Client>& t, Write& write, Seen& seen) {
        return write(t.transaction(), std::move(seen));
    }
};

template <class Client, class Seen, class Write>
struct transaction_types<Client, std::optional<Seen>, Write> {
    using beginning = basic_pipeline<watching_client<Client>, true>;
    using pipeline = std::invoke_result_t<Write&, beginning, Seen>;
    using value = std::optional<typename pipeline::replies>;
    static constexpr bool may_decline = true;

    static pipeline make(watching_client<Client>& t, Write& write, std::optional<Seen>& seen) {
        return write(t.transaction(), *std::move(seen));
    }
};

/// How often WATCH may find that its connection was lost while it lay in the pool.
inline constexpr int most_stale_connections = 3;

inline bool is_stale(const failure& watch, int attempt) noexcept {
    return (watch.code() == errc::unknown_outcome || watch.code() == errc::not_sent) &&
           attempt < most_stale_connections;
}

template <class Client, class Read>
using read_result = std::invoke_result_t<Read&, watching_client<Client>&>;

template <class Client>
concept has_coroutines = requires { typename Client::executor_type; };

template <
    has_coroutines Client, class Read, class Write, class Executor = typename Client::executor_type,
    class Types = transaction_types<Client, typename read_result<Client, Read>::value_type, Write>>
asio::awaitable<typename Types::value, Executor> make_transaction(Client& on, key_names watched,
                                                                 Read read, Write write) {
    const asio::use_awaitable_t<Executor> token;
    for (int attempt = 0;; ++attempt) {
        const std::unique_ptr<lent_connection> lent = on.lend();
        watching_client<Client> t{on, *lent};
        while (true) {
            const result<void> watch = co_await t.watch(watched, as_result(token));
            if (!watch && is_stale(watch.error(), attempt)) break;
            watch.value();
            auto seen = co_await read(t);
            if constexpr (Types::may_decline) {
                if (!seen) {
                    co_await t.template command<void>("UNWATCH", token);
                    lent->is_clean();
                    co_return std::nullopt;
                }
            }
            auto pipeline = Types::make(t, write, seen);
            auto replies = co_await pipeline.execute_unless_changed(token);
            if (!replies) continue; // a watched key has changed
            lent->is_clean();
            co_return *std::move(replies);
        }
    }
}

template <class Client, class Read, class Write,
          class Types = transaction_types<Client, read_result<Client, Read>, Write>>
    requires(!has_coroutines<Client>)
typename Types::value make_transaction(Client& on, const key_names& watched, Read read,
                                       Write write) {
    for (int attempt = 0;; ++attempt) {
        const std::unique_ptr<lent_connection> lent = on.lend();
        watching_client<Client> t{on, *lent};
        while (true) {
            const result<void> watch = t.watch(watched, as_result);
            if (!watch && is_stale(watch.error(), attempt)) break;
            watch.value();
            auto seen = read(t);
            if constexpr (Types::may_decline) {
                if (!seen) {
                    t.template command<void>("UNWATCH");
                    lent->is_clean();
                    return std::nullopt;
                }
            }
            auto replies = Types::make(t, write, seen).execute_unless_changed();
            if (!replies) continue; // a watched key has changed
            lent->is_clean();
            return *std::move(replies);
        }
    }
}

/// For a client of coroutines.
template <has_coroutines Client, class Read, class Write, class... Token>
auto run_transaction(Client& on, key_names watched, Read read, Write write, Token... token) {
    return on.run(make_transaction(on, std::move(watched), std::move(read), std::move(write)),
                  std::move(token)...);
}

/// For a blocking one.
template <class Client, class Read, class Write, class... Token>
    requires(!has_coroutines<Client>)
auto run_transaction(Client& on, const key_names& watched, Read read, Write write,
                     Token... token) {
    const auto transaction = [&] {
        return make_transaction(on, watched, std::move(read), std::move(write));
    };
    return run_blocking(transaction, token...);
}

} // namespace mini_redis
