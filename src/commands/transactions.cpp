// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
//
// EXEC runs what was queued as one step: it holds the locks of all keys that the queued requests
// name, and of those that are watched, so that nothing comes in between.
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/families.hpp"
#include "commands/registry.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {
namespace {

void multi(context& c) {
    if (c.client.in_transaction) return c.reply.error("ERR MULTI calls can not be nested");
    auto& queue = c.client.ensure_extra().queue;
    if (!queue) queue = std::make_unique<transaction>();
    c.client.in_transaction = true;
    c.reply.ok();
}

void plan_exec(const client_state& client, std::span<const std::string_view>, lock_plan& plan) {
    if (!client.in_transaction) return;
    const transaction& queue = *client.extra->queue;
    for (const auto& [database, key] : queue.watched)
        plan.keys.emplace_back(key);
    for (const owned_words& each : queue.requests) {
        const std::span words = each.words();
        const command* row = registry::built_in().find(words[0]);
        if (row != nullptr && !row->subcommands.empty() && words.size() > 1)
            row = find_subcommand(*row, words[1]);
        if (row == nullptr) continue;
        if (has(row->flags, command_flag::whole_keyspace) ||
            has(row->flags, command_flag::locks_itself) ||
            has(row->flags, command_flag::runs_script))
            plan.whole_keyspace = true;
        if (row->plan != nullptr) row->plan(client, words, plan);
        for_each_key(*row, words, [&](std::size_t at) { plan.keys.push_back(words[at]); });
    }
}

// Holds back the replies of what follows in a transaction: after CLIENT REPLY OFF, and after CLIENT
// KILL of oneself, whose reply is the last. The array that was announced stays short, as in Redis.
class silence {
public:
    explicit silence(reply_writer& reply) noexcept : reply_{reply} {}

    ~silence() {
        if (&reply_.buffer() == &unheard_) reply_.unmute();
    }

    silence(const silence&) = delete;
    silence& operator=(const silence&) = delete;

    void begin_if(bool wanted) noexcept {
        if (wanted) [[unlikely]]
            reply_.mute(unheard_);
    }

private:
    reply_writer& reply_;
    output_buffer unheard_;
};

void exec(context& c) {
    if (!c.client.in_transaction) return c.reply.error("ERR EXEC without MULTI");
    transaction& queue = *c.client.extra->queue;
    // A watched key whose time has come counts as changed: to look at it removes it.
    for (const auto& [database, key] : queue.watched)
        c.database_at(database).find(hashed_key{key});
    const bool broken = queue.is_broken();
    const bool doomed = queue.doomed;
    const auto requests = std::move(queue.requests);
    unwatch_all(queue, c.store, true);
    c.runner.end_transaction(c.client);
    if (doomed) return c.reply.error("EXECABORT Transaction discarded because of previous errors.");
    if (broken) return c.reply.null_array();
    c.reply.array(requests.size());
    c.effects.may_park = false;
    c.client.in_exec = static_cast<std::uint32_t>(requests.size());
    silence rest{c.reply};
    for (const owned_words& each : requests) {
        c.runner.execute_queued(c.client, each.words(), c.reply, c.all_locked);
        rest.begin_if(c.client.replies == reply_mode::off || c.client.close_after_reply);
    }
    c.client.in_exec = 0;
    c.effects.may_park = true;
}

void discard(context& c) {
    if (!c.client.in_transaction) return c.reply.error("ERR DISCARD without MULTI");
    c.runner.end_transaction(c.client);
    c.reply.ok();
}

void watch_keys(context& c) {
    if (c.client.in_transaction) return c.reply.error("ERR WATCH inside MULTI is not allowed");
    auto& queue = c.client.ensure_extra().queue;
    if (!queue) queue = std::make_unique<transaction>();
    for (const hashed_key& key : c.keys) {
        c.db.find(key); // what has expired by now does not count as changed later
        queue->watch_key(c.store, c.db.index(), key.name);
    }
    c.reply.ok();
}

void plan_unwatch(const client_state& client, std::span<const std::string_view>, lock_plan& plan) {
    if (!client.extra || !client.extra->queue) return;
    for (const auto& [database, key] : client.extra->queue->watched)
        plan.keys.emplace_back(key);
}

void unwatch(context& c) {
    if (c.client.extra && c.client.extra->queue) unwatch_all(*c.client.extra->queue, c.store, true);
    c.reply.ok();
}

using enum command_flag;

constexpr command_flag always = noscript | loading | stale | fast | allow_busy;

constexpr command rows[] = {
    {.name = "discard",
     .handler = discard,
     .arity = 1,
     .flags = always | not_queued,
     .categories = acl_category::transaction,
     .group = "transactions",
     .since = "2.0.0",
     .complexity = "O(N) in the number of queued commands",
     .syntax = "",
     .summary = "Drops what was queued since MULTI, and what was watched."},
    {.name = "exec",
     .handler = exec,
     .arity = 1,
     .flags = noscript | loading | stale | skip_slowlog | not_queued,
     .categories = acl_category::transaction,
     .group = "transactions",
     .since = "1.2.0",
     .complexity = "Depends on commands in the transaction",
     .syntax = "",
     .summary = "Runs what was queued since MULTI as one step, unless a watched key has changed.",
     .plan = plan_exec},
    {.name = "multi",
     .handler = multi,
     .arity = 1,
     .flags = always | not_queued,
     .categories = acl_category::transaction,
     .group = "transactions",
     .since = "1.2.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Queues the commands that follow until EXEC runs or DISCARD drops them."},
    {.name = "unwatch",
     .handler = unwatch,
     .arity = 1,
     .flags = always,
     .categories = acl_category::transaction,
     .group = "transactions",
     .since = "2.2.0",
     .complexity = "O(N) in the number of watched keys",
     .syntax = "",
     .summary = "Forgets the keys that were watched.",
     .plan = plan_unwatch},
    {.name = "watch",
     .handler = watch_keys,
     .arity = -2,
     .flags = always | not_queued,
     .categories = acl_category::transaction,
     .keys = {{{1, -1, 1, "RO"}}},
     .group = "transactions",
     .since = "2.2.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Lets the next EXEC run only if none of these keys changes before."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> transaction_commands() {
    return rows;
}

} // namespace mini_redis
