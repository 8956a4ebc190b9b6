// The expiry timer: reclaims keys whose time has come, a little at a time, beside the sessions.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mini_redis/clock.hpp>

#include "commands/executor.hpp"
#include "server/io.hpp"
#include "store/sharded_store.hpp"

namespace mini_redis {

/// *Thread safety*: set_active() from any thread; the rest belongs to the thread of its io_context.
class purger {
public:
    /// `rounds` says how many rounds a second are made (the setting hz); it may change.
    purger(sharded_store& store, const clock& time,
           const std::atomic<std::int64_t>& rounds) noexcept
        : store_{&store},
          time_{&time},
          rounds_{&rounds} {}

    /// Runs until the timer is cancelled by stop().
    /// `commands` belongs to the thread of `io`.
    task<void> run(asio::io_context& io, executor& commands);
    void stop();

    /// Asked before every round, on the loop's thread. To be set before run().
    std::function<bool()> may_reclaim;

    /// Is told of every round, on the loop's thread. To be set before run().
    std::function<void()> on_round;

    /// Is told how many milliseconds a round took, if that is at least one.
    std::function<void(std::int64_t)> on_long_round;

    /// Microseconds spent on reclaiming, and rounds that had to leave something for the next.
    std::uint64_t spent_us() const noexcept { return spent_us_.load(std::memory_order_relaxed); }

    std::uint64_t rounds_cut() const noexcept {
        return rounds_cut_.load(std::memory_order_relaxed);
    }

    void set_active(bool on) noexcept { active_.store(on, std::memory_order_relaxed); }

private:
    sharded_store::purge_result purge(executor& commands);
    sharded_store::purge_result reclaim(executor& commands);

    sharded_store* store_;
    const clock* time_;
    const std::atomic<std::int64_t>* rounds_;
    timer* pause_ = nullptr;
    std::atomic<bool> active_{true};
    std::atomic<std::uint64_t> spent_us_{0};
    std::atomic<std::uint64_t> rounds_cut_{0};
    bool stopped_ = false;
};

} // namespace mini_redis
