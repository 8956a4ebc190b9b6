// The figures of INFO: each worker counts on its own, and who asks adds up. CONFIG RESETSTAT does
// not touch the workers' counters: it remembers what they were, which is subtracted from then on.
#include <algorithm>
#include <chrono>
#include <utility>

#include "commands/registry.hpp"
#include "server/core.hpp"

namespace mini_redis {
namespace {

// Leaves what has been counted since `before`.
void subtract(server_statistics& now, const server_statistics& before) {
    now.connections_received -= before.connections_received;
    now.connections_rejected -= before.connections_rejected;
    now.commands_processed -= before.commands_processed;
    now.bytes_in -= before.bytes_in;
    now.bytes_out -= before.bytes_out;
    now.keyspace_hits -= before.keyspace_hits;
    now.keyspace_misses -= before.keyspace_misses;
    now.error_replies -= before.error_replies;
    now.reads -= before.reads;
    now.writes -= before.writes;
    now.other_threads_reads -= before.other_threads_reads;
    now.other_threads_writes -= before.other_threads_writes;
    now.evicted_keys -= before.evicted_keys;
    now.freed_in_background -= before.freed_in_background;
    now.expiry_us -= before.expiry_us;
    now.expiry_rounds_cut -= before.expiry_rounds_cut;
    for (std::size_t i = 0; i < before.commands.size(); ++i) {
        const command_statistics& since = before.commands[i];
        now.commands[i].calls -= since.calls;
        now.commands[i].rejected -= since.rejected;
        now.commands[i].failed -= since.failed;
        now.commands[i].ticks -= since.ticks;
    }
}

} // namespace

// What has been counted since the start.
server_statistics core::count_all() {
    server_statistics now;
    now.commands.resize(registry::built_in().count());
    now.connections_received = listener_->accepted();
    now.connections_rejected = listener_->rejected();
    now.evicted_keys = keys_.eviction().evicted_keys();
    now.freed_in_background = keys_.store().garbage().freed();
    now.expiry_us = purger_.spent_us();
    now.expiry_rounds_cut = purger_.rounds_cut();
    for (const std::unique_ptr<worker>& each : workers_) {
        const counters& count = each->count();
        const bool first = each == workers_.front();
        now.bytes_in += count.bytes_in.get();
        now.bytes_out += count.bytes_out.get();
        now.keyspace_hits += count.keyspace_hits.get();
        now.keyspace_misses += count.keyspace_misses.get();
        now.error_replies += count.error_replies.get();
        now.changes += count.changes.get();
        now.reads += count.reads.get();
        now.writes += count.writes.get();
        if (!first) now.other_threads_reads += count.reads.get();
        if (!first) now.other_threads_writes += count.writes.get();
        for (std::size_t i = 0; i < now.commands.size(); ++i) {
            const command_counters& from = count.by_command[i];
            command_statistics& to = now.commands[i];
            to.calls += from.calls.get();
            now.commands_processed += from.calls.get();
            to.rejected += from.rejected.get();
            to.failed += from.failed.get();
            to.ticks += from.ticks.get();
        }
    }
    return now;
}

server_statistics core::statistics() {
    server_statistics now = count_all();
    {
        const std::lock_guard lock{mutex_};
        subtract(now, baseline_);
    }
    now.start_unix_ms = started_unix_ms_;
    now.port = port();
    now.worker_threads = workers_.size();
    now.memory_at_start = keys_at_start_;
    now.memory_used = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, memory_besides_keys() + keys_.store().memory().bytes()));
    now.memory_peak = std::max(
        now.memory_used, static_cast<std::uint64_t>(std::max<std::int64_t>(0, limiter_.peak())));
    now.eviction_exceeded_ms = limiter_.exceeded_ms();
    now.eviction_now_exceeded_ms = limiter_.now_exceeded_ms();
    const rate_meter::rates rates = rates_.now();
    now.commands_per_second = rates[0];
    now.bytes_in_per_second = rates[1];
    now.bytes_out_per_second = rates[2];
    now.first_thread_system_us = workers_.front()->system_us();
    now.first_thread_user_us = workers_.front()->user_us();
    add_clients_to(now);
    return now;
}

void core::add_clients_to(server_statistics& now) const {
    now.connected_clients = connected_.load(std::memory_order_relaxed);
    now.clients_with_deadline = blocked_with_deadline_.load(std::memory_order_relaxed);
    for (const client_info& client : directory_.describe_all()) {
        if (client.channels + client.patterns != 0) ++now.pubsub_clients;
        now.client_memory += client.memory;
        now.largest_input = std::max(now.largest_input, client.input_memory);
        now.largest_output = std::max(now.largest_output, client.output_memory);
    }
    now.tracking_clients = tracker_.client_count();
    now.tracking_prefixes = tracker_.prefix_count();
}

void core::reset_statistics() {
    keys_.store().reset_expired_keys();
    notes_.errors.clear();
    rates_.reset();
    server_statistics now = count_all();
    std::map<std::size_t, latency_counts> latencies;
    for (std::size_t i = 0; i < now.commands.size(); ++i)
        if (latency_counts counts = all_latencies(i); counts.total() != 0)
            latencies.emplace(i, std::move(counts));
    const std::lock_guard lock{mutex_};
    baseline_ = std::move(now);
    latency_baseline_ = std::move(latencies);
}

latency_counts core::all_latencies(std::size_t number) const {
    latency_counts sum;
    for (const std::unique_ptr<worker>& each : workers_)
        if (const latency_histogram* const of = each->count().by_command[number].latencies())
            sum.add(*of);
    return sum;
}

latency_counts core::latencies(std::size_t number) {
    latency_counts sum = all_latencies(number);
    const std::lock_guard lock{mutex_};
    if (const auto found = latency_baseline_.find(number); found != latency_baseline_.end())
        sum.subtract(found->second);
    return sum;
}

void core::note_rates() {
    const auto now = std::chrono::steady_clock::now();
    if (!rates_.is_due(now)) return;
    rate_meter::figures at{};
    for (const std::unique_ptr<worker>& each : workers_) {
        for (std::size_t i = 0; i < registry::built_in().count(); ++i)
            at[0] += each->count().by_command[i].calls.get();
        at[1] += each->count().bytes_in.get();
        at[2] += each->count().bytes_out.get();
    }
    rates_.look(now, at);
}

} // namespace mini_redis
