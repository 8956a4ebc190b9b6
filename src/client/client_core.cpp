#include <mini_redis/detail/client_core.hpp>

#include <utility>

#include "client/client_connections.hpp"
#include "client/deadline.hpp"
#include "client/subscription.hpp"

namespace mini_redis {

asio::awaitable<client_core> client_core::open(std::string address, connect_options options,
                                               turn_end* loop) {
    const auto executor = co_await asio::this_coro::executor;
    auto context = std::make_shared<client_context>(address, std::move(options), loop);
    const auto opened = std::make_shared<client_connections>(executor, std::move(context));
    co_await connection::connect(opened->shared());
    opened->shared()->open();
    co_return client_core{opened};
}

client_core::client_core(std::shared_ptr<client_connections> opened) noexcept
    : state_{std::move(opened)} {}

client_core::client_core() noexcept = default;
client_core::client_core(client_core&&) noexcept = default;

client_core& client_core::operator=(client_core&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

client_core::~client_core() {
    close();
}

call_router* client_core::router() const noexcept {
    return state_.get();
}

std::unique_ptr<lent_connection> client_core::lend() const {
    if (!is_open()) throw call_error(make_error_code(errc::client_closed), false);
    return std::make_unique<lent_connection>(state_);
}

void client_core::close() noexcept {
    if (state_) state_->close();
}

bool client_core::is_open() const noexcept {
    return state_ && state_->shared()->is_open();
}

bool client_core::is_connected() const noexcept {
    return state_ && state_->shared()->is_connected();
}

protocol_version client_core::protocol() const noexcept {
    return state_ ? state_->shared()->protocol() : protocol_version::resp2;
}

client_counters client_core::counters() const noexcept {
    return state_ ? state_->context()->counters : client_counters{};
}

const asio::any_io_executor& client_core::executor() const noexcept {
    return state_->shared()->executor();
}

std::chrono::steady_clock::time_point
client_core::deadline(std::chrono::milliseconds time_out) const {
    if (time_out.count() < 0 && state_) time_out = state_->context()->options.call_timeout;
    if (time_out.count() <= 0) return std::chrono::steady_clock::time_point::max();
    return deadline_after(std::chrono::steady_clock::now(), time_out);
}

asio::awaitable<subscription_core>
client_core::subscribe(channel_kind kind, std::vector<std::string> names, turn_end* loop) const {
    const bool is_closed =
        !state_ || state_->shared()->close_reason() == make_error_code(errc::client_closed);
    if (is_closed) return subscription::open(nullptr, {}, loop, kind, std::move(names));
    return subscription::open(state_->context(), executor(), loop, kind, std::move(names));
}

lent_connection::lent_connection(std::shared_ptr<client_connections> from)
    : from_{std::move(from)},
      lent_{from_->pool().lend(*this)} {}

lent_connection::~lent_connection() {
    from_->pool().give_back(lent_, is_spoilt_);
}

call_target& lent_connection::route(const call_settings& /*settings*/,
                                    std::span<const std::string_view> /*words*/) {
    return *lent_;
}

} // namespace mini_redis
