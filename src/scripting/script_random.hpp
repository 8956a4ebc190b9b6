// The random numbers of scripts: those of drand48 (POSIX), as in Redis, so that a script that seeds
// them gets the same ones.
#pragma once

#include <cstdint>

namespace mini_redis {

class script_random {
public:
    static constexpr std::uint32_t range = 0x7fffffff;

    void seed(std::uint32_t value) noexcept {
        state_ = (static_cast<std::uint64_t>(value) << 16) | 0x330e;
    }

    /// From 0 to `range`.
    std::uint32_t next() noexcept {
        state_ = (state_ * 0x5deece66d + 0xb) & 0xffffffffffff;
        return static_cast<std::uint32_t>(state_ >> 17);
    }

private:
    std::uint64_t state_ = 0x330e;
};

} // namespace mini_redis
