// What MONITOR's clients are fed.
#include <new>
#include <string>

#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/executor.hpp"
#include "commands/monitor.hpp"

namespace mini_redis {

void executor::feed_monitors(client_state& client, const command& row,
                             std::span<const std::string_view> args, std::string_view from) {
    if (is_shown_to_monitors(row)) tell_monitors(client, row, args, from);
}

void executor::show_to_monitors(const context& c) {
    if (notes_->monitors.load(std::memory_order_relaxed) != 0) [[unlikely]]
        tell_monitors(c.client, c.self, c.args, {});
}

void executor::tell_monitors(client_state& client, const command& row,
                             std::span<const std::string_view> args, std::string_view from) {
    try {
        const std::string address = from.empty() ? server_->address_of(client) : std::string{from};
        server_->feed_monitors(client,
                               monitor_line(row, args, client.database, address, clock_->now_us()));
    } catch (const std::bad_alloc&) { // no reason for the command to fail: it has been executed
    }
}

} // namespace mini_redis
