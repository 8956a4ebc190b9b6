// What LATENCY GRAPH and LATENCY DOCTOR tell people of an event's history.
#pragma once

#include <string>
#include <string_view>

#include "commands/latency_monitor.hpp"

namespace mini_redis {

/// A picture of the samples, a column each, with how long ago each was below it.
std::string draw_latencies(std::string_view event, const latency_monitor::history& history,
                           std::int64_t now_seconds);

/// Figures about the samples.
struct latency_summary {
    std::int64_t mean = 0;           ///< ms
    std::int64_t mean_deviation = 0; ///< ms
    double period_seconds = 0;       ///< from one sample to the next, on average
};

latency_summary summarize(const latency_monitor::history& history, std::int64_t now_seconds);

} // namespace mini_redis
