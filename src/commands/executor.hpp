// Request -> reply: look up the row, check, lock the keys, call the function.
#pragma once

#include <cstdint>
#include <mini_redis/clock.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/client_state.hpp"
#include "commands/counters.hpp"
#include "commands/effects.hpp"
#include "commands/registry.hpp"
#include "commands/services.hpp"
#include "resp/number.hpp"
#include "resp/reply_writer.hpp"
#include "resp/request_parser.hpp"
#include "store/database.hpp"

namespace mini_redis {

class parked_call;

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
};

/// Executes requests for one worker thread: prepare() each request of a pipeline, then
/// prefetch() each, then execute() each. The first two may be called for requests ahead, as they
/// change nothing.
///
/// *Thread safety*: an executor belongs to one thread; the store that several share does the rest.
class executor {
public:
    executor(sharded_store& store, const clock& time, services& server, counters& count,
             const registry& commands = registry::built_in())
        : store_{&store},
          time_{time},
          clock_{&time},
          server_{&server},
          settings_{&server.configuration()},
          count_{&count},
          commands_{&commands} {
        count.by_command = std::make_unique<command_counters[]>(commands.count());
    }

    /// Looks the command up and hashes its key.
    void prepare(request& one, const client_state& client) const noexcept;

    /// Asks for the memory of the key.
    void prefetch(const request& one, const client_state& client) const noexcept {
        if (one.one_key) store_->prefetch_entry(one.key, client.database);
    }

    /// Runs a prepared request and writes its reply.
    void execute(client_state& client, const request& one, reply_writer& reply);

    /// All three steps for a single request, whose first word is its name.
    void execute(client_state& client, std::span<const std::string_view> args, reply_writer& reply);

    /// Runs a request of a transaction, whose locks are held; `all_locked`: those of every shard.
    void execute_queued(client_state& client, std::span<const std::string_view> args,
                        reply_writer& reply, bool all_locked);

    /// After a command that ended with an exception.
    void drop_effects() noexcept;

    /// Takes a call out of the lists that it waits in, after it has finished.
    void forget(const parked_call& call);

    /// Tells those who want to know it that keys are gone, which nobody has taken away by a
    /// command.
    void tell_of_loss(change_log log);

    /// Reads the clock for what needs no milliseconds: call once in a while, say per batch.
    void tick() noexcept;

private:
    bool permitted(client_state& client, const command& row, const command* container,
                   reply_writer& reply);
    void refuse(client_state& client, const request& one, reply_writer& reply);
    void doom_transaction(client_state& client);
    void queue(client_state& client, const request& one, reply_writer& reply);
    void run(client_state& client, const request& one, reply_writer& reply);
    void run_planned(client_state& client, const request& one, reply_writer& reply);
    void call(client_state& client, const command& row, std::span<const std::string_view> args,
              std::span<const hashed_key> keys, reply_writer& reply, bool all_locked);
    void call_again(parked_call& waiting, std::span<const hashed_key> keys, reply_writer& reply);
    void conclude(client_state& client, const command& row, std::span<const std::string_view> args,
                  std::span<const hashed_key> keys);
    void park(client_state& client, const command& row, std::span<const std::string_view> args,
              std::span<const hashed_key> keys);
    void serve_waiters();
    void serve_waiters_of(const change_log::ready_key& ready);
    bool serve(parked_call& waiting, const hashed_key& ready);
    void tell_new_keys(bool tell);
    void publish_events(client_state& client);
    bool add_needed_by_waiters(std::vector<std::uint64_t>& touched,
                               const std::vector<std::uint32_t>& locked) const;
    void run_timed(client_state& client, const request& one, reply_writer& reply,
                   command_counters& count);

    // Of so many calls of a command one is timed: reading the clock twice costs as much as a GET.
    static constexpr std::uint64_t timed_calls = 64;

    sharded_store* store_;
    request_time time_;
    const clock* clock_;
    services* server_;
    const settings* settings_;
    counters* count_;
    const registry* commands_;
    call_effects effects_;
    std::vector<hashed_key> keys_;       // of the request being run; kept for its memory
    std::vector<std::uint64_t> touched_; // the hashes of all keys that it may touch; likewise
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
