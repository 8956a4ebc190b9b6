// Where the server's memory goes, as far as that is known: for INFO and MEMORY.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mini_redis {

struct context;
struct server_statistics;

/// One database's keys.
struct database_size {
    std::size_t keys = 0;
    std::size_t expiring = 0;
};

/// Of every database, those that have expired and were not yet reclaimed included. Looks at the
/// shards one by one.
std::vector<database_size> database_sizes(const context& c);

/// Bytes, where nothing else is said.
struct memory_figures {
    std::uint64_t used = 0;
    std::uint64_t resident = 0;
    std::uint64_t peak = 0;
    std::uint64_t at_start = 0;
    std::uint64_t clients = 0;
    std::uint64_t tables = 0;   ///< the keys' places in hash tables
    std::uint64_t overhead = 0; ///< all that are not keys and values, as far as it is known
    std::uint64_t dataset = 0;  ///< the rest
    std::size_t keys = 0;       ///< how many

    double peak_percentage() const noexcept {
        return 100.0 * static_cast<double>(used) / static_cast<double>(peak);
    }

    /// Of what has come on top of what a server needs without any data.
    double dataset_percentage() const noexcept {
        return used > at_start
                   ? 100.0 * static_cast<double>(dataset) / static_cast<double>(used - at_start)
                   : 0;
    }

    double fragmentation() const noexcept {
        return static_cast<double>(resident) / static_cast<double>(used);
    }
};

memory_figures gather_memory_figures(const context& c, const server_statistics& now);

/// A key's share of its hash table: a slot of eight bytes with its tag, of which about three in
/// four are in use.
inline constexpr std::size_t table_share_of_key = 12;

/// "1.51M", as redis-cli and people read it.
std::string human_size(std::uint64_t bytes);

} // namespace mini_redis
