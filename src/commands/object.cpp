// OBJECT: how the values at keys are kept, and when they were used.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/encoding.hpp"
#include "commands/families.hpp"
#include "commands/settings.hpp"

namespace mini_redis {
namespace {

void object_encoding(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.bulk_string(encoding_name(*found));
}

bool counts_frequency(const context& c) {
    return c.store.frequency().counted.load(std::memory_order_relaxed);
}

void object_freq(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    if (!counts_frequency(c))
        return c.reply.error("ERR An LFU maxmemory policy is not selected, access frequency not "
                             "tracked. Please note that when switching between policies at runtime "
                             "LRU and LFU data will take some time to adjust.");
    const access_frequency used{found->last_access(), c.time.coarse_seconds(), c.store.frequency()};
    c.reply.integer(used.counter());
}

void object_idletime(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    if (counts_frequency(c))
        return c.reply.error("ERR An LFU maxmemory policy is selected, idle time not tracked. "
                             "Please note that when switching between policies at runtime LRU and "
                             "LFU data will take some time to adjust.");
    c.reply.integer(idle_seconds(*found, c.time.coarse_seconds()));
}

// As Redis does: how long or how often an integer was not used cannot be told of one that many
// keys share.
bool shares_integers(const context& c) {
    const settings& now = c.server.configuration();
    if (now.max_memory.load(std::memory_order_relaxed) == 0) return true;
    const std::string policy = now.value_of("maxmemory-policy");
    return !policy.ends_with("-lru") && !policy.ends_with("-lfu");
}

void object_refcount(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.integer(shares_integers(c) ? reference_count(*found) : 1);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command object_rows[] = {
    {.name = "encoding",
     .handler = object_encoding,
     .arity = 3,
     .flags = readonly,
     .categories = acl_category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how the value at a key is represented in memory.",
     .tips = changing_output},
    {.name = "freq",
     .handler = object_freq,
     .arity = 3,
     .flags = readonly,
     .categories = acl_category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how often a key is used, if that is being tracked.",
     .tips = changing_output},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = acl_category::keyspace,
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Lists the subcommands of OBJECT."},
    {.name = "idletime",
     .handler = object_idletime,
     .arity = 3,
     .flags = readonly,
     .categories = acl_category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many seconds ago a key was last used.",
     .tips = changing_output},
    {.name = "refcount",
     .handler = object_refcount,
     .arity = 3,
     .flags = readonly,
     .categories = acl_category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many owners the value at a key has.",
     .tips = changing_output},
};

constexpr command rows[] = {
    {.name = "object",
     .arity = -2,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at how values are stored.",
     .subcommands = object_rows},
};

static_assert(arities_match(object_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> object_commands() {
    return rows;
}

} // namespace mini_redis
