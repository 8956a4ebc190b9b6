// The connections of a client, and which of them a call takes.
#pragma once

#include <memory>
#include <mini_redis/detail/pending_call.hpp>
#include <span>
#include <string_view>

#include "client/client_context.hpp"
#include "client/connection.hpp"
#include "client/connection_pool.hpp"

namespace mini_redis {

/// One connection that all calls share, and a pool for those that the others would wait for.
class client_connections final : public call_router {
public:
    client_connections(const asio::any_io_executor& executor,
                       std::shared_ptr<client_context> context)
        : context_{std::move(context)},
          shared_{std::make_shared<connection>(executor, context_, connection_use::calls)},
          pool_{executor, context_} {}

    client_connections(const client_connections&) = delete;
    client_connections& operator=(const client_connections&) = delete;

    ~client_connections() { close(); }

    call_target& route(const call_settings& settings,
                       std::span<const std::string_view> /*words*/) override {
        if (settings.blocks && settings.refused == errc{} && shared_->is_open()) [[unlikely]]
            return *pool_.take();
        return *shared_;
    }

    void close() {
        shared_->close(errc::client_closed);
        pool_.close();
    }

    const std::shared_ptr<connection>& shared() const noexcept { return shared_; }

    connection_pool& pool() noexcept { return pool_; }

    const std::shared_ptr<client_context>& context() const noexcept { return context_; }

private:
    std::shared_ptr<client_context> context_;
    std::shared_ptr<connection> shared_;
    connection_pool pool_;
};

} // namespace mini_redis
