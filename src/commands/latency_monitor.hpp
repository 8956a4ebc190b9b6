// What took longer than latency-monitor-threshold, by kinds of events, for LATENCY.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// *Thread safety*: every function may be called from any thread.
class latency_monitor {
public:
    struct sample {
        std::int64_t unix_seconds = 0;
        std::int64_t milliseconds = 0;

        bool operator==(const sample&) const = default;
    };

    /// Of one event: the latest samples, the oldest first, and the worst that there ever was.
    struct history {
        std::deque<sample> samples;
        std::int64_t worst = 0;
    };

    /// Of several samples within one second the worst is kept.
    void add(std::string_view event, sample one);

    /// By event, in the order of their names.
    std::vector<std::pair<std::string, history>> all() const;

    std::optional<history> of(std::string_view event) const;

    /// Forgets all events, or those that are named, and returns how many there were.
    std::size_t clear(std::span<const std::string_view> events);

private:
    static constexpr std::size_t most_samples = 160;

    mutable std::mutex mutex_;
    std::map<std::string, history, std::less<>> events_; // guarded by mutex_
};

} // namespace mini_redis
