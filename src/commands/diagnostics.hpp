// What the server notes about the commands that it executes, besides counting them: shared by all
// workers, and written only when something out of the ordinary happens.
#pragma once

#include <atomic>
#include <cstddef>

#include "commands/client_pause.hpp"
#include "commands/error_counts.hpp"
#include "commands/latency_monitor.hpp"
#include "commands/slow_log.hpp"

namespace mini_redis {

/// *Thread safety*: every part may be used from any thread.
struct diagnostics {
    error_counts errors;
    slow_log slow;
    latency_monitor latency;
    client_pause pause;
    std::atomic<std::size_t> monitors{0}; ///< clients that are fed by MONITOR
};

} // namespace mini_redis
