// The time that commands take, by the cheapest counter that the machine has: it is read once for
// every command, where the steady clock costs twice as much.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace mini_redis {

/// Counts ticks since some start. It never goes back on one processor, and at most a little from
/// one to another.
class tick_clock {
public:
    static std::uint64_t now() noexcept {
#if defined(__x86_64__)
        if (is_hardware_) [[likely]]
            return __rdtsc();
#elif defined(__aarch64__)
        std::uint64_t ticks = 0;
        asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
        return ticks;
#endif
        return static_cast<std::uint64_t>(
            std::chrono::steady_clock::now().time_since_epoch().count());
    }

    /// What has passed between two readings; negative where the second one's processor lags.
    static std::int64_t between(std::uint64_t start, std::uint64_t end) noexcept {
        return static_cast<std::int64_t>(end - start);
    }

    /// Measured once, which takes a few milliseconds where the hardware does not tell.
    static double nanoseconds_per_tick() noexcept;

    /// How many ticks last at least so long; negative: none do.
    static std::int64_t ticks_of(std::chrono::nanoseconds duration) noexcept;

    /// As INFO names it: "X86 TSC @ 2445 ticks/us".
    static std::string name();

private:
    static const bool is_hardware_;
};

} // namespace mini_redis
