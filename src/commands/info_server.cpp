// INFO's sections about what the server is, and what it occupies. Figures of what mini-redis does
// not have (a cluster, replicas, defragmentation …) are those that Redis shows where it is off.
#include <algorithm>
#include <array>
#include <cstdint>
#include <mini_redis/version.hpp>
#include <random>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "commands/function_store.hpp"
#include "commands/info_sections.hpp"
#include "commands/memory_figures.hpp"
#include "commands/process_memory.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_store.hpp"
#include "commands/settings.hpp"
#include "commands/tick_clock.hpp"

namespace mini_redis::info_sections {
namespace {

// The program's file; empty where the system does not tell.
std::string executable() {
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    return length > 0 ? std::string{path.data(), static_cast<std::size_t>(length)} : std::string{};
}

#ifdef __APPLE__
constexpr std::string_view multiplexer = "kqueue";
#else
constexpr std::string_view multiplexer = "epoll";
#endif

} // namespace

std::string random_id() {
    std::random_device source;
    std::string digits;
    for (int i = 0; i < 5; ++i)
        digits += fmt::format("{:08x}", source());
    return digits;
}

std::string setting(const context& c, std::string_view name) {
    const auto found = c.server.configuration().get(name);
    return found.empty() ? std::string{} : found.front().second;
}

void server(context& c, const server_statistics& now, std::string& out) {
    static const std::string run_id = random_id();
    utsname system{};
    uname(&system);
    const std::int64_t uptime = std::max<std::int64_t>(0, c.now_ms() - now.start_unix_ms) / 1000;
    const std::int64_t hz = c.server.configuration().hz.load();
    line(out, "redis_version:{}", redis_version);
    line(out, "redis_git_sha1:00000000");
    line(out, "redis_git_dirty:0");
    line(out, "redis_build_id:{:x}", std::hash<std::string_view>{}(version));
    line(out, "redis_mode:standalone");
    line(out, "os:{} {} {}", system.sysname, system.release, system.machine);
    line(out, "arch_bits:{}", 8 * sizeof(void*));
    line(out, "monotonic_clock:{}", tick_clock::name());
    line(out, "multiplexing_api:{}", multiplexer);
    line(out, "atomicvar_api:c11-builtin");
    line(out, "gcc_version:{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    line(out, "process_id:{}", getpid());
    line(out, "process_supervised:no");
    line(out, "run_id:{}", run_id);
    line(out, "tcp_port:{}", now.port);
    line(out, "server_time_usec:{}", c.time.now_us());
    line(out, "uptime_in_seconds:{}", uptime);
    line(out, "uptime_in_days:{}", uptime / 86'400);
    line(out, "hz:{}", hz);
    line(out, "configured_hz:{}", hz);
    line(out, "lru_clock:{}", c.now_ms() / 1000 % (1 << 24));
    line(out, "executable:{}", executable());
    line(out, "config_file:");
    line(out, "io_threads_active:{}", now.worker_threads > 1 ? 1 : 0);
    line(out, "mini_redis_version:{}", version);
    line(out, "worker_threads:{}", now.worker_threads);
}

void clients(context& c, const server_statistics& now, std::string& out) {
    line(out, "connected_clients:{}", now.connected_clients);
    line(out, "cluster_connections:0");
    line(out, "maxclients:{}", c.server.configuration().max_clients.load());
    line(out, "client_recent_max_input_buffer:{}", now.largest_input);
    line(out, "client_recent_max_output_buffer:{}", now.largest_output);
    line(out, "blocked_clients:{}", c.server.blocked_clients());
    line(out, "tracking_clients:{}", now.tracking_clients);
    line(out, "clients_in_timeout_table:{}", now.clients_with_deadline);
    line(out, "pubsub_clients:{}", now.pubsub_clients);
}

// The states of Lua are those of all worker threads together.
void scripts(context& c, std::string& out) {
    const std::shared_ptr<const library_set> libraries = c.server.functions().all();
    std::size_t functions = 0;
    std::size_t library_bytes = 0;
    for (const auto& [name, library] : *libraries) {
        functions += library->functions.size();
        library_bytes += library->code.size();
    }
    const std::size_t eval = c.server.running().memory(script_kind::script);
    const std::size_t vm_functions = c.server.running().memory(script_kind::function);
    const std::size_t script_bytes = c.server.scripts().memory();
    line(out, "used_memory_lua:{}", eval);
    line(out, "used_memory_vm_eval:{}", eval);
    line(out, "used_memory_lua_human:{}", human_size(eval));
    line(out, "used_memory_scripts_eval:{}", script_bytes);
    line(out, "number_of_cached_scripts:{}", c.server.scripts().count());
    line(out, "number_of_functions:{}", functions);
    line(out, "number_of_libraries:{}", libraries->size());
    line(out, "used_memory_vm_functions:{}", vm_functions);
    line(out, "used_memory_vm_total:{}", eval + vm_functions);
    line(out, "used_memory_vm_total_human:{}", human_size(eval + vm_functions));
    line(out, "used_memory_functions:{}", library_bytes);
    line(out, "used_memory_scripts:{}", script_bytes + library_bytes);
    line(out, "used_memory_scripts_human:{}", human_size(script_bytes + library_bytes));
}

void memory(context& c, const server_statistics& now, std::string& out) {
    const memory_figures all = gather_memory_figures(c, now);
    const auto size = [&](std::string_view name, std::uint64_t bytes) {
        line(out, "{}:{}", name, bytes);
        line(out, "{}_human:{}", name, human_size(bytes));
    };
    size("used_memory", all.used);
    size("used_memory_rss", all.resident);
    size("used_memory_peak", all.peak);
    line(out, "used_memory_peak_perc:{:.2f}%", all.peak_percentage());
    line(out, "used_memory_overhead:{}", all.overhead);
    line(out, "used_memory_startup:{}", all.at_start);
    line(out, "used_memory_dataset:{}", all.dataset);
    line(out, "used_memory_dataset_perc:{:.2f}%", all.dataset_percentage());
    // As Redis fills these in where the allocator does not tell them.
    line(out, "allocator_allocated:{}", all.used);
    line(out, "allocator_active:{}", all.resident);
    line(out, "allocator_resident:{}", all.resident);
    size("total_system_memory", total_system_memory());
    scripts(c, out);
    const std::string limit = setting(c, "maxmemory");
    line(out, "maxmemory:{}", limit);
    line(out, "maxmemory_human:{}", human_size(std::stoull(limit)));
    line(out, "maxmemory_policy:{}", setting(c, "maxmemory-policy"));
    const std::uint64_t unused = all.resident - std::min(all.resident, all.used);
    line(out, "allocator_frag_ratio:{:.2f}", all.fragmentation());
    line(out, "allocator_frag_bytes:{}", unused);
    line(out, "allocator_rss_ratio:1.00");
    line(out, "allocator_rss_bytes:0");
    line(out, "rss_overhead_ratio:1.00");
    line(out, "rss_overhead_bytes:0");
    line(out, "mem_fragmentation_ratio:{:.2f}", all.fragmentation());
    line(out, "mem_fragmentation_bytes:{}", unused);
    line(out, "mem_not_counted_for_evict:0");
    line(out, "mem_replication_backlog:0");
    line(out, "mem_total_replication_buffers:0");
    line(out, "mem_clients_slaves:0");
    line(out, "mem_clients_normal:{}", all.clients);
    line(out, "mem_cluster_links:0");
    line(out, "mem_aof_buffer:0");
    line(out, "mem_allocator:libc");
    line(out, "active_defrag_running:0");
    line(out, "lazyfree_pending_objects:{}", c.store.garbage().pending());
    line(out, "lazyfreed_objects:{}", now.freed_in_background);
}

void cpu(context&, const server_statistics& now, std::string& out) {
    const auto usage = [&](int who, std::string_view suffix) {
        rusage used{};
        getrusage(who, &used);
        line(out, "used_cpu_sys{}:{}.{:06}", suffix, used.ru_stime.tv_sec, used.ru_stime.tv_usec);
        line(out, "used_cpu_user{}:{}.{:06}", suffix, used.ru_utime.tv_sec, used.ru_utime.tv_usec);
    };
    usage(RUSAGE_SELF, "");
    usage(RUSAGE_CHILDREN, "_children");
    const auto of_first = [&](std::string_view name, std::int64_t us) {
        line(out, "used_cpu_{}_main_thread:{}.{:06}", name, us / 1'000'000, us % 1'000'000);
    };
    of_first("sys", now.first_thread_system_us);
    of_first("user", now.first_thread_user_us);
}

void modules(context&, const server_statistics&, std::string&) {}

void cluster(context&, const server_statistics&, std::string& out) {
    line(out, "cluster_enabled:0");
}

void keyspace(context& c, const server_statistics&, std::string& out) {
    const std::vector<database_size> databases = database_sizes(c);
    for (std::size_t i = 0; i < databases.size(); ++i)
        if (databases[i].keys != 0)
            line(out, "db{}:keys={},expires={},avg_ttl=0", i, databases[i].keys,
                 databases[i].expiring);
}

} // namespace mini_redis::info_sections
