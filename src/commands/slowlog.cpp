// SLOWLOG: the latest commands that took longer than slowlog-log-slower-than.
#include <array>
#include <cstdint>
#include <optional>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/families.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

void slowlog_get(context& c) {
    if (c.args.size() > 3) return reply_subcommand_misuse(c);
    std::size_t count = 10;
    if (c.args.size() == 3) {
        const std::optional<std::int64_t> wanted = parse_integer(c.args[2]);
        if (!wanted || *wanted < -1)
            return c.reply.error("ERR count should be greater than or equal to -1");
        count = *wanted == -1 ? SIZE_MAX : static_cast<std::size_t>(*wanted);
    }
    const std::vector<slow_log::entry> entries = c.server.notes().slow.latest(count);
    c.reply.array(entries.size());
    for (const slow_log::entry& each : entries) {
        c.reply.array(6);
        c.reply.integer(each.id);
        c.reply.integer(each.unix_seconds);
        c.reply.integer(each.microseconds);
        c.reply.array(each.words.size());
        for (const std::string& word : each.words)
            c.reply.bulk_string(word);
        c.reply.bulk_string(each.address);
        c.reply.bulk_string(each.client_name);
    }
}

void slowlog_len(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.server.notes().slow.size()));
}

void slowlog_reset(context& c) {
    c.server.notes().slow.clear();
    c.reply.ok();
}

using enum command_flag;

constexpr std::array<std::string_view, 2> get_tips{"request_policy:all_nodes",
                                                   "nondeterministic_output"};
constexpr std::array<std::string_view, 3> len_tips{
    "request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"};
constexpr std::array<std::string_view, 2> reset_tips{"request_policy:all_nodes",
                                                     "response_policy:all_succeeded"};

constexpr command slowlog_rows[] = {
    {.name = "get",
     .handler = slowlog_get,
     .arity = -2,
     .flags = admin | loading | stale,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N) in the number of entries shown",
     .syntax = "[count:integer]",
     .summary = "Shows the latest slow commands.",
     .tips = get_tips},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "server",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of SLOWLOG."},
    {.name = "len",
     .handler = slowlog_len,
     .arity = 2,
     .flags = admin | loading | stale,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(1)",
     .summary = "Counts the slow commands that are remembered.",
     .tips = len_tips},
    {.name = "reset",
     .handler = slowlog_reset,
     .arity = 2,
     .flags = admin | loading | stale,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N) in the number of entries",
     .summary = "Forgets the slow commands.",
     .tips = reset_tips},
};

constexpr command rows[] = {
    {.name = "slowlog",
     .arity = -2,
     .group = "server",
     .since = "2.2.12",
     .complexity = "Depends on subcommand.",
     .summary = "Remembers the latest commands that took long.",
     .subcommands = slowlog_rows},
};

static_assert(arities_match(slowlog_rows, 2));

} // namespace

std::span<const command> slowlog_commands() {
    return rows;
}

} // namespace mini_redis
