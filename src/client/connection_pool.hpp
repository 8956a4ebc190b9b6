// Connections besides the one that all calls share: for those that would hold up the others.
#pragma once

#include <deque>
#include <memory>
#include <mini_redis/asio.hpp>
#include <vector>

#include "client/client_context.hpp"
#include "client/connection.hpp"

namespace mini_redis {

class lent_connection;

/// Gives a connection to each who needs one for himself, and keeps some that are not in use. Who
/// comes when all are taken waits for one, in order: his calls lie in a connection that is held.
///
/// Calls, which may wait without end, leave the last one to transactions, which do not.
///
/// Invariants: idle connections are linked and have no calls; busy ones, of which there are at most
/// connect_options::most_connections, come back by themselves when their calls have ended, or leave
/// when they are closed; who waits may not have one yet.
class connection_pool final : public connection_user {
public:
    connection_pool(asio::any_io_executor executor, std::shared_ptr<client_context> context)
        : executor_{std::move(executor)},
          context_{std::move(context)} {}

    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;

    ~connection_pool() { close(); }

    /// A connection without calls, for one call, after which it is idle.
    std::shared_ptr<connection> take();

    /// The same for as long as it takes, until give_back(). If it has to wait, `borrower` is told
    /// when there is another one in its place.
    std::shared_ptr<connection> lend(lent_connection& borrower);

    /// It has no state that the next user would feel, unless it is `spoilt`.
    void give_back(const std::shared_ptr<connection>& lent, bool is_spoilt);

    /// Calls under way fail with errc::client_closed.
    void close();

    void on_idle(connection& on) override;
    void on_close(connection& on) noexcept override;

private:
    struct waiter {
        std::shared_ptr<connection> held;
        lent_connection* borrower; // or null: it is a call that waits
    };

    bool has_room(bool for_call) const noexcept;
    std::shared_ptr<connection> get(lent_connection* borrower);
    std::shared_ptr<connection> pop_idle();
    bool stop_waiting(const connection& held) noexcept;
    void serve();

    asio::any_io_executor executor_;
    std::shared_ptr<client_context> context_;
    std::vector<std::shared_ptr<connection>> idle_; // the last one was used last
    std::vector<std::shared_ptr<connection>> busy_;
    std::deque<waiter> waiting_;
};

} // namespace mini_redis
