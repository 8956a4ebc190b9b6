// INFO's sections about what would outlive the server: files and replicas, of which mini-redis has
// none. They say what Redis says where both are off.
#include <string>

#include "commands/info_sections.hpp"

namespace mini_redis::info_sections {
void persistence(context&, const server_statistics& now, std::string& out) {
    line(out, "loading:0");
    line(out, "async_loading:0");
    line(out, "current_cow_peak:0");
    line(out, "current_cow_size:0");
    line(out, "current_cow_size_age:0");
    line(out, "current_fork_perc:0.00");
    line(out, "current_save_keys_processed:0");
    line(out, "current_save_keys_total:0");
    line(out, "rdb_changes_since_last_save:{}", now.changes);
    line(out, "rdb_bgsave_in_progress:0");
    line(out, "rdb_last_save_time:{}", now.start_unix_ms / 1000);
    line(out, "rdb_last_bgsave_status:ok");
    line(out, "rdb_last_bgsave_time_sec:-1");
    line(out, "rdb_current_bgsave_time_sec:-1");
    line(out, "rdb_saves:0");
    line(out, "rdb_last_cow_size:0");
    line(out, "rdb_last_load_keys_expired:0");
    line(out, "rdb_last_load_keys_loaded:0");
    line(out, "aof_enabled:0");
    line(out, "aof_rewrite_in_progress:0");
    line(out, "aof_rewrite_scheduled:0");
    line(out, "aof_last_rewrite_time_sec:-1");
    line(out, "aof_current_rewrite_time_sec:-1");
    line(out, "aof_last_bgrewrite_status:ok");
    line(out, "aof_rewrites:0");
    line(out, "aof_rewrites_consecutive_failures:0");
    line(out, "aof_last_write_status:ok");
    line(out, "aof_last_cow_size:0");
    line(out, "module_fork_in_progress:0");
    line(out, "module_fork_last_cow_size:0");
}

void replication(context&, const server_statistics&, std::string& out) {
    static const std::string id =
        random_id(); // of this history of changes: it begins with the server
    line(out, "role:master");
    line(out, "connected_slaves:0");
    line(out, "master_failover_state:no-failover");
    line(out, "master_replid:{}", id);
    line(out, "master_replid2:{:040}", 0);
    line(out, "master_repl_offset:0");
    line(out, "second_repl_offset:-1");
    line(out, "repl_backlog_active:0");
    line(out, "repl_backlog_size:1048576");
    line(out, "repl_backlog_first_byte_offset:0");
    line(out, "repl_backlog_histlen:0");
}

} // namespace mini_redis::info_sections
