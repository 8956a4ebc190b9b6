// How often a key is used, in the 24 bits that an entry has for its last access: Redis's LFU.
//
// A counter of 8 bits goes up with each access, the more seldom the higher it is, and down with
// time; 16 bits tell the minute in which it was last looked at.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace mini_redis {

/// How it goes up and down.
///
/// *Thread safety*: any thread may change and read it.
struct frequency_rules {
    std::atomic<bool> counted{false}; ///< otherwise entries tell when they were used
    std::atomic<std::int64_t> log_factor{10};
    std::atomic<std::int64_t> decay_minutes{1}; ///< for one step down; 0: never
};

class access_frequency {
public:
    static constexpr std::uint32_t initial = 5; ///< of a new key, so that it is not the next to go
    static constexpr std::uint32_t highest = 255;

    /// Of what an entry says; `seconds` is the time now.
    access_frequency(std::uint32_t bits, std::uint32_t seconds,
                     const frequency_rules& rules) noexcept
        : minute_{minute_of(seconds)},
          counter_{bits & highest} {
        const auto step = rules.decay_minutes.load(std::memory_order_relaxed);
        if (step <= 0) return;
        const std::int64_t elapsed = (minute_ - (bits >> 8)) & 0xffff;
        counter_ -= static_cast<std::uint32_t>(std::min<std::int64_t>(elapsed / step, counter_));
    }

    /// With a certain counter.
    static std::uint32_t bits_of(std::uint32_t counter, std::uint32_t seconds) noexcept {
        return minute_of(seconds) << 8 | counter;
    }

    std::uint32_t counter() const noexcept { return counter_; }

    /// What the entry is to say after one more access. `random` has 32 random bits.
    std::uint32_t after_access(std::uint32_t random, const frequency_rules& rules) const noexcept {
        const std::uint32_t above = counter_ > initial ? counter_ - initial : 0;
        const auto factor = static_cast<double>(rules.log_factor.load(std::memory_order_relaxed));
        const bool up =
            counter_ < highest && random * (above * factor + 1) < 4294967296.0; // with 1 in (…)
        return minute_ << 8 | (counter_ + static_cast<std::uint32_t>(up));
    }

private:
    static std::uint32_t minute_of(std::uint32_t seconds) noexcept { return seconds / 60 & 0xffff; }

    std::uint32_t minute_;
    std::uint32_t counter_;
};

} // namespace mini_redis
