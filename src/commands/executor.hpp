// Request -> reply: look up the row, check, lock the keys, call the function.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mini_redis/clock.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/client_state.hpp"
#include "commands/counters.hpp"
#include "commands/diagnostics.hpp"
#include "commands/effects.hpp"
#include "commands/registry.hpp"
#include "commands/services.hpp"
#include "commands/settings.hpp"
#include "commands/tick_clock.hpp"
#include "resp/number.hpp"
#include "resp/reply_writer.hpp"
#include "resp/request_parser.hpp"
#include "store/database.hpp"

namespace mini_redis {

class parked_call;
class script_runner;
struct context;
struct script_call;

/// One request on its way through an executor. It is kept and filled again, for its memory.
struct request {
    argument_list args;          ///< its words, the name first; prepare() wants one
    const char* begin = nullptr; ///< where it begins in the bytes that it was read from

    // What executor::prepare() finds out.
    const command* row = nullptr;       ///< null: unknown
    const command* container = nullptr; ///< of a subcommand
    std::uint32_t number = 0;           ///< the registry's for the row
    bool arity_fits = false;
    bool one_key = false; ///< the row names exactly one key, which is `key`
    hashed_key key;

    /// How the name was spelled that `row` was found by; none if it was too long.
    std::array<char, 16> spelling;
    std::uint8_t spelling_size = 0;

    bool is_spelled_as_before() const noexcept {
        return spelling_size != 0 && args[0].size() == spelling_size &&
               std::memcmp(args[0].data(), spelling.data(), spelling_size) == 0;
    }
};

/// Executes requests for one worker thread: prepare() each request of a pipeline, then
/// prefetch() each, then execute() each. The first two may be called for requests ahead, as they
/// change nothing.
///
/// *Thread safety*: an executor belongs to one thread; the store that several share does the rest.
class executor {
public:
    executor(sharded_store& store, const clock& time, services& server, counters& count,
             const registry& commands = registry::built_in());
    ~executor();

    /// Looks the command up and hashes its key.
    void prepare(request& one, const client_state& client) const noexcept;

    /// Asks for the memory of the key.
    void prefetch(const request& one, const client_state& client) const noexcept {
        if (one.one_key) store_->prefetch_entry(one.key, client.database);
    }

    /// Whether a pause (CLIENT PAUSE) lets this request wait: then it is not to be executed yet.
    bool holds_back(const client_state& client, const request& one) {
        return notes_->pause.may_hold() && is_held_back(client, one);
    }

    /// Runs a prepared request and writes its reply.
    void execute(client_state& client, const request& one, reply_writer& reply);

    /// Before each batch of requests is executed: a command's time begins when the one before it
    /// has ended, so that the clock is read once for each.
    void start_clock() noexcept {
        started_ = tick_clock::now();
        follow_settings();
    }

    /// All three steps for a single request, whose first word is its name.
    void execute(client_state& client, std::span<const std::string_view> args, reply_writer& reply);

    /// Runs a request of a transaction, whose locks are held; `all_locked`: those of every shard.
    void execute_queued(client_state& client, std::span<const std::string_view> args,
                        reply_writer& reply, bool all_locked);

    /// Runs a command for a script that is running, by the rules for those.
    void execute_scripted(client_state& client, script_call& script,
                          std::span<const std::string_view> args, reply_writer& reply);

    /// Runs scripts.
    script_runner& scripts();

    /// Feeds a request to the monitors whose row says that they are not shown it: a script's,
    /// before the commands that it calls.
    void show_to_monitors(const context& c);

    /// Before a script begins: gives up the locks of its keys, and takes those of all shards.
    void lock_all_for_script();

    /// Lets the server serve other clients while a script goes on, in the middle of it: those that
    /// this thread serves, of which none is told more than that the server is busy.
    void serve_others(client_state& client) noexcept;

    /// Forgets what the client has queued and what it watches, also while a script has all locks;
    /// the keys themselves are freed of its watching when there are locks to be had.
    void end_transaction(client_state& client);

    /// After a command that ended with an exception.
    void drop_effects() noexcept;

    /// A blocked command has got its reply: if that is an error, or it was slow, even without the
    /// wait, it is noted.
    void note_served(client_state& client, const parked_call& call);

    /// Takes a call out of the lists that it waits in, after it has finished.
    void forget(const parked_call& call);

    /// Counts the errors that `reply` was given since it had `before`, which whoever asked for this
    /// command then need not see to.
    void count_errors(reply_writer& reply, std::uint64_t before);

    /// Likewise those that are not counted yet, and they remain errors of the reply.
    void count_errors(reply_writer& reply);
    /// Tells those who want to know it that keys are gone, which nobody has taken away by a
    /// command.
    void tell_of_loss(change_log log);

    /// Takes keys out if more memory is used than may be. False: that is so, and none can go. To be
    /// called without locks.
    bool make_room();

    /// Whether that was so when the request being executed began.
    bool is_out_of_memory() const noexcept { return is_out_of_memory_ && store_->is_above_limit(); }

    /// Reads the clock for what needs no milliseconds: call once in a while, say per batch.
    void tick() noexcept;

private:
    void count_changes() noexcept;
    bool permitted(client_state& client, const request& one, reply_writer& reply);
    bool needs_memory(const client_state& client, const request& one);
    bool has_memory_for(client_state& client, const request& one, reply_writer& reply);
    bool is_held_back(const client_state& client, const request& one);
    bool may_write(const command& row, std::span<const std::string_view> words);
    void refuse(client_state& client, const request& one, reply_writer& reply);
    void doom_transaction(client_state& client);
    void queue(client_state& client, const request& one, reply_writer& reply);
    void run(client_state& client, const request& one, reply_writer& reply);
    void run_planned(client_state& client, const request& one, reply_writer& reply);
    void call(client_state& client, const command& row, std::span<const std::string_view> args,
              std::span<const hashed_key> keys, reply_writer& reply, bool all_locked);
    void call_scripted(client_state& client, const request& one, reply_writer& reply);
    void call_again(parked_call& waiting, std::span<const hashed_key> keys, reply_writer& reply);
    bool lock_for_script(script_call& script, const request& one, std::span<const hashed_key> keys,
                         const client_state& client, reply_writer& reply);
    bool add_lock(script_call& script, std::size_t index, reply_writer& reply);
    void conclude(client_state& client, const command& row, std::span<const std::string_view> args,
                  std::span<const hashed_key> keys);
    void park(client_state& client, const command& row, std::span<const std::string_view> args,
              std::span<const hashed_key> keys);
    void serve_waiters();
    void serve_waiters_of(const change_log::ready_key& ready);
    bool serve(parked_call& waiting, const hashed_key& ready);
    void tell_new_keys(bool tell);
    void publish_events(client_state& client);
    void tell_monitors(client_state& client, const command& row,
                       std::span<const std::string_view> args, std::string_view from);
    void feed_monitors(client_state& client, const command& row,
                       std::span<const std::string_view> args, std::string_view from = {});
    void note_reads(const client_state& client, const command& row,
                    std::span<const std::string_view> args, std::span<const hashed_key> keys);
    void end_tracked_request(client_state& client, const request& one);
    bool add_needed_by_waiters(std::vector<std::uint64_t>& touched,
                               const std::vector<std::uint32_t>& locked) const;

    // What is noted about the time that commands take: executor_timing.cpp, but for what is done
    // for every command.
    void note_time(client_state& client, const request& one, command_counters& count) noexcept;
    std::int64_t attend(client_state& client, const request& one, command_counters& count,
                        std::int64_t ticks) noexcept;
    void note_slow(const client_state& client, const command& row,
                   std::span<const std::string_view> args, std::int64_t microseconds);
    void update_attention() noexcept;

    void follow_settings() noexcept {
        if (settings_->slowlog_slower_than_us.load(std::memory_order_relaxed) != slower_than_us_ ||
            settings_->latency_threshold_ms.load(std::memory_order_relaxed) != threshold_ms_)
            [[unlikely]]
            update_attention();
    }

    sharded_store* store_;
    request_time time_;
    const clock* clock_;
    services* server_;
    const settings* settings_;
    diagnostics* notes_;
    counters* count_;
    const registry* commands_;
    call_effects effects_;
    std::uint64_t started_ = 0;        // ticks: when the command being executed began
    std::uint64_t attention_ = 0;      // ticks: what takes so long is looked at by attend()
    std::int64_t longest_counted_ = 0; // ticks: of latency_slots::longest
    double nanoseconds_per_tick_ = tick_clock::nanoseconds_per_tick();
    std::int64_t slower_than_us_ = -2; // the settings that attention_ follows from
    std::int64_t threshold_ms_ = 0;
    bool is_out_of_memory_ = false;      // of the last request that came when there was too much
    std::vector<hashed_key> keys_;       // of the request being run; kept for its memory
    std::vector<std::uint64_t> touched_; // the hashes of all keys that it may touch; likewise
    store_guard* held_ = nullptr;        // the locks of a request that is run_planned()
    std::unique_ptr<script_runner> scripts_; // once there is one to run
    request scripted_;                       // the command that a script calls
    std::vector<hashed_key> scripted_keys_;  // its keys
};

/// Calls `visit(word index)` for each key that the request's words name by the row's ranges.
template <class Visit>
void for_each_key(const command& row, std::span<const std::string_view> args, Visit&& visit) {
    const int count = static_cast<int>(args.size());
    for (const key_range& range : row.keys) {
        if (range.first == 0) break;
        if (range.first < 0) continue;
        if (range.find != nullptr) {
            const std::size_t begin = range.find(args);
            for (std::size_t i = 0; begin != 0 && i < (args.size() - begin) / 2; ++i)
                visit(begin + i);
            continue;
        }
        int first = range.first;
        int last = range.last < 0 ? count + range.last : range.last;
        if (range.counted) {
            if (first >= count) continue;
            const std::optional<std::int64_t> keys =
                parse_integer(args[static_cast<std::size_t>(first)]);
            if (!keys || *keys < 1 || *keys > count) continue; // the command itself complains
            last = first + static_cast<int>(*keys) * range.step;
            first += range.step;
        }
        for (int at = first; at <= last && at < count; at += range.step)
            visit(static_cast<std::size_t>(at));
    }
}

} // namespace mini_redis
