// What is behind a client of any kind. Not for applications.
#pragma once

#include <chrono>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/client_counters.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/subscriber.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

class client_connections;
class connection;
class turn_end;

/// A connection of one's own, for as long as it is held: what WATCH needs.
class lent_connection final : public call_router {
public:
    explicit lent_connection(std::shared_ptr<client_connections> from);

    lent_connection(const lent_connection&) = delete;
    lent_connection& operator=(const lent_connection&) = delete;

    /// Gives it back, or closes it if something is under way.
    ~lent_connection();

    call_target& route(const call_settings& settings,
                       std::span<const std::string_view> words) override;

    /// Instead of the one that it waited with.
    void move_to(std::shared_ptr<connection> lent) noexcept { lent_ = std::move(lent); }

    /// It has no state any more that the next user would feel.
    void is_clean() noexcept { is_spoilt_ = false; }

private:
    std::shared_ptr<client_connections> from_;
    std::shared_ptr<connection> lent_;
    bool is_spoilt_ = true;
};

/// Owns the connections: closes them when it ends.
class client_core {
public:
    /// client::connect, on the executor that it runs on; `loop` is a blocking one's, or null.
    static asio::awaitable<client_core> open(std::string address, connect_options options,
                                             turn_end* loop = nullptr);

    client_core() noexcept;
    client_core(client_core&&) noexcept;
    client_core& operator=(client_core&&) noexcept;
    ~client_core();

    /// Null of one that was moved from.
    call_router* router() const noexcept;

    /// For a transaction. *Errors*: errc::client_closed.
    std::unique_ptr<lent_connection> lend() const;

    void close() noexcept;
    bool is_open() const noexcept;
    bool is_connected() const noexcept;
    protocol_version protocol() const noexcept;
    client_counters counters() const noexcept;

    /// Not of one that was moved from.
    const asio::any_io_executor& executor() const noexcept;

    /// Until when what is several calls has to end, as one call would with this time-out.
    std::chrono::steady_clock::time_point deadline(std::chrono::milliseconds time_out) const;

    /// Of a connection of its own, on the executor that it runs on.
    asio::awaitable<subscription_core> subscribe(channel_kind kind, std::vector<std::string> names,
                                                 turn_end* loop = nullptr) const;

private:
    explicit client_core(std::shared_ptr<client_connections> opened) noexcept;

    std::shared_ptr<client_connections> state_;
};

} // namespace mini_redis
