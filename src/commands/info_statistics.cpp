// INFO's sections about what the server has done since it started, or since CONFIG RESETSTAT.
#include <cstdint>
#include <string>
#include <string_view>

#include "commands/diagnostics.hpp"
#include "commands/info_sections.hpp"
#include "commands/latency_histogram.hpp"
#include "commands/registry.hpp"
#include "commands/setting_values.hpp"
#include "commands/settings.hpp"
#include "commands/tick_clock.hpp"

namespace mini_redis::info_sections {
namespace {

// The half that speaks of traffic and keys.
void traffic(context& c, const server_statistics& now, std::string& out) {
    const auto kibibytes = [](double bytes) { return bytes / 1024; };
    line(out, "total_connections_received:{}", now.connections_received);
    line(out, "total_commands_processed:{}", now.commands_processed);
    line(out, "instantaneous_ops_per_sec:{:.0f}", now.commands_per_second);
    line(out, "total_net_input_bytes:{}", now.bytes_in);
    line(out, "total_net_output_bytes:{}", now.bytes_out);
    line(out, "total_net_repl_input_bytes:0");
    line(out, "total_net_repl_output_bytes:0");
    line(out, "instantaneous_input_kbps:{:.2f}", kibibytes(now.bytes_in_per_second));
    line(out, "instantaneous_output_kbps:{:.2f}", kibibytes(now.bytes_out_per_second));
    line(out, "instantaneous_input_repl_kbps:0.00");
    line(out, "instantaneous_output_repl_kbps:0.00");
    line(out, "rejected_connections:{}", now.connections_rejected);
    line(out, "sync_full:0");
    line(out, "sync_partial_ok:0");
    line(out, "sync_partial_err:0");
    line(out, "expired_keys:{}", c.store.expired_keys());
    line(out, "expired_stale_perc:0.00");
    line(out, "expired_time_cap_reached_count:{}", now.expiry_rounds_cut);
    line(out, "expire_cycle_cpu_milliseconds:{}", now.expiry_us / 1000);
    line(out, "evicted_keys:{}", now.evicted_keys);
    line(out, "evicted_clients:0");
    line(out, "total_eviction_exceeded_time:{}", now.eviction_exceeded_ms);
    line(out, "current_eviction_exceeded_time:{}", now.eviction_now_exceeded_ms);
    line(out, "keyspace_hits:{}", now.keyspace_hits);
    line(out, "keyspace_misses:{}", now.keyspace_misses);
    const auto channels = [&](subscription_kind kind) {
        return c.server.active_channels(kind, std::nullopt).size();
    };
    line(out, "pubsub_channels:{}", channels(subscription_kind::channel));
    line(out, "pubsub_patterns:{}", c.server.pattern_count());
    line(out, "pubsubshard_channels:{}", channels(subscription_kind::shard_channel));
}

} // namespace

void stats(context& c, const server_statistics& now, std::string& out) {
    traffic(c, now, out);
    for (const std::string_view nothing :
         {"latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys",
          "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
          "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time"})
        line(out, "{}:0", nothing);
    line(out, "tracking_total_keys:{}", c.store.read_keys());
    line(out, "tracking_total_items:{}", c.store.readings());
    line(out, "tracking_total_prefixes:{}", now.tracking_prefixes);
    line(out, "unexpected_error_replies:0");
    line(out, "total_error_replies:{}", now.error_replies);
    line(out, "dump_payload_sanitizations:0");
    line(out, "total_reads_processed:{}", now.reads);
    line(out, "total_writes_processed:{}", now.writes);
    line(out, "io_threaded_reads_processed:{}", now.other_threads_reads);
    line(out, "io_threaded_writes_processed:{}", now.other_threads_writes);
    line(out, "reply_buffer_shrinks:0");
    line(out, "reply_buffer_expands:0");
}

void commandstats(context& c, const server_statistics& now, std::string& out) {
    for (std::size_t i = 0; i < now.commands.size(); ++i) {
        const command_statistics& one = now.commands[i];
        if (one.calls == 0 && one.rejected == 0 && one.failed == 0) continue;
        const double all =
            static_cast<double>(one.ticks) * tick_clock::nanoseconds_per_tick() / 1000;
        const double each = one.calls == 0 ? 0 : all / static_cast<double>(one.calls);
        line(out,
             "cmdstat_{}:calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},failed_calls={"
             "}",
             c.commands.name_of(i), one.calls, all, each, one.rejected, one.failed);
    }
}

void latencystats(context& c, const server_statistics&, std::string& out) {
    if (c.server.configuration().latency_tracking.load() == 0) return;
    const auto percentages = parse_percentages(setting(c, "latency-tracking-info-percentiles"));
    for (std::size_t i = 0; i < c.commands.count(); ++i) {
        const latency_counts counts = c.server.latencies(i);
        if (counts.total() == 0) continue;
        std::string figures;
        for (const double each : *percentages)
            figures +=
                fmt::format("{}p{}={:.3f}", figures.empty() ? "" : ",", percentage_text(each),
                            static_cast<double>(counts.at_percentile(each)) / 1000);
        line(out, "latency_percentiles_usec_{}:{}", c.commands.name_of(i), figures);
    }
}

void errorstats(context& c, const server_statistics&, std::string& out) {
    for (const auto& [code, count] : c.server.notes().errors.all())
        line(out, "errorstat_{}:count={}", code, count);
}

} // namespace mini_redis::info_sections
