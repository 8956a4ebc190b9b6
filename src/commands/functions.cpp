// FCALL and FUNCTION: libraries of functions that the server keeps.
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/families.hpp"
#include "commands/function_store.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_runner.hpp"
#include "store/dump_format.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

void fcall(context& c) {
    c.runner.scripts().fcall(c);
}

void function_load(context& c) {
    std::size_t at = 2;
    restore_policy policy = restore_policy::append;
    for (; at + 1 < c.args.size(); ++at) {
        if (!equals_ignoring_case(c.args[at], "replace"))
            return c.reply.error(fmt::format("ERR Unknown option given: {}", shown(c.args[at])));
        policy = restore_policy::replace;
    }
    std::string error;
    // Whether there is one of that name already is said before its code is run.
    const std::optional<library_header> header = parse_library_header(c.args[at], error);
    if (!header) return c.reply.error(error);
    if (policy == restore_policy::append && c.server.functions().all()->contains(header->name))
        return c.reply.error(fmt::format("ERR Library '{}' already exists", header->name));
    library_ptr library = c.runner.scripts().functions().load(c.args[at], error);
    if (!library) return c.reply.error(error);
    const std::string name = library->name;
    if (const auto wrong = c.server.functions().add({std::move(library)}, policy))
        return c.reply.error(*wrong);
    c.reply.bulk_string(name);
}

void function_delete(context& c) {
    if (c.server.functions().remove(c.args[2]))
        c.reply.ok();
    else
        c.reply.error("ERR Library not found");
}

void function_flush(context& c) {
    if (c.args.size() > 3) return reply_subcommand_misuse(c);
    if (c.args.size() == 3 && !equals_ignoring_case(c.args[2], "sync") &&
        !equals_ignoring_case(c.args[2], "async"))
        return c.reply.error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    c.server.functions().clear();
    c.reply.ok();
}

// -- FUNCTION LIST ----------------------------------------------------------------------------

void write_function(reply_writer& reply, const function_text& function) {
    reply.map(3);
    reply.bulk_string("name");
    reply.bulk_string(function.name);
    reply.bulk_string("description");
    if (function.description)
        reply.bulk_string(*function.description);
    else
        reply.null();
    reply.bulk_string("flags");
    reply.set(function.flags.size());
    for (const std::string& flag : function.flags)
        reply.simple_string(flag);
}

void write_library(reply_writer& reply, const function_library& library, bool with_code) {
    reply.map(with_code ? 4 : 3);
    reply.bulk_string("library_name");
    reply.bulk_string(library.name);
    reply.bulk_string("engine");
    reply.bulk_string("LUA");
    reply.bulk_string("functions");
    reply.array(library.functions.size());
    for (const function_text& each : library.functions)
        write_function(reply, each);
    if (!with_code) return;
    reply.bulk_string("library_code");
    reply.bulk_string(library.code);
}

void function_list(context& c) {
    bool with_code = false;
    std::optional<std::string_view> pattern;
    for (std::size_t i = 2; i < c.args.size(); ++i) {
        if (!with_code && equals_ignoring_case(c.args[i], "withcode")) {
            with_code = true;
        } else if (!pattern && equals_ignoring_case(c.args[i], "libraryname")) {
            if (i + 1 == c.args.size())
                return c.reply.error("ERR library name argument was not given");
            pattern = c.args[++i];
        } else {
            return c.reply.error(fmt::format("ERR Unknown argument {}", shown(c.args[i])));
        }
    }
    std::vector<library_ptr> listed;
    for (const auto& [name, library] : *c.server.functions().all())
        if (!pattern || glob_matches(*pattern, name, true)) listed.push_back(library);
    c.reply.array(listed.size());
    for (const library_ptr& each : listed)
        write_library(c.reply, *each, with_code);
}

void write_running(context& c) {
    const std::optional<long_script> runs = c.server.running().shown();
    if (!runs) return c.reply.null();
    c.reply.map(3);
    c.reply.bulk_string("name");
    c.reply.bulk_string(runs->name);
    c.reply.bulk_string("command");
    c.reply.array(runs->words.size());
    for (const std::string& word : runs->words)
        c.reply.bulk_string(word);
    c.reply.bulk_string("duration_ms");
    const auto since = std::chrono::steady_clock::now() - runs->began;
    c.reply.integer(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

void function_stats(context& c) {
    const std::shared_ptr<const library_set> all = c.server.functions().all();
    std::size_t functions = 0;
    for (const auto& [name, library] : *all)
        functions += library->functions.size();
    c.reply.map(2);
    c.reply.bulk_string("running_script");
    write_running(c);
    c.reply.bulk_string("engines");
    c.reply.map(1);
    c.reply.bulk_string("LUA");
    c.reply.map(2);
    c.reply.bulk_string("libraries_count");
    c.reply.integer(static_cast<std::int64_t>(all->size()));
    c.reply.bulk_string("functions_count");
    c.reply.integer(static_cast<std::int64_t>(functions));
}

void function_kill(context& c) {
    if (const auto wrong = c.server.running().kill(script_kind::function))
        c.reply.error(*wrong);
    else
        c.reply.ok();
}

// -- FUNCTION DUMP and RESTORE ----------------------------------------------------------------

void function_dump(context& c) {
    dump_writer out;
    for (const auto& [name, library] : *c.server.functions().all())
        out.library(library->code);
    c.reply.bulk_string(out.finish());
}

std::optional<restore_policy> parse_policy(std::string_view word) {
    if (equals_ignoring_case(word, "append")) return restore_policy::append;
    if (equals_ignoring_case(word, "replace")) return restore_policy::replace;
    if (equals_ignoring_case(word, "flush")) return restore_policy::flush;
    return std::nullopt;
}

void function_restore(context& c) {
    if (c.args.size() > 4) return reply_subcommand_misuse(c);
    std::optional<restore_policy> policy = restore_policy::append;
    if (c.args.size() == 4) policy = parse_policy(c.args[3]);
    if (!policy)
        return c.reply.error(
            "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
    const std::string_view dump = c.args[2];
    if (!has_right_footer(dump))
        return c.reply.error("ERR DUMP payload version or checksum are wrong");
    const std::optional<std::vector<std::string>> texts = read_library_dump(dump);
    if (!texts) return c.reply.error("ERR given type is not a function");
    std::vector<library_ptr> libraries;
    std::string error;
    for (const std::string& each : *texts) {
        library_ptr library = c.runner.scripts().functions().load(each, error);
        if (!library) return c.reply.error(error);
        libraries.push_back(std::move(library));
    }
    if (const auto wrong = c.server.functions().add(std::move(libraries), *policy))
        return c.reply.error(*wrong);
    c.reply.ok();
}

using enum command_flag;

constexpr std::array<std::string_view, 2> on_all_shards{"request_policy:all_shards",
                                                        "response_policy:all_succeeded"};
constexpr std::array<std::string_view, 2> on_one_shard{"request_policy:all_shards",
                                                       "response_policy:one_succeeded"};
constexpr std::array<std::string_view, 3> told_by_all{
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
constexpr std::array<std::string_view, 1> in_any_order{"nondeterministic_output_order"};

constexpr command function_rows[] = {
    {.name = "delete",
     .handler = function_delete,
     .arity = 3,
     .flags = write | noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .syntax = "library-name",
     .summary = "Removes a library with its functions.",
     .tips = on_all_shards},
    {.name = "dump",
     .handler = function_dump,
     .arity = 2,
     .flags = noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(N) in the number of functions",
     .summary = "Gives all libraries in one piece, for FUNCTION RESTORE."},
    {.name = "flush",
     .handler = function_flush,
     .arity = -2,
     .flags = write | noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(N) in the number of functions",
     .syntax = "[async: ASYNC | SYNC]",
     .summary = "Removes all libraries.",
     .tips = on_all_shards},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells what FUNCTION can do."},
    {.name = "kill",
     .handler = function_kill,
     .arity = 2,
     .flags = noscript | allow_busy,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Ends the function that runs, unless it has changed something.",
     .tips = on_one_shard},
    {.name = "list",
     .handler = function_list,
     .arity = -2,
     .flags = noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(N) in the number of functions",
     .syntax = "[LIBRARYNAME library-name-pattern:string] [WITHCODE]",
     .summary = "Lists the libraries with their functions.",
     .tips = in_any_order},
    {.name = "load",
     .handler = function_load,
     .arity = -3,
     .flags = write | denyoom | noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1), besides compiling",
     .syntax = "[REPLACE] function-code",
     .summary = "Adds a library, whose code registers its functions.",
     .tips = on_all_shards},
    {.name = "restore",
     .handler = function_restore,
     .arity = -3,
     .flags = write | denyoom | noscript,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(N) in the number of functions",
     .syntax = "serialized-value [policy: FLUSH | APPEND | REPLACE]",
     .summary = "Adds the libraries that FUNCTION DUMP gave.",
     .tips = on_all_shards},
    {.name = "stats",
     .handler = function_stats,
     .arity = 2,
     .flags = noscript | allow_busy,
     .categories = acl_category::scripting,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells what runs, and how many functions there are.",
     .tips = told_by_all},
};

constexpr command_flag running =
    noscript | stale | skip_monitor | no_mandatory_keys | movablekeys | runs_script;

constexpr command rows[] = {
    {.name = "fcall",
     .handler = fcall,
     .arity = -3,
     .flags = running | may_replicate,
     .categories = acl_category::scripting,
     .keys = {counted_keys(2, "RW access update")},
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "Depends on the function that is executed.",
     .syntax = "function numkeys:integer [key ...] [arg ...]",
     .summary = "Calls a function of a library."},
    {.name = "fcall_ro",
     .handler = fcall,
     .arity = -3,
     .flags = running | readonly,
     .categories = acl_category::scripting,
     .keys = {counted_keys(2, "RO access")},
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "Depends on the function that is executed.",
     .syntax = "function numkeys:integer [key ...] [arg ...]",
     .summary = "Calls a function that changes nothing."},
    {.name = "function",
     .arity = -2,
     .group = "scripting",
     .since = "7.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Libraries of functions.",
     .subcommands = function_rows},
};

static_assert(arities_match(function_rows, 2));

} // namespace

std::span<const command> function_commands() {
    return rows;
}

} // namespace mini_redis
