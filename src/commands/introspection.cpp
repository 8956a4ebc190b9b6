// COMMAND: what the server can do, told from the commands' own rows.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/families.hpp"
#include "commands/introspection.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

/// Calls `visit` with every command and subcommand.
template <class Visit>
void for_each_command(const registry& commands, Visit&& visit) {
    for (const command* const row : commands.all()) {
        visit(qualified_command{nullptr, row});
        for (const command& subcommand : row->subcommands)
            visit(qualified_command{row, &subcommand});
    }
}

void command_count(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.commands.all().size()));
}

void command_list(context& c) {
    const bool filtered = c.args.size() == 5 && equals_ignoring_case(c.args[2], "filterby");
    const std::string_view by = filtered ? c.args[3] : std::string_view{};
    const bool by_module = equals_ignoring_case(by, "module");
    const bool by_category = equals_ignoring_case(by, "aclcat");
    const bool by_pattern = equals_ignoring_case(by, "pattern");
    if (c.args.size() != 2 && !by_module && !by_category && !by_pattern)
        return c.reply.error(replies::syntax_error);

    std::vector<std::string> names;
    for_each_command(c.commands, [&](const qualified_command& one) {
        if (by_module) return; // there are no modules
        if (by_pattern && !glob_matches(c.args[4], one.name(), true)) return;
        if (by_category) {
            const std::vector<std::string_view> categories = categories_of(*one.row);
            const auto is_wanted = [&](std::string_view category) {
                return same_ignoring_case(category.substr(1), c.args[4]);
            };
            if (std::none_of(categories.begin(), categories.end(), is_wanted)) return;
        }
        names.push_back(one.name());
    });
    c.reply.array(names.size());
    for (const std::string& name : names)
        c.reply.bulk_string(name);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;
using category = acl_category;

constexpr std::array<std::string_view, 1> any_order{"nondeterministic_output_order"};

constexpr command command_rows[] = {
    {.name = "count",
     .handler = command_count,
     .arity = 2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Counts the commands."},
    {.name = "docs",
     .handler = command_docs,
     .arity = -2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of commands asked for",
     .syntax = "[command-name ...]",
     .summary = "Documents commands for people.",
     .tips = any_order},
    {.name = "getkeys",
     .handler = command_getkeys,
     .arity = -4,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) in the number of arguments",
     .syntax = "command arg [arg ...]",
     .summary = "Finds the keys of a request."},
    {.name = "getkeysandflags",
     .handler = command_getkeysandflags,
     .arity = -4,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of arguments",
     .syntax = "command arg [arg ...]",
     .summary = "Finds the keys of a request, and what it does with them."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of COMMAND."},
    {.name = "info",
     .handler = command_info,
     .arity = -2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) in the number of commands asked for",
     .syntax = "[command-name ...]",
     .summary = "Describes commands for programs.",
     .tips = any_order},
    {.name = "list",
     .handler = command_list,
     .arity = -2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of commands",
     .syntax = "[filterby: FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
     .summary = "Lists the names of commands.",
     .tips = any_order},
};

constexpr command rows[] = {
    {.name = "command",
     .handler = command_info_of_all,
     .arity = -1,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) in the number of commands",
     .summary = "Describes every command, for programs.",
     .tips = any_order,
     .subcommands = command_rows},
};

static_assert(arities_match(command_rows, 2));

} // namespace

// By "get" or "config|get".
qualified_command find_by_full_name(const registry& commands, std::string_view name) {
    const std::size_t bar = name.find('|');
    const command* const first = commands.find(name.substr(0, bar));
    if (first == nullptr || bar == std::string_view::npos) return {nullptr, first};
    return {first, find_subcommand(*first, name.substr(bar + 1))};
}

void write_words(reply_writer& out, std::span<const std::string_view> words) {
    out.set(words.size());
    for (const std::string_view word : words)
        out.simple_string(word);
}

std::span<const command> introspection_commands() {
    return rows;
}

} // namespace mini_redis
