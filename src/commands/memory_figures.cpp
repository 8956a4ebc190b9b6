#include "commands/memory_figures.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "commands/context.hpp"
#include "commands/process_memory.hpp"

namespace mini_redis {

std::vector<database_size> database_sizes(const context& c) {
    std::vector<database_size> databases(c.store.databases());
    for (std::size_t i = 0; i < c.store.shard_count(); ++i) {
        const auto guard = c.lock_shard(i);
        for (std::size_t database = 0; database < databases.size(); ++database) {
            databases[database].keys += c.store.shard_at(i).at(database).size();
            databases[database].expiring += c.store.shard_at(i).at(database).expiring();
        }
    }
    return databases;
}

memory_figures gather_memory_figures(const context& c, const server_statistics& now) {
    memory_figures all;
    all.resident = resident_bytes();
    all.used = now.memory_used;
    all.peak = now.memory_peak;
    all.at_start = now.memory_at_start;
    all.clients = now.client_memory;
    for (const database_size& each : database_sizes(c))
        all.keys += each.keys;
    all.tables = all.keys * table_share_of_key;
    all.overhead = std::min(all.used, all.at_start + all.clients + all.tables);
    all.dataset = all.used - all.overhead;
    return all;
}

std::string human_size(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{}B", bytes);
    double size = static_cast<double>(bytes);
    for (const char unit : {'K', 'M', 'G', 'T'}) {
        size /= 1024;
        if (size < 1024 || unit == 'T') return fmt::format("{:.2f}{}", size, unit);
    }
    return {};
}

} // namespace mini_redis
