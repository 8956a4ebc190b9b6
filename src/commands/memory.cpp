// MEMORY: what keys take.
#include <array>
#include <cstdint>
#include <optional>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/memory_figures.hpp"

namespace mini_redis {
namespace {

void memory_usage(context& c) {
    for (std::size_t i = 3; i < c.args.size(); ++i) {
        if (!equals_ignoring_case(c.args[i], "samples") || i + 1 >= c.args.size())
            return c.reply.error(replies::syntax_error);
        // How many elements are looked at is not for the client to choose: sizes are nearly exact.
        const std::optional<std::int64_t> samples = integer_argument(c, c.args[++i]);
        if (!samples) return;
        if (*samples < 0) return c.reply.error(replies::syntax_error);
    }
    const located found = c.db.find(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.integer(static_cast<std::int64_t>(found->memory() + table_share_of_key));
}

using enum command_flag;

constexpr command memory_rows[] = {
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of MEMORY."},
    {.name = "usage",
     .handler = memory_usage,
     .arity = -3,
     .flags = readonly,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "key [SAMPLES count:integer]",
     .summary = "Tells about how many bytes a key takes, with its value."},
};

constexpr command rows[] = {
    {.name = "memory",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at the memory that keys take.",
     .subcommands = memory_rows},
};

static_assert(arities_match(memory_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> memory_commands() {
    return rows;
}

} // namespace mini_redis
