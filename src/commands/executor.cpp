#include "commands/executor.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/parked_call.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_runner.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {
namespace {

std::string unknown_command(std::span<const std::string_view> args) {
    // As much of the request as helps to find it, as Redis cuts it.
    std::string text =
        fmt::format("ERR unknown command '{}', with args beginning with: ", shown(args[0], 128));
    std::string words;
    for (std::size_t i = 1; i < args.size() && words.size() < 128; ++i)
        words += fmt::format("'{}' ", shown(args[i], 128 - words.size()));
    return text + words;
}

// What an HTTP request begins with, sent by a browser that a page has tricked into talking to us.
bool is_http(std::string_view name) {
    return equals_ignoring_case(name, "post") || equals_ignoring_case(name, "host:");
}

// Where the locks of the request are, for as long as it lives.
class held_while {
public:
    held_while(store_guard*& held, store_guard& guard) noexcept : held_{held} { held_ = &guard; }

    ~held_while() { held_ = nullptr; }

    held_while(const held_while&) = delete;
    held_while& operator=(const held_while&) = delete;

private:
    store_guard*& held_;
};

std::string unknown_subcommand(const command& container, std::string_view name) {
    std::string upper{container.name};
    for (char& c : upper)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", shown(name, 128), upper);
}

} // namespace

executor::executor(sharded_store& store, const clock& time, services& server, counters& count,
                   const registry& commands)
    : store_{&store},
      time_{time},
      clock_{&time},
      server_{&server},
      settings_{&server.configuration()},
      notes_{&server.notes()},
      count_{&count},
      commands_{&commands} {
    count.by_command = std::make_unique<command_counters[]>(commands.count());
}

executor::~executor() = default;

void executor::prepare(request& one, const client_state& client) const noexcept {
    one.one_key = false;
    // A pipeline mostly repeats itself: what this request was last time is a good guess.
    const bool repeated =
        one.row != nullptr && one.container == nullptr && one.is_spelled_as_before();
    if (!repeated) {
        const registry::numbered found = commands_->find_numbered(one.args[0]);
        one.container = nullptr;
        one.row = found.row;
        one.number = found.number;
        const bool is_kept = one.args[0].size() <= one.spelling.size();
        one.spelling_size = is_kept ? static_cast<std::uint8_t>(one.args[0].size()) : 0;
        std::memcpy(one.spelling.data(), one.args[0].data(), one.spelling_size);
    }
    if (one.row == nullptr) return;
    if (!one.row->subcommands.empty() && one.args.size() > 1) {
        one.container = one.row;
        one.row = find_subcommand(*one.container, one.args[1]);
        if (one.row == nullptr) return;
        one.number += 1 + static_cast<std::uint32_t>(one.row - one.container->subcommands.data());
    }
    const command& row = *one.row;
    one.arity_fits = row.handler != nullptr && arity_fits(row, one.args.size());
    one.one_key = one.arity_fits && row.has_one_key();
    if (!one.one_key) return;
    one.key = hashed_key{one.args[static_cast<std::size_t>(row.keys[0].first)]};
    store_->prefetch_bucket(one.key, client.database);
}

[[gnu::always_inline]] inline void executor::note_time(client_state& client, const request& one,
                                                       command_counters& count) noexcept {
    const std::uint64_t now = tick_clock::now();
    std::int64_t taken = tick_clock::between(started_, now);
    started_ = now;
    if (static_cast<std::uint64_t>(taken) >= attention_) [[unlikely]] // or negative
        taken = attend(client, one, count, taken);
    count.ticks.add(static_cast<std::uint64_t>(taken));
    if (settings_->latency_tracking.load(std::memory_order_relaxed) != 0) [[likely]]
        count.add_latency(static_cast<double>(taken | 1) * nanoseconds_per_tick_);
}

void executor::execute(client_state& client, const request& one, reply_writer& reply) {
    effects_.changes.client = client.id;
    const std::uint64_t errors = reply.errors();
    command_counters& count = count_->by_command[one.number];
    if (one.row == nullptr || !one.arity_fits) [[unlikely]] {
        if (one.row != nullptr) count.rejected.add();
        doom_transaction(client);
        refuse(client, one, reply);
    } else if (permitted(client, one, reply)) [[likely]] {
        if (client.in_transaction && !has(one.row->flags, command_flag::not_queued)) [[unlikely]]
            return queue(client, one, reply);
        run(client, one, reply);
        count.calls.add();
        note_time(client, one, count);
        if (reply.errors() != errors) [[unlikely]]
            count.failed.add();
    } else {
        count.rejected.add();
        doom_transaction(client);
    }
    if (reply.errors() != errors) [[unlikely]]
        count_errors(reply, errors);
    count_changes();
    if (client.tracking) [[unlikely]]
        end_tracked_request(client, one);
}

// After each command.
inline void executor::count_changes() noexcept {
    change_log& log = effects_.changes;
    if (log.changes == 0) return;
    count_->changes.add(log.changes);
    log.changes = log.changed_key = 0;
}

void executor::count_errors(reply_writer& reply, std::uint64_t before) {
    if (reply.errors() == before) return;
    count_errors(reply);
    reply.forget_errors_since(before);
}

void executor::count_errors(reply_writer& reply) {
    const std::uint64_t errors = reply.uncounted_errors();
    if (errors == 0) return;
    count_->error_replies.add(errors);
    server_->notes().errors.add(reply.last_error_code(), errors);
    reply.mark_errors_counted();
}

// What could not be queued is not left out silently: EXEC will refuse.
void executor::doom_transaction(client_state& client) {
    if (client.in_transaction) client.extra->queue->doomed = true;
}

void executor::execute(client_state& client, std::span<const std::string_view> args,
                       reply_writer& reply) {
    request one;
    one.args.assign(args.begin(), args.end());
    prepare(one, client);
    start_clock();
    execute(client, one, reply);
}

void executor::refuse(client_state& client, const request& one, reply_writer& reply) {
    if (one.row != nullptr && one.row->name == "exec") {
        // What is watched without MULTI is so no more, either.
        end_transaction(client);
        reply.error("EXECABORT Transaction discarded because of: wrong number of arguments for "
                    "'exec' command");
    } else if (one.row != nullptr)
        reply.error(fmt::format("ERR wrong number of arguments for '{}' command",
                                full_name(one.container, *one.row)));
    else if (one.container != nullptr)
        reply.error(unknown_subcommand(*one.container, one.args[1]));
    else if (is_http(one.args[0]))
        client.close_after_reply = client.close_without_reply = true;
    else
        reply.error(unknown_command(one.args));
}

bool executor::permitted(client_state& client, const request& one, reply_writer& reply) {
    const command& row = *one.row;
    if (store_->is_held_long() && !has(row.flags, command_flag::allow_busy)) [[unlikely]] {
        std::string text{server_->running().busy_text()};
        if (row.name == "exec") {
            end_transaction(client);
            text = "EXECABORT Transaction discarded because of: " + text;
        }
        reply.error(text);
        return false;
    }
    if (!client.authenticated && !has(row.flags, command_flag::no_auth)) [[unlikely]] {
        client.authenticated = server_->configuration().password().empty(); // taken away meanwhile?
        if (!client.authenticated) {
            reply.error("NOAUTH Authentication required.");
            return false;
        }
    }
    if (client.protocol == protocol_version::resp2 && client.subscriptions() != 0 &&
        !has(row.flags, command_flag::in_subscribed)) [[unlikely]] {
        reply.error(fmt::format(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
            "are allowed in this context",
            full_name(one.container, row)));
        return false;
    }
    constexpr command_flag on_keys =
        command_flag::readonly | command_flag::write | command_flag::may_replicate;
    if (client.monitoring && has(row.flags, on_keys)) [[unlikely]] {
        reply.error("ERR Replica can't interact with the keyspace"); // as Redis calls them
        return false;
    }
    if (store_->is_above_limit()) [[unlikely]]
        return has_memory_for(client, one, reply);
    return true;
}

void executor::queue(client_state& client, const request& one, reply_writer& reply) {
    if (has(one.row->flags, command_flag::no_multi)) {
        doom_transaction(client);
        const std::uint64_t errors = reply.errors();
        reply.error("ERR Command not allowed inside a transaction");
        return count_errors(reply, errors);
    }
    transaction& queue = *client.extra->queue;
    queue.requests.emplace_back(one.args);
    queue.needs_memory |= has(one.row->flags, command_flag::denyoom);
    queue.memory += sizeof(owned_words) + queue.requests.back().memory();
    reply.simple_string("QUEUED");
}

void executor::end_transaction(client_state& client) {
    client.in_transaction = false;
    if (!client.extra || !client.extra->queue) return;
    const std::shared_ptr<transaction> ended{std::move(client.extra->queue)};
    if (ended->watching)
        server_->when_unlocked(client,
                               [ended, keys = store_] { unwatch_all(*ended, *keys, false); });
}

void executor::tick() noexcept {
    time_.set_coarse_seconds(static_cast<std::uint32_t>(clock_->now_ms() / 1000));
}

// Called for every request: inlined, it is 25 instructions cheaper.
[[gnu::always_inline]] inline void executor::call(client_state& client, const command& row,
                                                  std::span<const std::string_view> args,
                                                  std::span<const hashed_key> keys,
                                                  reply_writer& reply, bool all_locked) {
    effects_.wanted_events = settings_->keyspace_events.load(std::memory_order_relaxed);
    const bool tells_new = (effects_.wanted_events & bit(event_class::new_key)) != 0;
    if (tells_new != static_cast<bool>(effects_.changes.on_created)) [[unlikely]]
        tell_new_keys(tells_new);
    context c{args,       keys,
              row,        database{*store_, client.database, time_, &effects_.changes},
              time_,      reply,
              client,     *store_,
              *server_,   *count_,
              *commands_, effects_,
              *this,      all_locked};
    row.handler(c);
    if (client.tracking) [[unlikely]]
        note_reads(client, row, args, keys);
}

void executor::run(client_state& client, const request& one, reply_writer& reply) {
    const command& row = *one.row;
    time_.restart();
    if (one.one_key) [[likely]] {
        shard& home = store_->shard_of(one.key);
        const memory_scope changes{store_->memory()};
        if (store_->lock(home)) [[unlikely]]
            started_ = tick_clock::now(); // to wait for others is not to be slow
        const std::lock_guard lock{home.mutex, std::adopt_lock};
        if (!home.listeners || !home.listeners->needs.contains(one.key.hash) ||
            has(row.flags, command_flag::readonly)) [[likely]] {
            const std::span keys{&one.key, 1};
            call(client, row, one.args, keys, reply, false);
            return conclude(client, row, one.args, keys);
        }
    } else if (!row.has_keys() && row.plan == nullptr &&
               !has(row.flags, command_flag::whole_keyspace)) {
        call(client, row, one.args, {}, reply, false);
        follow_settings(); // this may have been CONFIG SET
        return conclude(client, row, one.args, {});
    }
    run_planned(client, one, reply);
}

// A request whose locks have to be found out first.
void executor::run_planned(client_state& client, const request& one, reply_writer& reply) {
    const command& row = *one.row;
    keys_.clear();
    touched_.clear();
    for_each_key(row, one.args, [&](std::size_t at) { keys_.emplace_back(one.args[at]); });
    lock_plan plan;
    if (row.plan != nullptr) row.plan(client, one.args, plan);
    const auto run_locked = [&](store_guard& guard) {
        const held_while holding{held_, guard};
        if (guard.has_waited()) started_ = tick_clock::now();
        call(client, row, one.args, keys_, reply, guard.all());
        conclude(client, row, one.args, keys_);
    };
    if (has(row.flags, command_flag::whole_keyspace) || plan.whole_keyspace) {
        store_guard guard{*store_, store_guard::all_shards{}};
        return run_locked(guard);
    }
    for (const hashed_key& key : keys_)
        touched_.push_back(key.hash);
    for (const std::string_view key : plan.keys)
        touched_.push_back(hash_key(key));
    // If this request serves a blocked client, that client's command may need further locks (those
    // of BLMOVE's destination), and what it does may serve the next. So the locks are widened until
    // nothing can be missing; each round adds shards, so that it ends.
    const auto own = static_cast<std::ptrdiff_t>(touched_.size());
    std::vector<std::uint32_t> shards;
    while (true) {
        for (const std::uint64_t hash : touched_)
            shards.push_back(static_cast<std::uint32_t>(store_->shard_index(hash)));
        store_guard guard{*store_, shards};
        touched_.erase(touched_.begin() + own, touched_.end()); // found out anew, now under lock
        if (add_needed_by_waiters(touched_, guard.shards())) return run_locked(guard);
    }
}

// A blocked client's command, now that one of its keys is ready.
void executor::call_again(parked_call& waiting, std::span<const hashed_key> keys,
                          reply_writer& reply) {
    call(waiting.client, waiting.row, waiting.request.words(), keys, reply, false);
}

// A script's command, whose keys are scripted_keys_.
void executor::call_scripted(client_state& client, const request& one, reply_writer& reply) {
    // The script itself goes on.
    const std::uint64_t begun = std::exchange(started_, tick_clock::now());
    call(client, *one.row, one.args, scripted_keys_, reply, held_->all());
    if (!effects_.events.empty()) [[unlikely]]
        publish_events(client);
    if (notes_->monitors.load(std::memory_order_relaxed) != 0) [[unlikely]]
        feed_monitors(client, *one.row, one.args, "lua");
    count_changes();
    command_counters& count = count_->by_command[one.number];
    count.calls.add();
    note_time(client, one, count);
    started_ = begun;
}

void executor::execute_queued(client_state& client, std::span<const std::string_view> args,
                              reply_writer& reply, bool all_locked) {
    request one;
    one.args.assign(args.begin(), args.end());
    prepare(one, client);
    command_counters& count = count_->by_command[one.number];
    if (one.row == nullptr || !one.arity_fits) return refuse(client, one, reply);
    const std::uint64_t errors = reply.errors();
    std::vector<hashed_key> keys;
    for_each_key(*one.row, one.args, [&](std::size_t at) { keys.emplace_back(one.args[at]); });
    // What may be executed was settled when it was queued: not even SUBSCRIBE before it changes
    // that.
    const std::size_t before = reply.buffer().size();
    const std::uint64_t begun = std::exchange(started_, tick_clock::now()); // EXEC itself goes on
    try {
        call(client, *one.row, one.args, keys, reply, all_locked);
    } catch (const std::bad_alloc&) { // the others go on
        reply.buffer().truncate(before);
        reply.error("ERR out of memory");
    }
    if (!effects_.events.empty()) [[unlikely]]
        publish_events(client); // before what the next command may publish itself
    if (notes_->monitors.load(std::memory_order_relaxed) != 0) [[unlikely]]
        feed_monitors(client, *one.row, one.args);
    count.calls.add();
    count_changes();
    follow_settings();
    note_time(client, one, count);
    started_ = begun;
    if (reply.errors() != errors) {
        count.failed.add();
        count_errors(reply, errors);
    }
}

// -- What follows a command, under its locks --------------------------------------------------

void executor::conclude(client_state& client, const command& row,
                        std::span<const std::string_view> args, std::span<const hashed_key> keys) {
    if (effects_.parked) [[unlikely]]
        park(client, row, args, keys);
    if (!effects_.changes.ready.empty()) [[unlikely]]
        serve_waiters();
    if (!effects_.events.empty()) [[unlikely]]
        publish_events(client);
    if (notes_->monitors.load(std::memory_order_relaxed) != 0) [[unlikely]]
        feed_monitors(client, row, args);
}

void executor::tell_new_keys(bool tell) {
    effects_.changes.on_created = nullptr;
    if (tell)
        effects_.changes.on_created = [this](std::size_t database, std::string_view key) {
            effects_.events.push_back({"new", database, std::string{key}});
        };
}

void executor::publish_events(client_state& client) {
    const std::vector<keyspace_event> events = std::exchange(effects_.events, {});
    for (const keyspace_event& each : events) {
        if ((effects_.wanted_events & bit(event_class::keyspace)) != 0)
            server_->publish(&client, fmt::format("__keyspace@{}__:{}", each.database, each.key),
                             each.name);
        if ((effects_.wanted_events & bit(event_class::keyevent)) != 0)
            server_->publish(&client, fmt::format("__keyevent@{}__:{}", each.database, each.name),
                             each.key);
    }
}

void executor::drop_effects() noexcept {
    effects_.changes.ready.clear();
    effects_.events.clear();
    effects_.parked.reset();
    effects_.may_park = true;
    effects_.in_script = false;
    effects_.resumed = false;
}

} // namespace mini_redis
