// When a time-out is over.
#pragma once

#include <chrono>

namespace mini_redis {

/// So long after `now`, or never if that is later than a clock can tell.
inline std::chrono::steady_clock::time_point
deadline_after(std::chrono::steady_clock::time_point now, std::chrono::milliseconds time_out) {
    using time_point = std::chrono::steady_clock::time_point;
    const auto left = std::chrono::floor<std::chrono::milliseconds>(time_point::max() - now);
    return time_out < left ? now + time_out : time_point::max();
}

} // namespace mini_redis
