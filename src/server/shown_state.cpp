#include "server/shown_state.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <system_error>

#include "commands/tracking.hpp"
#include "commands/transaction.hpp"
#include "server/core.hpp"
#include "server/session.hpp"

namespace mini_redis {
namespace {

bool is_unix(const asio::ip::tcp::endpoint& endpoint) {
    return endpoint.data()->sa_family == AF_UNIX;
}

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
    if (is_unix(endpoint)) return "unixsocket:0";
    const std::string address = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                      : fmt::format("{}:{}", address, endpoint.port());
}

// The bits of flags_.
enum : std::uint8_t {
    no_evict_bit = 1,
    no_touch_bit = 2,
    close_after_reply_bit = 4,
    monitoring_bit = 8,
    tracking_bit = 16,
    broadcast_bit = 32,
    broken_redirect_bit = 64,
};

template <class Number, class Value>
void store(std::atomic<Number>& to, Value value) noexcept {
    to.store(static_cast<Number>(value), std::memory_order_relaxed);
}

} // namespace

shown_state::shown_state(std::uint64_t id, tcp_socket& socket, std::int64_t now_ms,
                         std::uint32_t second)
    : id_{id},
      created_ms_{now_ms},
      last_active_{second} {
    std::error_code ignored;
    peer_ = socket.remote_endpoint(ignored);
    local_ = socket.local_endpoint(ignored);
    descriptor_ = static_cast<int>(socket.native_handle());
}

std::size_t shown_state::memory() const noexcept {
    return sizeof(session) + queued_memory_.load(std::memory_order_relaxed) +
           input_.memory.load(std::memory_order_relaxed) +
           output_.memory.load(std::memory_order_relaxed);
}

std::string shown_state::peer() const {
    return to_text(peer_);
}

void shown_state::publish(const client_state& client) noexcept {
    store(database_, client.database);
    store(protocol_, client.protocol);
    store(channels_, client.extra ? client.extra->channels.size() : 0);
    store(patterns_, client.extra ? client.extra->patterns.size() : 0);
    store(shard_channels_, client.extra ? client.extra->shard_channels.size() : 0);
    store(queued_memory_, client.in_transaction ? client.extra->queue->memory : 0);
    if (client.in_transaction)
        store(queued_, client.extra->queue->requests.size());
    else
        store(queued_, client.in_exec != 0 ? static_cast<std::int32_t>(client.in_exec) : -1);
    const tracking_state* const tracking = client.tracking ? client.extra->tracking.get() : nullptr;
    const auto if_set = [](bool set, std::uint8_t bit) { return set ? bit : 0; };
    store(flags_, if_set(client.no_evict, no_evict_bit) | if_set(client.no_touch, no_touch_bit) |
                      if_set(client.close_after_reply, close_after_reply_bit) |
                      if_set(client.monitoring, monitoring_bit) |
                      if_set(tracking != nullptr, tracking_bit) |
                      if_set(tracking != nullptr && tracking->broadcast, broadcast_bit) |
                      if_set(tracking != nullptr && tracking->broken, broken_redirect_bit));
    store(redirect_, tracking != nullptr ? static_cast<std::int64_t>(tracking->redirect) : -1);
}

void shown_state::publish_names(const client_state& client) {
    if (!client.extra && !names_) return;
    if (!names_) names_ = std::make_unique<names>();
    if (client.extra)
        *names_ = {client.extra->name, client.extra->library_name, client.extra->library_version};
    else
        *names_ = {};
}

client_info shown_state::describe(core& server) const {
    client_info info;
    info.id = id_;
    info.address = to_text(peer_);
    info.local_address = to_text(local_);
    if (is_unix(local_)) { // there is one, and its name is not kept for each client
        info.is_local = true;
        info.address = info.local_address = server.configuration().value_of("unixsocket") + ":0";
    }
    info.descriptor = descriptor_;
    if (names_) {
        info.name = names_->name;
        info.library_name = names_->library_name;
        info.library_version = names_->library_version;
    }
    info.age_seconds = (server.time().now_ms() - created_ms_) / 1000;
    // It is noted to a second only.
    info.idle_seconds = std::clamp<std::int64_t>(
        std::int64_t{server.uptime_seconds()} - std::int64_t{last_active()}, 0, info.age_seconds);
    info.database = database_.load(std::memory_order_relaxed);
    info.channels = channels_.load(std::memory_order_relaxed);
    info.patterns = patterns_.load(std::memory_order_relaxed);
    info.shard_channels = shard_channels_.load(std::memory_order_relaxed);
    info.queued = queued_.load(std::memory_order_relaxed);
    info.queued_memory = queued_memory_.load(std::memory_order_relaxed);
    info.input_bytes = input_.bytes.load(std::memory_order_relaxed);
    info.input_memory = input_.memory.load(std::memory_order_relaxed);
    info.output_bytes = output_.bytes.load(std::memory_order_relaxed);
    info.output_memory = output_.memory.load(std::memory_order_relaxed);
    info.memory = memory();
    info.blocked = blocked_.load(std::memory_order_relaxed);
    info.protocol = protocol_.load(std::memory_order_relaxed);
    const std::uint8_t flags = flags_.load(std::memory_order_relaxed);
    info.no_evict = (flags & no_evict_bit) != 0;
    info.no_touch = (flags & no_touch_bit) != 0;
    info.monitoring = (flags & monitoring_bit) != 0;
    info.close_after_reply = (flags & close_after_reply_bit) != 0;
    info.tracking = (flags & tracking_bit) != 0;
    info.broadcast = (flags & broadcast_bit) != 0;
    info.broken_redirect = (flags & broken_redirect_bit) != 0;
    info.redirect = redirect_.load(std::memory_order_relaxed);
    const command* const last = last_command_.load(std::memory_order_relaxed);
    info.last_command = last != nullptr ? server.name_of(*last) : "NULL";
    return info;
}

} // namespace mini_redis
