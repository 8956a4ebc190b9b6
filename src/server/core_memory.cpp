// The server's memory: what it takes besides keys, and what follows when it is too much.
#include <array>
#include <asio/post.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "server/core.hpp"
#include "server/session.hpp"

namespace mini_redis {
namespace {

constexpr std::array<std::pair<std::string_view, eviction_policy>, 8> policies{{
    {"noeviction", eviction_policy::noeviction},
    {"allkeys-lru", eviction_policy::allkeys_lru},
    {"allkeys-lfu", eviction_policy::allkeys_lfu},
    {"allkeys-random", eviction_policy::allkeys_random},
    {"volatile-lru", eviction_policy::volatile_lru},
    {"volatile-lfu", eviction_policy::volatile_lfu},
    {"volatile-random", eviction_policy::volatile_random},
    {"volatile-ttl", eviction_policy::volatile_ttl},
}};

eviction_policy policy_of(std::string_view name) noexcept {
    for (const auto& [its_name, policy] : policies)
        if (its_name == name) return policy;
    return eviction_policy::noeviction;
}

} // namespace

// Before any other thread uses the store, as observers are set.
void core::govern_memory() {
    for (const std::string_view name :
         {"maxmemory", "maxmemory-policy", "maxmemory-samples", "lfu-log-factor", "lfu-decay-time"})
        settings_.observe(name, [this](const std::string&) { follow_memory_settings(); });
    keys_.eviction().on_evicted = [this](std::size_t database, std::string_view key) {
        announce_loss(event_class::evicted, "evicted", database, key);
    };
    limiter_.on_long_round = [this](std::int64_t ms) { note_latency("eviction-cycle", ms); };
    follow_memory_settings();
}

void core::follow_memory_settings() {
    keys_.eviction().set_policy(policy_of(settings_.value_of("maxmemory-policy")));
    keys_.eviction().samples = settings_.eviction_samples.load();
    keys_.store().frequency().log_factor = settings_.lfu_log_factor.load();
    keys_.store().frequency().decay_minutes = settings_.lfu_decay_minutes.load();
    refresh_limit(true);
    if (keys_.store().is_above_limit())
        asio::post(workers_.front()->io(), [this] { make_room_in_background(); });
}

std::int64_t core::memory_besides_keys() const {
    const std::size_t scripts = running_.memory(script_kind::script) +
                                running_.memory(script_kind::function) + scripts_.memory();
    return static_cast<std::int64_t>(keys_at_start_ + directory_.memory() + scripts);
}

// In each round of the background work. To ask all clients takes a while, if they are thousands.
void core::watch_memory() {
    constexpr unsigned seldom = 10;
    if (settings_.max_memory.load() != 0 || memory_rounds_++ % seldom == 0) refresh_limit();
    make_room_in_background(); // there need be no request soon that would do it
}

// What else takes memory may just have given it back, so that no key has to go: clients that were
// sent much have left, say. To sum that up takes a while, too, if there are thousands of them.
void core::refresh_limit(bool in_any_case) {
    const std::lock_guard lock{limit_mutex_};
    const std::int64_t now = time().now_us();
    const auto clients = static_cast<std::int64_t>(connected_.load(std::memory_order_relaxed));
    const bool is_fresh = now >= limit_set_us_ && now - limit_set_us_ < 10 * clients;
    if (is_fresh && !in_any_case) return;
    limiter_.update(memory_besides_keys());
    limit_set_us_ = now;
}

bool core::make_room(change_log& log) {
    if (is_paused()) return true; // no key goes meanwhile, as none expires
    refresh_limit();
    if (!keys_.store().is_above_limit()) return true;
    return limiter_.make_room(time().now_ms(), log);
}

// A little at a time, while sessions have their turns.
void core::make_room_in_background() {
    if (!keys_.store().is_above_limit()) return;
    workers_.front()->commands().make_room();
    if (limiter_.has_more_to_do())
        asio::post(workers_.front()->io(), [this] { make_room_in_background(); });
}

} // namespace mini_redis
