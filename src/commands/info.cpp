// Every figure is measured or known; what Redis shows and mini-redis cannot tell is left out.
#include "commands/info.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <iterator>
#include <memory>
#include <mini_redis/version.hpp>
#include <random>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/settings.hpp"

namespace mini_redis {
namespace {

template <class... Values>
void line(std::string& out, fmt::format_string<Values...> text, Values&&... values) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Values>(values)...);
    out += "\r\n";
}

// "1.51M", as redis-cli and people read it.
std::string human_size(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{}B", bytes);
    double size = static_cast<double>(bytes);
    for (const char unit : {'K', 'M', 'G', 'T'}) {
        size /= 1024;
        if (size < 1024 || unit == 'T') return fmt::format("{:.2f}{}", size, unit);
    }
    return {};
}

// Forty hexadecimal digits that tell this run of the server from every other.
const std::string& run_id() {
    static const std::string id = [] {
        std::random_device source;
        std::string digits;
        for (int i = 0; i < 5; ++i)
            digits += fmt::format("{:08x}", source());
        return digits;
    }();
    return id;
}

std::uint64_t peak_resident_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return static_cast<std::uint64_t>(usage.ru_maxrss);
#else
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

// What the process occupies of the machine's memory now; where the system does not tell, at most.
std::uint64_t resident_bytes() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/statm", "r"),
                                                               std::fclose};
    unsigned long total = 0;
    unsigned long resident = 0;
    if (file && std::fscanf(file.get(), "%lu %lu", &total, &resident) == 2)
        return std::uint64_t{resident} * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return peak_resident_bytes();
}

void server_section(context& c, const server_statistics& now, std::string& out) {
    utsname system{};
    uname(&system);
    const std::int64_t uptime = std::max<std::int64_t>(0, c.now_ms() - now.start_unix_ms) / 1000;
    const std::int64_t hz = c.server.configuration().hz.load();
    line(out, "redis_version:{}", redis_version);
    line(out, "mini_redis_version:{}", version);
    line(out, "redis_mode:standalone");
    line(out, "os:{} {} {}", system.sysname, system.release, system.machine);
    line(out, "arch_bits:{}", 8 * sizeof(void*));
    line(out, "process_id:{}", getpid());
    line(out, "run_id:{}", run_id());
    line(out, "tcp_port:{}", now.port);
    line(out, "server_time_usec:{}", c.time.now_us());
    line(out, "uptime_in_seconds:{}", uptime);
    line(out, "uptime_in_days:{}", uptime / 86'400);
    line(out, "hz:{}", hz);
    line(out, "configured_hz:{}", hz);
    line(out, "worker_threads:{}", now.worker_threads);
    line(out, "config_file:");
}

void clients_section(context& c, const server_statistics& now, std::string& out) {
    line(out, "connected_clients:{}", now.connected_clients);
    line(out, "cluster_connections:0");
    line(out, "maxclients:{}", c.server.configuration().max_clients.load());
    line(out, "blocked_clients:{}", c.server.blocked_clients());
    line(out, "tracking_clients:{}", now.tracking_clients);
    line(out, "pubsub_clients:{}", now.pubsub_clients);
}

void memory_section(context& c, const server_statistics&, std::string& out) {
    const std::uint64_t resident = resident_bytes();
    const std::uint64_t peak = std::max(peak_resident_bytes(), resident);
    const auto size = [&](std::string_view name, std::uint64_t bytes) {
        line(out, "{}:{}", name, bytes);
        line(out, "{}_human:{}", name, human_size(bytes));
    };
    // The system is asked, not the allocator: mallinfo2() walks all free chunks under the lock that
    // other threads allocate under, half a second with two million of them.
    size("used_memory", resident);
    size("used_memory_rss", resident);
    size("used_memory_peak", peak);
    line(out, "used_memory_peak_perc:{:.2f}%",
         100.0 * static_cast<double>(resident) / static_cast<double>(peak));
    const long pages = sysconf(_SC_PHYS_PAGES);
    if (pages > 0)
        size("total_system_memory",
             static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
    size("maxmemory", 0);
    line(out, "maxmemory_policy:noeviction");
    line(out, "lazyfree_pending_objects:{}", c.store.garbage().pending());
}

void persistence_section(context&, const server_statistics&, std::string& out) {
    line(out, "loading:0");
    line(out, "async_loading:0");
    line(out, "rdb_bgsave_in_progress:0");
    line(out, "rdb_saves:0");
    line(out, "aof_enabled:0");
    line(out, "aof_rewrite_in_progress:0");
}

void stats_section(context& c, const server_statistics& now, std::string& out) {
    line(out, "total_connections_received:{}", now.connections_received);
    line(out, "total_commands_processed:{}", now.commands_processed);
    line(out, "total_net_input_bytes:{}", now.bytes_in);
    line(out, "total_net_output_bytes:{}", now.bytes_out);
    line(out, "rejected_connections:{}", now.connections_rejected);
    line(out, "expired_keys:{}", c.store.expired_keys());
    line(out, "evicted_keys:0");
    line(out, "keyspace_hits:{}", now.keyspace_hits);
    line(out, "keyspace_misses:{}", now.keyspace_misses);
    line(out, "pubsub_channels:{}",
         c.server.active_channels(subscription_kind::channel, std::nullopt).size());
    line(out, "pubsub_patterns:{}", c.server.pattern_count());
    line(out, "tracking_total_keys:{}", c.store.read_keys());
    line(out, "tracking_total_items:{}", c.store.readings());
    line(out, "tracking_total_prefixes:{}", now.tracking_prefixes);
    line(out, "total_error_replies:{}", now.error_replies);
}

void replication_section(context&, const server_statistics&, std::string& out) {
    line(out, "role:master");
    line(out, "connected_slaves:0");
    line(out, "master_failover_state:no-failover");
    line(out, "master_repl_offset:0");
    line(out, "repl_backlog_active:0");
}

void cpu_section(context&, const server_statistics&, std::string& out) {
    const auto usage = [&](int who, std::string_view suffix) {
        rusage used{};
        getrusage(who, &used);
        line(out, "used_cpu_sys{}:{}.{:06}", suffix, used.ru_stime.tv_sec, used.ru_stime.tv_usec);
        line(out, "used_cpu_user{}:{}.{:06}", suffix, used.ru_utime.tv_sec, used.ru_utime.tv_usec);
    };
    usage(RUSAGE_SELF, "");
    usage(RUSAGE_CHILDREN, "_children");
}

void no_lines(context&, const server_statistics&, std::string&) {}

// Some of the calls were timed: the others are taken to have been as quick.
void commandstats_section(context& c, const server_statistics& now, std::string& out) {
    for (std::size_t i = 0; i < now.commands.size(); ++i) {
        const command_statistics& one = now.commands[i];
        if (one.calls == 0 && one.rejected == 0) continue;
        const double each = one.timed_calls == 0 ? 0
                                                 : static_cast<double>(one.timed_nanoseconds) /
                                                       1000 / static_cast<double>(one.timed_calls);
        line(out,
             "cmdstat_{}:calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},failed_calls={"
             "}",
             c.commands.name_of(i), one.calls, each * static_cast<double>(one.calls), each,
             one.rejected, one.failed);
    }
}

void cluster_section(context&, const server_statistics&, std::string& out) {
    line(out, "cluster_enabled:0");
}

void keyspace_section(context& c, const server_statistics&, std::string& out) {
    struct sizes {
        std::size_t keys = 0;
        std::size_t expiring = 0;
    };

    std::vector<sizes> databases(c.store.databases());
    for (std::size_t i = 0; i < c.store.shard_count(); ++i) {
        const auto guard = c.lock_shard(i);
        for (std::size_t database = 0; database < databases.size(); ++database) {
            databases[database].keys += c.store.shard_at(i).at(database).size();
            databases[database].expiring += c.store.shard_at(i).at(database).expiring();
        }
    }
    for (std::size_t i = 0; i < databases.size(); ++i)
        if (databases[i].keys != 0)
            line(out, "db{}:keys={},expires={},avg_ttl=0", i, databases[i].keys,
                 databases[i].expiring);
}

struct section {
    std::string_view name; // as its title; asked for in any case
    void (*write)(context&, const server_statistics&, std::string&);
    bool by_default = true; // shown where no section is asked for
};

// In the order in which they are shown, however they are asked for.
constexpr section sections[] = {
    {"Server", server_section},
    {"Clients", clients_section},
    {"Memory", memory_section},
    {"Persistence", persistence_section},
    {"Stats", stats_section},
    {"Replication", replication_section},
    {"CPU", cpu_section},
    {"Modules", no_lines},
    {"Commandstats", commandstats_section, false},
    {"Cluster", cluster_section},
    {"Keyspace", keyspace_section},
};

bool is_wanted(const section& one, std::span<const std::string_view> names) {
    if (names.empty()) return one.by_default;
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
        return same_ignoring_case(name, one.name) || equals_ignoring_case(name, "all") ||
               equals_ignoring_case(name, "everything") ||
               (one.by_default && equals_ignoring_case(name, "default"));
    });
}

} // namespace

void info(context& c) {
    const server_statistics now = c.server.statistics();
    std::string out;
    for (const section& one : sections) {
        if (!is_wanted(one, c.args.subspan(1))) continue;
        if (!out.empty()) out += "\r\n";
        line(out, "# {}", one.name);
        one.write(c, now, out);
    }
    c.reply.verbatim_string("txt", out);
}

} // namespace mini_redis
