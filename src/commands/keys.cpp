// Keys by their names, whatever they hold: whether they are there, and taking them away.
#include <array>
#include <cstdint>
#include <string_view>

#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"

namespace mini_redis {
namespace {

void del(context& c) {
    std::int64_t removed = 0;
    for (const hashed_key& key : c.keys) {
        const located found = c.db.find(key);
        if (!found) continue;
        c.db.erase(key, found);
        c.notify(event_class::generic, "del", key);
        ++removed;
    }
    c.reply.integer(removed);
}

void exists(context& c) {
    std::int64_t there = 0;
    for (const hashed_key& key : c.keys)
        there += static_cast<bool>(c.inspect(key));
    c.reply.integer(there);
}

void touch(context& c) {
    std::int64_t there = 0;
    for (const hashed_key& key : c.keys) {
        const located found = c.inspect(key);
        if (!found) continue;
        c.db.touch(*found); // even for a client in NO-TOUCH mode: this is its purpose
        ++there;
    }
    c.reply.integer(there);
}

void type(context& c) {
    const located found = c.inspect(c.keys[0]);
    c.reply.simple_string(found ? to_string(found->type()) : "none");
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 2> sum_over_shards{"request_policy:multi_shard",
                                                          "response_policy:agg_sum"};

constexpr command rows[] = {
    {.name = "del",
     .handler = del,
     .arity = -2,
     .flags = write,
     .categories = acl_category::keyspace,
     .keys = {{{1, -1, 1, "RM delete"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Removes keys; large values are freed in the background.",
     .tips = sum_over_shards},
    {.name = "exists",
     .handler = exists,
     .arity = -2,
     .flags = readonly | fast,
     .categories = acl_category::keyspace,
     .keys = {{{1, -1, 1, "RO"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Counts how many of the keys are there.",
     .tips = sum_over_shards},
    {.name = "touch",
     .handler = touch,
     .arity = -2,
     .flags = readonly | fast,
     .categories = acl_category::keyspace,
     .keys = {{{1, -1, 1, "RO"}}},
     .group = "generic",
     .since = "3.2.1",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Marks keys as just used, and counts those that are there.",
     .tips = sum_over_shards},
    {.name = "type",
     .handler = type,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::keyspace,
     .keys = {{{1, 1, 1, "RO"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells what kind of value a key holds."},
    {.name = "unlink",
     .handler = del,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::keyspace,
     .keys = {{{1, -1, 1, "RM delete"}}},
     .group = "generic",
     .since = "4.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Removes keys; large values are freed in the background.",
     .tips = sum_over_shards},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> key_commands() {
    return rows;
}

} // namespace mini_redis
