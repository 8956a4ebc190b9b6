// How long calls of one command took: counts by duration, with 128 slots from each power of two to
// the next.
//
// Which slot a duration belongs to are the upper bits of it as a floating-point number: its
// exponent, and seven bits of its fraction. So every call can be counted, for some instructions.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "commands/counter.hpp"

namespace mini_redis {

namespace latency_slots {

inline constexpr double shortest = 0.125; ///< ns
inline constexpr double longest = 1e9;    ///< ns; what takes longer counts as this
inline constexpr unsigned shift = 52 - 7;
inline constexpr std::uint64_t first = std::bit_cast<std::uint64_t>(shortest) >> shift;

/// Of a duration from the shortest to the longest.
constexpr std::size_t index_of(double nanoseconds) noexcept {
    return static_cast<std::size_t>((std::bit_cast<std::uint64_t>(nanoseconds) >> shift) - first);
}

inline constexpr std::size_t count = index_of(longest) + 1;

/// The most whole nanoseconds that belong to a slot, or that are less.
constexpr std::uint64_t highest_in(std::size_t index) noexcept {
    const double next = std::bit_cast<double>((first + index + 1) << shift);
    const auto below = static_cast<std::uint64_t>(next);
    return static_cast<double>(below) < next ? below : below - 1;
}

} // namespace latency_slots

/// *Thread safety*: one thread adds, any may read.
class latency_histogram {
public:
    /// From latency_slots::shortest to latency_slots::longest.
    void add(double nanoseconds) noexcept { slots_[latency_slots::index_of(nanoseconds)].add(); }

    std::uint64_t at(std::size_t index) const noexcept { return slots_[index].get(); }

private:
    std::array<counter, latency_slots::count> slots_{};
};

/// The sum of several histograms, to be asked.
class latency_counts {
public:
    void add(const latency_histogram& one);
    void subtract(const latency_counts& earlier);

    std::uint64_t total() const noexcept { return total_; }

    /// The duration in nanoseconds that so many percent of the calls did not exceed.
    std::uint64_t at_percentile(double percentage) const noexcept;

    struct step {
        std::uint64_t microseconds = 0;
        std::uint64_t calls = 0; ///< that took no longer

        bool operator==(const step&) const = default;
    };

    /// By powers of two; those at which nothing is added are left out.
    std::vector<step> cumulative() const;

private:
    std::vector<std::uint64_t> slots_; // empty: all 0
    std::uint64_t total_ = 0;
};

} // namespace mini_redis
