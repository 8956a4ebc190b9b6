// When a time-out is over; none is too long.
#pragma once

#include <chrono>

namespace mini_redis {

/// So long after `now`, or never if that is later than a clock can tell.
inline std::chrono::steady_clock::time_point
deadline_after(std::chrono::steady_clock::time_point now, std::chrono::milliseconds time_out) {
    using time_point = std::chrono::steady_clock::time_point;
    const auto left = std::chrono::floor<std::chrono::milliseconds>(time_point::max() - now);
    if (time_out.count() <= 0) return now;
    return time_out < left ? now + time_out : time_point::max();
}

/// The sum, as far as a number can tell it.
inline std::chrono::milliseconds longer(std::chrono::milliseconds time,
                                        std::chrono::milliseconds by) {
    const auto most = std::chrono::milliseconds::max() - by;
    return time < most ? time + by : std::chrono::milliseconds::max();
}

} // namespace mini_redis
