// Transactions that depend on what keys hold: WATCH, MULTI, EXEC, again while the keys change.
#pragma once

#include <memory>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/commands.hpp>
#include <mini_redis/detail/call_limit.hpp>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/detail/run_operation.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/key_names.hpp>
#include <mini_redis/pipeline.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace mini_redis {

/// A client on a connection that watches keys; what reads for a transaction gets one.
///
/// It has the typed calls of the client that it was made from, and its command() and send(). All
/// of them have to end within the transaction's time-out.
template <class Client>
class watching_client : public commands<watching_client<Client>>,
                        public generic_commands<watching_client<Client>> {
public:
    /// So that WATCH concerns nobody else.
    static constexpr bool has_own_connection = true;

    watching_client(Client& of, lent_connection& on, const call_limit& limit) noexcept
        : client_{&of},
          on_{&on},
          limit_{limit} {}

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
        return client_->template start_by<Reply>(on_, std::move(words), limit_.applied_to(settings),
                                                 std::move(reader), std::move(token)...);
    }

private:
    Client* client_;
    call_router* on_;
    call_limit limit_;
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

/// On how many connections it is tried at most: one that lay in the pool may have been lost there.
inline constexpr int most_connections_tried = 4;

/// Whether it may be tried on another connection, if nothing of it counts: it was lost with this.
inline bool was_lost(const call_error& error) noexcept {
    return error.code() == errc::unknown_outcome || error.code() == errc::not_sent;
}

/// Others have changed what it watches, so often.
inline void require_time(const call_limit& limit, int changes) {
    if (!limit.is_over()) return;
    throw call_error(make_error_code(errc::timed_out),
                     "the watched keys were changed by others each of " + std::to_string(changes) +
                         " times",
                     false);
}

template <class Client, class Read>
using read_result = std::invoke_result_t<Read&, watching_client<Client>&>;

template <class Client>
concept has_coroutines = requires { typename Client::executor_type; };

template <
    has_coroutines Client, class Read, class Write, class Executor = typename Client::executor_type,
    class Types = transaction_types<Client, typename read_result<Client, Read>::value_type, Write>>
asio::awaitable<typename Types::value, Executor>
make_transaction(Client& on, key_names watched, call_settings settings, Read read, Write write) {
    const asio::use_awaitable_t<Executor> token;
    const call_limit limit{on.deadline(settings.time_out)};
    int changes = 0;
    for (int connections = 1;; ++connections) {
        const std::unique_ptr<lent_connection> lent = on.lend();
        watching_client<Client> t{on, *lent, limit};
        bool may_be_repeated = true;
        try {
            while (true) {
                co_await t.watch(watched, token);
                may_be_repeated = settings.idempotent;
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
                if (replies) {
                    lent->is_clean();
                    co_return *std::move(replies);
                }
                require_time(limit, ++changes);
                may_be_repeated = true;
            }
        } catch (const call_error& error) {
            const bool has_another = connections < most_connections_tried;
            if (!may_be_repeated || !was_lost(error) || !has_another) throw;
        }
    }
}

template <class Client, class Read, class Write,
          class Types = transaction_types<Client, read_result<Client, Read>, Write>>
    requires(!has_coroutines<Client>)
typename Types::value make_transaction(Client& on, const key_names& watched,
                                       const call_settings& settings, Read read, Write write) {
    const call_limit limit{on.deadline(settings.time_out)};
    int changes = 0;
    for (int connections = 1;; ++connections) {
        const std::unique_ptr<lent_connection> lent = on.lend();
        watching_client<Client> t{on, *lent, limit};
        bool may_be_repeated = true;
        try {
            while (true) {
                t.watch(watched);
                may_be_repeated = settings.idempotent;
                auto seen = read(t);
                if constexpr (Types::may_decline) {
                    if (!seen) {
                        t.template command<void>("UNWATCH");
                        lent->is_clean();
                        return std::nullopt;
                    }
                }
                auto replies = Types::make(t, write, seen).execute_unless_changed();
                if (replies) {
                    lent->is_clean();
                    return *std::move(replies);
                }
                require_time(limit, ++changes);
                may_be_repeated = true;
            }
        } catch (const call_error& error) {
            const bool has_another = connections < most_connections_tried;
            if (!may_be_repeated || !was_lost(error) || !has_another) throw;
        }
    }
}

/// For a client of coroutines.
template <has_coroutines Client, class Read, class Write, class... Token>
auto run_transaction(Client& on, key_names watched, const call_settings& settings, Read read,
                     Write write, Token... token) {
    return on.run(
        make_transaction(on, std::move(watched), settings, std::move(read), std::move(write)),
        std::move(token)...);
}

/// For a blocking one.
template <class Client, class Read, class Write, class... Token>
    requires(!has_coroutines<Client>)
auto run_transaction(Client& on, const key_names& watched, const call_settings& settings, Read read,
                     Write write, Token... token) {
    const auto transaction = [&] {
        return make_transaction(on, watched, settings, std::move(read), std::move(write));
    };
    return run_blocking(transaction, token...);
}

} // namespace mini_redis
