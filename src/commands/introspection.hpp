// What the subcommands of COMMAND share, each of which has a file or a function of its own:
// commands as they are named, and the handlers that introspection.cpp puts into its rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/registry.hpp"

namespace mini_redis {

/// A command, and for a subcommand the one it belongs to.
struct qualified_command {
    const command* container = nullptr;
    const command* row = nullptr;

    explicit operator bool() const noexcept { return row != nullptr; }

    std::string name() const { return full_name(container, *row); }
};

/// By "get" or "config|get".
qualified_command find_by_full_name(const registry& commands, std::string_view name);

/// The names of the access-control categories that a command belongs to, in Redis's order.
std::vector<std::string_view> categories_of(const command& row);

/// The key ranges of a row that are in use.
std::span<const key_range> ranges_of(const command& row);

/// A set of words.
void write_words(reply_writer& out, std::span<const std::string_view> words);

void command_info_of_all(context& c); ///< COMMAND
void command_info(context& c);
void command_docs(context& c);
void command_getkeys(context& c);
void command_getkeysandflags(context& c);

} // namespace mini_redis
