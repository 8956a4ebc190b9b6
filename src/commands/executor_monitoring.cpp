// What MONITOR's clients are fed.
#include <new>

#include "commands/executor.hpp"
#include "commands/monitor.hpp"

namespace mini_redis {

void executor::feed_monitors(client_state& client, const command& row,
                             std::span<const std::string_view> args) {
    if (!is_shown_to_monitors(row)) return;
    try {
        server_->feed_monitors(client, monitor_line(row, args, client.database,
                                                    server_->address_of(client), clock_->now_us()));
    } catch (const std::bad_alloc&) { // no reason for the command to fail: it has been executed
    }
}

} // namespace mini_redis
