#include <mini_redis/blocking_client.hpp>
#include <utility>

#include "client/blocking_loop.hpp"

namespace mini_redis {

struct blocking_client::state {
    blocking_loop loop;
    client_core core;
};

struct blocking_subscriber::state {
    blocking_loop loop;
    subscriber subscribed;
};

blocking_client blocking_client::connect(std::string address, connect_options options) {
    auto made = std::make_unique<state>();
    made->core = made->loop.run(
        client_core::open(std::move(address), std::move(options), &made->loop.end_of_turn()));
    return blocking_client{std::move(made)};
}

blocking_client::blocking_client(std::unique_ptr<state> connected) noexcept
    : state_{std::move(connected)} {}

blocking_client::blocking_client(blocking_client&&) noexcept = default;
blocking_client& blocking_client::operator=(blocking_client&&) noexcept = default;
blocking_client::~blocking_client() = default;

// Of one that was moved from, the state is null.
blocking_client::state& blocking_client::opened() const {
    if (!state_) throw call_error(make_error_code(errc::client_closed), false);
    return *state_;
}

call_router* blocking_client::router() const noexcept {
    return state_ ? state_->core.router() : nullptr;
}

std::unique_ptr<lent_connection> blocking_client::lend() {
    return opened().core.lend();
}

std::chrono::steady_clock::time_point
blocking_client::deadline(std::chrono::milliseconds time_out) const {
    return opened().core.deadline(time_out);
}

void blocking_client::catch_up() {
    state_->loop.catch_up();
}

void blocking_client::run_until(const bool& has_ended) {
    state_->loop.run_until(has_ended);
}

blocking_subscriber blocking_client::make_subscriber(channel_kind kind,
                                                     std::vector<std::string> names) {
    auto made = std::make_unique<blocking_subscriber::state>();
    made->subscribed = subscriber{
        made->loop.run(opened().core.subscribe(kind, std::move(names), &made->loop.end_of_turn()))};
    return blocking_subscriber{std::move(made)};
}

void blocking_client::close() noexcept {
    if (state_) state_->core.close();
}

bool blocking_client::is_open() const noexcept {
    return state_ && state_->core.is_open();
}

bool blocking_client::is_connected() const noexcept {
    return state_ && state_->core.is_connected();
}

client_counters blocking_client::counters() const noexcept {
    return state_ ? state_->core.counters() : client_counters{};
}

protocol_version blocking_client::protocol() const noexcept {
    return state_ ? state_->core.protocol() : protocol_version::resp2;
}

// --- subscriber ---

blocking_subscriber::blocking_subscriber(std::unique_ptr<state> subscribed) noexcept
    : state_{std::move(subscribed)} {}

blocking_subscriber::blocking_subscriber(blocking_subscriber&&) noexcept = default;
blocking_subscriber& blocking_subscriber::operator=(blocking_subscriber&&) noexcept = default;
blocking_subscriber::~blocking_subscriber() = default;

blocking_subscriber::state& blocking_subscriber::opened() const {
    if (!state_) throw call_error(make_error_code(errc::client_closed), false);
    return *state_;
}

std::optional<message> blocking_subscriber::wait() {
    return opened().loop.run(opened().subscribed.next());
}

std::optional<message> blocking_subscriber::wait(std::chrono::milliseconds time_out) {
    return opened().loop.run(opened().subscribed.next(time_out));
}

std::optional<message> blocking_subscriber::try_next() {
    if (!state_) return std::nullopt;
    state_->loop.poll();
    return state_->subscribed.try_next();
}

void blocking_subscriber::do_enter(channel_kind kind, std::vector<std::string> names) {
    subscriber& on = opened().subscribed;
    switch (kind) {
    case channel_kind::channel: return opened().loop.run(on.subscribe(std::move(names)));
    case channel_kind::pattern: return opened().loop.run(on.psubscribe(std::move(names)));
    case channel_kind::shard_channel: return opened().loop.run(on.ssubscribe(std::move(names)));
    }
}

void blocking_subscriber::do_leave(channel_kind kind, std::vector<std::string> names) {
    subscriber& on = opened().subscribed;
    switch (kind) {
    case channel_kind::channel: return opened().loop.run(on.unsubscribe(std::move(names)));
    case channel_kind::pattern: return opened().loop.run(on.punsubscribe(std::move(names)));
    case channel_kind::shard_channel: return opened().loop.run(on.sunsubscribe(std::move(names)));
    }
}

void blocking_subscriber::close() noexcept {
    if (state_) state_->subscribed.close();
}

std::vector<std::string> blocking_subscriber::channels() const {
    return state_ ? state_->subscribed.channels() : std::vector<std::string>{};
}

std::vector<std::string> blocking_subscriber::patterns() const {
    return state_ ? state_->subscribed.patterns() : std::vector<std::string>{};
}

std::vector<std::string> blocking_subscriber::shard_channels() const {
    return state_ ? state_->subscribed.shard_channels() : std::vector<std::string>{};
}

std::uint64_t blocking_subscriber::reconnects() const noexcept {
    return state_ ? state_->subscribed.reconnects() : 0;
}

} // namespace mini_redis
