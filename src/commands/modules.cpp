// MODULE: mini-redis loads no modules, and says so as a Redis does that must not.
#include <array>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/transaction.hpp"

namespace mini_redis {
namespace {

void module_list(context& c) {
    c.reply.array(0);
}

// At once, also after MULTI, whose EXEC then refuses too.
void refuse_modules(context& c) {
    if (c.client.in_transaction) c.client.extra->queue->doomed = true;
    c.reply.error("ERR MODULE command not allowed. If the enable-module-command option is set to "
                  "\"local\", you can run it from a local connection, otherwise you need to set "
                  "this option in the configuration file, and then restart the server.");
}

using enum command_flag;

constexpr std::array<std::string_view, 1> any_order{"nondeterministic_output_order"};

constexpr command module_rows[] = {
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of MODULE."},
    {.name = "list",
     .handler = module_list,
     .arity = 2,
     .flags = admin | noscript,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the modules that are loaded: none.",
     .tips = any_order},
    {.name = "load",
     .handler = refuse_modules,
     .arity = -3,
     .flags = admin | noscript | no_async_loading | not_queued,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "path [arg ...]",
     .summary = "Refuses to load a module."},
    {.name = "loadex",
     .handler = refuse_modules,
     .arity = -3,
     .flags = admin | noscript | no_async_loading | not_queued,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(1)",
     .syntax = "path [configs: CONFIG name value [CONFIG name value ...]] [args: ARGS arg ...]",
     .summary = "Refuses to load a module with settings."},
    {.name = "unload",
     .handler = refuse_modules,
     .arity = 3,
     .flags = admin | noscript | no_async_loading | not_queued,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "name",
     .summary = "Refuses to unload a module."},
};

constexpr command rows[] = {
    {.name = "module",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Would load modules.",
     .subcommands = module_rows},
};

static_assert(arities_match(module_rows, 2));

} // namespace

std::span<const command> module_commands() {
    return rows;
}

} // namespace mini_redis
