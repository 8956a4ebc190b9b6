// What a worker counts while it executes commands: written by its own thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace mini_redis {

/// A number that one thread raises and others read now and then.
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

/// About one command.
struct command_counters {
    counter calls;
    counter rejected; ///< not run: wrong number of words, not permitted
    counter failed;   ///< run and answered with an error
    counter timed_calls;
    counter timed_nanoseconds; ///< of the timed calls together
};

/// On a cache line of its own, so that workers do not disturb each other.
struct alignas(64) counters {
    counter keyspace_hits;
    counter keyspace_misses;
    counter error_replies;
    counter bytes_in;
    counter bytes_out;
    counter reads;
    counter writes;
    std::unique_ptr<command_counters[]> by_command; ///< by the registry's numbers
};

} // namespace mini_redis
