#!/usr/bin/env python3
"""prometheus-redis-exporter (Debian's): what it makes of INFO, SLOWLOG, LATENCY, CONFIG and CLIENT LIST.

Run by run.sh. The exporter has to find every metric that dashboards are drawn from, and those that say what has
been done have to be right.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import redis

PORT = int(os.environ["PORT"])
PROGRAM = "prometheus-redis-exporter"

# What the exporter finds on a Redis 7.0, with the prefix "redis_". Without those that are there only sometimes.
METRICS = """
active_defrag_running allocator_active_bytes allocator_allocated_bytes allocator_frag_bytes allocator_frag_ratio
allocator_resident_bytes allocator_rss_bytes allocator_rss_ratio aof_current_rewrite_duration_sec aof_enabled
aof_last_bgrewrite_status aof_last_cow_size_bytes aof_last_rewrite_duration_sec aof_last_write_status
aof_rewrite_in_progress aof_rewrite_scheduled blocked_clients client_recent_max_input_buffer_bytes
client_recent_max_output_buffer_bytes clients_in_timeout_table cluster_connections cluster_enabled
commands_duration_seconds_total commands_failed_calls_total commands_processed_total commands_rejected_calls_total
commands_total config_io_threads config_maxclients config_maxmemory connected_clients connected_clients_details
connected_slaves connections_received_total cpu_sys_children_seconds_total cpu_sys_main_thread_seconds_total
cpu_sys_seconds_total cpu_user_children_seconds_total cpu_user_main_thread_seconds_total cpu_user_seconds_total
db_avg_ttl_seconds db_keys db_keys_expiring defrag_hits defrag_key_hits defrag_key_misses defrag_misses
dump_payload_sanitizations errors_total evicted_keys_total expired_keys_total expired_stale_percentage
expired_time_cap_reached_total instance_info io_threaded_reads_processed io_threaded_writes_processed
io_threads_active keyspace_hits_total keyspace_misses_total last_slow_execution_duration_seconds
latency_percentiles_usec latency_percentiles_usec_count latency_percentiles_usec_sum latest_fork_seconds
lazyfree_pending_objects loading_dump_file master_repl_offset mem_clients_normal mem_clients_slaves
mem_fragmentation_bytes mem_fragmentation_ratio mem_not_counted_for_eviction_bytes memory_max_bytes
memory_used_bytes memory_used_dataset_bytes memory_used_lua_bytes memory_used_overhead_bytes memory_used_peak_bytes
memory_used_rss_bytes memory_used_scripts_bytes memory_used_startup_bytes migrate_cached_sockets_total
module_fork_in_progress module_fork_last_cow_size net_input_bytes_total net_output_bytes_total
number_of_cached_scripts process_id pubsub_channels pubsub_patterns rdb_bgsave_in_progress
rdb_changes_since_last_save rdb_current_bgsave_duration_sec rdb_last_bgsave_duration_sec rdb_last_bgsave_status
rdb_last_cow_size_bytes rdb_last_save_timestamp_seconds rejected_connections_total repl_backlog_first_byte_offset
repl_backlog_history_bytes repl_backlog_is_active replica_partial_resync_accepted replica_partial_resync_denied
replica_resyncs_full replication_backlog_bytes second_repl_offset slave_expires_tracked_keys slowlog_last_id
slowlog_length start_time_seconds total_error_replies total_reads_processed total_writes_processed tracking_clients
tracking_total_items tracking_total_keys tracking_total_prefixes unexpected_error_replies up uptime_in_seconds
""".split()


class Exporter:
    """The exporter on a port of its own, for as long as the block lasts."""

    def __enter__(self):
        for _ in range(20):
            with socket.socket() as probe:  # it cannot choose a port itself, and tell which
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            self.process = subprocess.Popen(
                [PROGRAM, f"-redis.addr=redis://127.0.0.1:{PORT}", f"-web.listen-address=127.0.0.1:{self.port}",
                 "-export-client-list"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while self.process.poll() is None:
                try:
                    self.get("/health")
                    return self
                except OSError:
                    time.sleep(0.02)
        raise AssertionError(f"{PROGRAM} does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as reply:
            return reply.read().decode()

    def scrape(self):
        """Every metric of the server: {"redis_up": 1.0, 'redis_db_keys{db="db0"}': 2.0}."""
        metrics = {}
        for line in self.get("/metrics").splitlines():
            if line.startswith("redis_"):
                name, value = re.fullmatch(r"(\S+?(?:\{.*\})?) (\S+)", line).groups()
                metrics[name] = float(value)
        return metrics


def main():
    if not shutil.which(PROGRAM):
        print(f"skipped: no {PROGRAM}")
        sys.exit(77)
    r = redis.Redis(port=PORT, decode_responses=True, client_name="the-test")
    r.flushall()
    r.config_set("slowlog-log-slower-than", 20_000)
    r.config_resetstat()
    for i in range(10):
        r.set(f"k{i}", "v" * 1000)
    r.expire("k0", 1000)
    for name in ("k1", "k2", "missing"):
        r.get(name)
    for bad in (["INCR", "k1"], ["LPUSH", "k1", "x"], ["NOSUCH"], ["GET"]):
        try:
            r.execute_command(*bad)
            raise AssertionError(f"{bad} succeeds")
        except redis.ResponseError:
            pass
    r.execute_command("DEBUG", "SLEEP", "0.03")

    with Exporter() as exporter:
        metrics = exporter.scrape()
        assert metrics["redis_up"] == 1, metrics
        found = {name.split("{")[0] for name in metrics}
        missing = [name for name in METRICS if f"redis_{name}" not in found]
        assert not missing, missing
        assert metrics["redis_exporter_last_scrape_error{err=\"\"}"] == 0, metrics

        expected = {
            'redis_db_keys{db="db0"}': 10,
            'redis_db_keys_expiring{db="db0"}': 1,
            "redis_keyspace_hits_total": 2,
            "redis_keyspace_misses_total": 1,
            'redis_commands_total{cmd="set"}': 10,
            'redis_commands_total{cmd="get"}': 3,
            'redis_commands_rejected_calls_total{cmd="get"}': 1,
            'redis_commands_failed_calls_total{cmd="incr"}': 1,
            'redis_errors_total{err="ERR"}': 3,
            'redis_errors_total{err="WRONGTYPE"}': 1,
            "redis_total_error_replies": 4,
            "redis_slowlog_length": 1,
            "redis_config_maxclients": 10_000,
            "redis_process_id": int(r.info("server")["process_id"]),
            "redis_connected_slaves": 0,
            "redis_loading_dump_file": 0,
            "redis_blocked_clients": 0,
            "redis_rdb_last_bgsave_status": 1,
            'redis_latency_percentiles_usec_count{cmd="set"}': 10,
        }
        wrong = {name: metrics.get(name) for name, value in expected.items() if metrics.get(name) != value}
        assert not wrong, wrong

        assert metrics["redis_last_slow_execution_duration_seconds"] >= 0.03, metrics
        assert metrics["redis_connected_clients"] >= 2, metrics
        assert metrics["redis_commands_processed_total"] >= 18, metrics
        assert metrics["redis_net_input_bytes_total"] > 10_000, metrics
        assert metrics["redis_net_output_bytes_total"] > 2_000, metrics
        assert metrics['redis_commands_duration_seconds_total{cmd="debug"}'] >= 0.03, metrics
        assert 0 < metrics['redis_commands_duration_seconds_total{cmd="set"}'] < 1, metrics
        memory = metrics["redis_memory_used_bytes"]
        assert 100_000 < memory <= metrics["redis_memory_used_peak_bytes"], metrics
        assert 1_000_000 < metrics["redis_memory_used_rss_bytes"] < 1_000_000_000, metrics
        assert metrics["redis_memory_used_dataset_bytes"] <= memory, metrics
        assert 0.1 < metrics["redis_mem_fragmentation_ratio"] < 100, metrics
        assert abs(metrics["redis_start_time_seconds"] - time.time()) < 120, metrics
        assert metrics["redis_cpu_user_seconds_total"] + metrics["redis_cpu_sys_seconds_total"] > 0, metrics
        details = [name for name in metrics if name.startswith("redis_connected_clients_details{")]
        assert any('name="the-test"' in name for name in details), details

        # What is done later is seen later.
        for _ in range(50):
            r.get("k1")
        later = exporter.scrape()
        assert later['redis_commands_total{cmd="get"}'] == 53, later
        assert later["redis_keyspace_hits_total"] == 52, later
        assert later["redis_commands_processed_total"] >= metrics["redis_commands_processed_total"] + 50, later
        assert later["redis_net_input_bytes_total"] > metrics["redis_net_input_bytes_total"], later
    r.config_set("slowlog-log-slower-than", 10_000)
    r.close()


main()
