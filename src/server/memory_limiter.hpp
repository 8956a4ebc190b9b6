// Keeps what the server takes within `maxmemory`: says how much is left for keys, and lets the
// evictor make room when there are too many.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "commands/settings.hpp"
#include "store/evictor.hpp"

namespace mini_redis {

/// *Thread safety*: every function may be called from any thread.
class memory_limiter {
public:
    memory_limiter(evictor& evicting, sharded_store& store, const settings& chosen) noexcept
        : evictor_{&evicting},
          store_{&store},
          settings_{&chosen} {}

    /// Tells the store how much its keys may take: what the limit leaves beside what all else
    /// takes. Notes the highest sum. To be called again and again, as that changes.
    void update(std::int64_t others);

    /// Makes room, for a while. False: there is too much, and nothing that could go. Notes in `log`
    /// the keys whose loss somebody wants to be told of.
    bool make_room(std::int64_t now_ms, change_log& log);

    /// Whether it is worth calling make_room() again soon, though nobody asks for room: the last
    /// time, there was too little of it.
    bool has_more_to_do() const noexcept {
        return unfinished_.load(std::memory_order_relaxed) && store_->is_above_limit();
    }

    /// The most that was ever taken, in bytes.
    std::int64_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

    /// For how many milliseconds too much has been taken, in all and since that has begun.
    std::int64_t exceeded_ms() const noexcept;
    std::int64_t now_exceeded_ms() const noexcept;

    /// Is told how many milliseconds a call of make_room() has taken. To be set before any other
    /// thread uses it.
    std::function<void(std::int64_t)> on_long_round;

private:
    std::chrono::microseconds budget() const noexcept;
    void note_excess(bool exceeded) noexcept;

    evictor* evictor_;
    sharded_store* store_;
    const settings* settings_;
    std::atomic<std::int64_t> peak_{0};
    std::atomic<bool> unfinished_{false};
    std::atomic<std::int64_t> exceeded_since_ms_{0}; // steady time; 0: it is not
    std::atomic<std::int64_t> exceeded_ms_{0};       // before
};

} // namespace mini_redis
