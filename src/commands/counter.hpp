// A number that one thread raises and others read now and then.
#pragma once

#include <atomic>
#include <cstdint>

namespace mini_redis {

/// *Thread safety*: one thread adds, any may read.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n,
                     std::memory_order_relaxed); // one writer: no lock prefix
    }

    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

} // namespace mini_redis
