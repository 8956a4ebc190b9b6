// CONFIG: the settings by name, and the statistics' start.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/configuration_file.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/settings.hpp"

namespace mini_redis {
namespace {

void config_get(context& c) {
    std::vector<settings::name_and_value> found;
    const auto is_new = [&](const std::string& name) {
        return std::none_of(found.begin(), found.end(), [&](const auto& other) {
            return same_ignoring_case(name, other.first);
        });
    };
    for (const std::string_view pattern : c.args.subspan(2))
        for (settings::name_and_value& each : c.server.configuration().get(pattern))
            if (is_new(each.first)) found.push_back(std::move(each));
    c.reply.map(found.size());
    for (const auto& [name, value] : found) {
        c.reply.bulk_string(name);
        c.reply.bulk_string(value);
    }
}

void config_set(context& c) {
    if (c.args.size() % 2 != 0) return c.reply.error(replies::syntax_error);
    std::vector<std::pair<std::string_view, std::string_view>> values;
    for (std::size_t i = 2; i < c.args.size(); i += 2)
        values.emplace_back(c.args[i], c.args[i + 1]);
    if (const auto wrong = c.server.configuration().set(values)) return c.reply.error(*wrong);
    c.reply.ok();
}

void config_resetstat(context& c) {
    c.server.reset_statistics();
    c.reply.ok();
}

void config_rewrite(context& c) {
    const settings& now = c.server.configuration();
    if (now.file.empty()) return c.reply.error("ERR The server is running without a config file");
    const std::string why = rewrite_configuration_file(now);
    if (!why.empty()) return c.reply.error("ERR Rewriting config file: " + why);
    c.reply.ok();
}

using enum command_flag;

constexpr std::array<std::string_view, 2> on_all_nodes{"request_policy:all_nodes",
                                                       "response_policy:all_succeeded"};

constexpr command config_rows[] = {
    {.name = "get",
     .handler = config_get,
     .arity = -3,
     .flags = admin | noscript | loading | stale,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(N) in the number of settings",
     .syntax = "parameter [parameter ...]",
     .summary = "Shows the settings whose names match the patterns."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of CONFIG."},
    {.name = "resetstat",
     .handler = config_resetstat,
     .arity = 2,
     .flags = admin | noscript | loading | stale,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Lets the figures of INFO begin at zero."},
    {.name = "rewrite",
     .handler = config_rewrite,
     .arity = 2,
     .flags = admin | noscript | loading | stale,
     .group = "server",
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Writes the settings as they are now into the configuration file."},
    {.name = "set",
     .handler = config_set,
     .arity = -4,
     .flags = admin | noscript | loading | stale,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(N) in the number of settings",
     .syntax = "parameter value [parameter value ...]",
     .summary = "Changes settings, all of them or none.",
     .tips = on_all_nodes},
};

constexpr command rows[] = {
    {.name = "config",
     .arity = -2,
     .group = "server",
     .since = "2.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at the server's settings and changes them.",
     .subcommands = config_rows},
};

static_assert(arities_match(config_rows, 2));

} // namespace

std::span<const command> config_commands() {
    return rows;
}

} // namespace mini_redis
