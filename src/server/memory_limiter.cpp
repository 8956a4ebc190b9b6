#include "server/memory_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace mini_redis {
namespace {

std::int64_t steady_ms() noexcept {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

void memory_limiter::update(std::int64_t others) {
    const std::int64_t most = settings_->max_memory.load(std::memory_order_relaxed);
    store_->set_limit(most != 0 ? most - others : sharded_store::no_limit);
    if (!store_->is_above_limit()) note_excess(false);
    const std::int64_t now = others + store_->memory().bytes();
    std::int64_t before = peak();
    while (now > before && !peak_.compare_exchange_weak(before, now)) {
    }
}

// As Redis understands maxmemory-eviction-tenacity: up to half a millisecond at 10, from there to
// two minutes at 99, and as long as it takes at 100.
std::chrono::microseconds memory_limiter::budget() const noexcept {
    const std::int64_t tenacity = settings_->eviction_tenacity.load(std::memory_order_relaxed);
    if (tenacity <= 10) return std::chrono::microseconds{50 * tenacity};
    if (tenacity >= 100) return std::chrono::hours{24};
    return std::chrono::microseconds{
        std::llround(500 * std::pow(1.15, static_cast<double>(tenacity - 10)))};
}

bool memory_limiter::make_room(std::int64_t now_ms, change_log& log) {
    const std::int64_t began = steady_ms();
    note_excess(true);
    unfinished_.store(false, std::memory_order_relaxed); // if it ends with an exception
    const evictor::outcome made =
        evictor_->make_room(static_cast<std::uint32_t>(now_ms / 1000), budget(), &log);
    unfinished_.store(made == evictor::outcome::unfinished, std::memory_order_relaxed);
    if (made == evictor::outcome::enough) note_excess(false);
    if (on_long_round && steady_ms() > began) on_long_round(steady_ms() - began);
    return made != evictor::outcome::nothing_left;
}

void memory_limiter::note_excess(bool exceeded) noexcept {
    if (exceeded) {
        std::int64_t none = 0;
        exceeded_since_ms_.compare_exchange_strong(none, steady_ms());
    } else if (exceeded_since_ms_.load(std::memory_order_relaxed) != 0) {
        if (const std::int64_t since = exceeded_since_ms_.exchange(0); since != 0)
            exceeded_ms_.fetch_add(steady_ms() - since);
    }
}

std::int64_t memory_limiter::now_exceeded_ms() const noexcept {
    const std::int64_t since = exceeded_since_ms_.load(std::memory_order_relaxed);
    return since != 0 ? steady_ms() - since : 0;
}

std::int64_t memory_limiter::exceeded_ms() const noexcept {
    return exceeded_ms_.load(std::memory_order_relaxed) + now_exceeded_ms();
}

} // namespace mini_redis
