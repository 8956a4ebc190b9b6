// What a worker counts while it executes commands: written by its own thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>

#include "commands/counter.hpp"
#include "commands/latency_histogram.hpp"

namespace mini_redis {

/// About one command.
struct command_counters {
    counter calls;
    counter rejected; ///< not run: wrong number of words, not permitted
    counter failed;   ///< run and answered with an error
    counter ticks;    ///< of tick_clock, that the calls took together

    command_counters() = default;
    command_counters(const command_counters&) = delete;
    command_counters& operator=(const command_counters&) = delete;

    ~command_counters() { delete latencies_.load(std::memory_order_relaxed); }

    /// From latency_slots::shortest to latency_slots::longest.
    void add_latency(double nanoseconds) noexcept {
        latency_histogram* histogram = latencies_.load(std::memory_order_relaxed);
        if (histogram == nullptr) [[unlikely]] {
            histogram = new (std::nothrow) latency_histogram;
            if (histogram == nullptr) return;
            latencies_.store(histogram, std::memory_order_release);
        }
        histogram->add(nanoseconds);
    }

    /// Null before the first call.
    const latency_histogram* latencies() const noexcept {
        return latencies_.load(std::memory_order_acquire);
    }

private:
    std::atomic<latency_histogram*> latencies_{nullptr}; // owned
};

/// On cache lines of its own, so that workers do not disturb each other.
struct alignas(64) counters {
    counter keyspace_hits;
    counter keyspace_misses;
    counter error_replies;
    counter changes; ///< of keys
    counter bytes_in;
    counter bytes_out;
    counter reads;
    counter writes;
    std::unique_ptr<command_counters[]> by_command; ///< by the registry's numbers
};

} // namespace mini_redis
