// EVAL, EVALSHA, their read-only forms, and SCRIPT.
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/families.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_runner.hpp"
#include "commands/script_store.hpp"
#include "digest/sha1.hpp"

namespace mini_redis {
namespace {

void eval(context& c) {
    c.runner.scripts().eval(c);
}

void evalsha(context& c) {
    c.runner.scripts().evalsha(c);
}

void script_load(context& c) {
    const std::string sha = to_hex(sha1(c.args[2]));
    std::string error;
    if (c.runner.scripts().learn(sha, c.args[2], error))
        c.reply.bulk_string(sha);
    else
        c.reply.error(error);
}

void script_exists(context& c) {
    const std::span asked = c.args.subspan(2);
    c.reply.array(asked.size());
    for (const std::string_view sha : asked)
        c.reply.integer(c.runner.scripts().knows(sha) ? 1 : 0);
}

void script_flush(context& c) {
    const bool ok =
        c.args.size() == 2 || (c.args.size() == 3 && (equals_ignoring_case(c.args[2], "sync") ||
                                                      equals_ignoring_case(c.args[2], "async")));
    if (!ok) return c.reply.error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    c.server.scripts().clear();
    c.reply.ok();
}

void script_debug(context& c) {
    const std::string_view mode = c.args[2];
    if (equals_ignoring_case(mode, "no")) return c.reply.ok();
    if (equals_ignoring_case(mode, "yes") || equals_ignoring_case(mode, "sync"))
        return c.reply.error("ERR There is no debugger for scripts in mini-redis");
    c.reply.error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

void script_kill(context& c) {
    if (const auto wrong = c.server.running().kill(script_kind::script))
        c.reply.error(*wrong);
    else
        c.reply.ok();
}

using enum command_flag;

constexpr std::array<std::string_view, 2> on_all_shards{"request_policy:all_shards",
                                                        "response_policy:agg_logical_and"};
constexpr std::array<std::string_view, 2> on_all_nodes{"request_policy:all_nodes",
                                                       "response_policy:all_succeeded"};
constexpr std::array<std::string_view, 2> on_one_shard{"request_policy:all_shards",
                                                       "response_policy:one_succeeded"};

constexpr command script_rows[] = {
    {.name = "debug",
     .handler = script_debug,
     .arity = 3,
     .flags = noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "3.2.0",
     .complexity = "O(1)",
     .syntax = "<mode: YES | SYNC | NO>",
     .summary = "Would set the mode of a debugger, which mini-redis has not."},
    {.name = "exists",
     .handler = script_exists,
     .arity = -3,
     .flags = noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "O(N) in the number of scripts asked for",
     .syntax = "sha1 [sha1 ...]",
     .summary = "Tells of each script whether the server knows it.",
     .tips = on_all_shards},
    {.name = "flush",
     .handler = script_flush,
     .arity = -2,
     .flags = noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "O(N) in the number of scripts",
     .syntax = "[async: ASYNC | SYNC]",
     .summary = "Forgets all scripts.",
     .tips = on_all_nodes},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Tells what SCRIPT can do."},
    {.name = "kill",
     .handler = script_kill,
     .arity = 2,
     .flags = noscript | allow_busy,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Ends the script that runs, unless it has changed something.",
     .tips = on_one_shard},
    {.name = "load",
     .handler = script_load,
     .arity = 3,
     .flags = noscript | stale,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "O(N) in the length of the script",
     .syntax = "script",
     .summary = "Makes a script known, to be run by EVALSHA.",
     .tips = on_all_nodes},
};

constexpr command_flag running =
    noscript | stale | skip_monitor | no_mandatory_keys | movablekeys | runs_script;

constexpr command rows[] = {
    {.name = "eval",
     .handler = eval,
     .arity = -3,
     .flags = running | may_replicate,
     .categories = acl_category::scripting,
     .keys = {counted_keys(2, "RW access update")},
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "Depends on the script that is executed.",
     .syntax = "script numkeys:integer [key ...] [arg ...]",
     .summary = "Runs a script in Lua."},
    {.name = "eval_ro",
     .handler = eval,
     .arity = -3,
     .flags = running | readonly,
     .categories = acl_category::scripting,
     .keys = {counted_keys(2, "RO access")},
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "Depends on the script that is executed.",
     .syntax = "script numkeys:integer [key ...] [arg ...]",
     .summary = "Runs a script in Lua that changes nothing."},
    {.name = "evalsha",
     .handler = evalsha,
     .arity = -3,
     .flags = running | may_replicate,
     .categories = acl_category::scripting,
     .keys = {counted_keys(2, "RW access update")},
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "Depends on the script that is executed.",
     .syntax = "sha1 numkeys:integer [key ...] [arg ...]",
     .summary = "Runs a script that the server knows, by its SHA-1."},
    {.name = "evalsha_ro",
     .handler = evalsha,
     .arity = -3,
     .flags = running | readonly,
     .categories = acl_category::scripting,
     .keys = {counted_keys(2, "RO access")},
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "Depends on the script that is executed.",
     .syntax = "sha1 numkeys:integer [key ...] [arg ...]",
     .summary = "Runs a script that the server knows and that changes nothing."},
    {.name = "script",
     .arity = -2,
     .group = "scripting",
     .since = "2.6.0",
     .complexity = "Depends on subcommand.",
     .summary = "Scripts that the server knows.",
     .subcommands = script_rows},
};

static_assert(arities_match(script_rows, 2));

} // namespace

std::span<const command> script_commands() {
    return rows;
}

} // namespace mini_redis
