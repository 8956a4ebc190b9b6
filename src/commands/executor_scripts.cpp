// Commands that a script calls, and the locks that it holds: those of the keys that it declares,
// and of the others that it uses all the same, as it comes to them.
//
// Locks are taken in ascending order, or else two requests may wait for each other. A script that
// comes to a shard below one that it holds is therefore begun anew with all shards locked, which
// nobody notices as long as it has changed nothing. If it has changed something, it waits for the
// shard for a while only. Either way it is remembered as one that roams, which has all shards
// locked from its beginning.
#include <algorithm>
#include <string>
#include <utility>

#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/executor.hpp"
#include "commands/script_call.hpp"
#include "commands/script_runner.hpp"

namespace mini_redis {
namespace {

constexpr std::string_view cannot_lock =
    "ERR Script uses a key that it did not declare and that another client is using; try again";

// What such commands do is seen by others.
constexpr command_flag visible =
    command_flag::write | command_flag::may_replicate | command_flag::pubsub | command_flag::admin;

// Nothing if the command may be run.
std::string_view reason_to_refuse(const script_call& script, const command* row, bool arity_fits) {
    if (row == nullptr) return "ERR Unknown Redis command called from script";
    if (!arity_fits) return "ERR Wrong number of args calling Redis command from script";
    if (has(row->flags, command_flag::noscript))
        return "ERR This Redis command is not allowed from script";
    if (script.read_only &&
        (has(row->flags, command_flag::write) || has(row->flags, command_flag::may_replicate)))
        return "ERR Write commands are not allowed from read-only scripts.";
    if (script.out_of_memory && !script.wrote && has(row->flags, command_flag::denyoom))
        return replies::out_of_memory;
    return {};
}

} // namespace

script_runner& executor::scripts() {
    if (!scripts_) scripts_ = std::make_unique<script_runner>(*this, *server_);
    return *scripts_;
}

void executor::lock_all_for_script() {
    if (!held_->all()) held_->lock_all_anew();
}

// Locks a shard besides those that the script holds. Replies with an error and returns false if the
// command cannot be run.
bool executor::add_lock(script_call& script, std::size_t index, reply_writer& reply) {
    if (held_->holds(index)) return true;
    script.roamed = true;
    script.wants_all |= !held_->may_lock(index);
    script.needs_all = !script.acted && script.wants_all;
    if (!script.needs_all && held_->try_add(index)) return true;
    reply.error(cannot_lock);
    return false;
}

bool executor::lock_for_script(script_call& script, const request& one,
                               std::span<const hashed_key> keys, const client_state& client,
                               reply_writer& reply) {
    if (held_->all()) return true;
    const command& row = *one.row;
    lock_plan plan;
    if (row.plan != nullptr) row.plan(client, one.args, plan);
    if (plan.whole_keyspace || has(row.flags, command_flag::whole_keyspace) ||
        has(row.flags, command_flag::locks_itself)) {
        script.roamed = script.wants_all = true;
        if (!script.acted) {
            script.needs_all = true;
            return false;
        }
        if (held_->try_add_all()) return true;
        reply.error(cannot_lock);
        return false;
    }
    for (const hashed_key& key : keys)
        if (!add_lock(script, store_->shard_index(key.hash), reply)) return false;
    for (const std::string_view key : plan.keys)
        if (!add_lock(script, store_->shard_index(hash_key(key)), reply)) return false;
    if (!script.roamed || has(row.flags, command_flag::readonly)) return true;
    // Whom it serves may need further locks, as in run_planned().
    touched_.clear();
    for (const hashed_key& key : keys)
        touched_.push_back(key.hash);
    for (bool complete = false; !complete;) {
        complete = add_needed_by_waiters(touched_, held_->shards());
        for (const std::uint64_t hash : touched_)
            if (!add_lock(script, store_->shard_index(hash), reply)) return false;
    }
    return true;
}

void executor::execute_scripted(client_state& client, script_call& script,
                                std::span<const std::string_view> args, reply_writer& reply) {
    request& one = scripted_;
    one.args.assign(args.begin(), args.end());
    prepare(one, client);
    const std::uint64_t errors = reply.errors();
    if (const std::string_view why = reason_to_refuse(script, one.row, one.arity_fits);
        !why.empty()) {
        if (one.row != nullptr) count_->by_command[one.number].rejected.add();
        reply.error(why);
        return count_errors(reply, errors);
    }
    command_counters& count = count_->by_command[one.number];
    const command& row = *one.row;
    scripted_keys_.clear();
    if (one.one_key)
        scripted_keys_.push_back(one.key);
    else
        for_each_key(row, one.args,
                     [&](std::size_t at) { scripted_keys_.emplace_back(one.args[at]); });
    if (!held_->all() && !lock_for_script(script, one, scripted_keys_, client, reply)) {
        if (script.needs_all) return; // nobody sees this error
        count.rejected.add();
        return count_errors(reply, errors);
    }
    if (has(row.flags, command_flag::write)) script.wrote = true;
    if (has(row.flags, visible)) script.acted = true;
    call_scripted(client, one, reply);
    if (reply.errors() != errors) {
        count.failed.add();
        count_errors(reply, errors);
    }
}

void executor::serve_others(client_state& client) noexcept {
    // Their commands are run by this executor as well.
    call_effects effects = std::exchange(effects_, {});
    std::vector<hashed_key> keys = std::exchange(keys_, {});
    std::vector<std::uint64_t> touched = std::exchange(touched_, {});
    store_guard* const held = std::exchange(held_, nullptr);
    const request_time time = time_;
    server_->serve_others(client);
    effects_ = std::move(effects);
    keys_ = std::move(keys);
    touched_ = std::move(touched);
    held_ = held;
    time_ = time;
}

} // namespace mini_redis
