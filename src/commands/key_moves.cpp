// Commands that take a value, with its expiry, to another key or another database.
#include <cstddef>
#include <optional>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"

namespace mini_redis {
namespace {

void notify_renamed(context& c) {
    c.notify(event_class::generic, "rename_from", c.keys[0]);
    c.notify(event_class::generic, "rename_to", c.keys[1]);
}

void rename(context& c) {
    if (!c.modify(c.keys[0])) return c.reply.error(replies::no_such_key);
    if (c.keys[0].name != c.keys[1].name) {
        c.db.relocate(c.keys[0], c.db, c.keys[1]);
        notify_renamed(c);
    }
    c.reply.ok();
}

void renamenx(context& c) {
    const bool taken = static_cast<bool>(c.db.find(c.keys[1]));
    if (!c.modify(c.keys[0])) return c.reply.error(replies::no_such_key);
    if (!taken) {
        c.db.relocate(c.keys[0], c.db, c.keys[1]);
        notify_renamed(c);
    }
    c.reply.integer(taken ? 0 : 1);
}

void move(context& c) {
    const std::optional<std::size_t> index = database_argument(c, c.args[2]);
    if (!index) return;
    if (*index == c.db.index()) return c.reply.error(replies::same_object);
    database target = c.database_at(*index);
    if (!c.modify(c.keys[0]) || target.find(c.keys[0])) return c.reply.integer(0);
    c.db.relocate(c.keys[0], target, c.keys[0]);
    c.notify(event_class::generic, "move_from", c.keys[0]);
    c.notify(event_class::generic, "move_to", c.keys[0].name, *index);
    c.reply.integer(1);
}

void copy(context& c) {
    std::size_t index = c.db.index();
    bool replace = false;
    for (std::size_t i = 3; i < c.args.size(); ++i) {
        if (equals_ignoring_case(c.args[i], "replace")) {
            replace = true;
        } else if (equals_ignoring_case(c.args[i], "db") && i + 1 < c.args.size()) {
            const std::optional<std::size_t> wanted = database_argument(c, c.args[++i]);
            if (!wanted) return;
            index = *wanted;
        } else {
            return c.reply.error(replies::syntax_error);
        }
    }
    if (index == c.db.index() && c.keys[0].name == c.keys[1].name)
        return c.reply.error(replies::same_object);

    database target = c.database_at(index);
    const located old = target.find(c.keys[1]); // first: finding it expired would move the source
    const located found = c.read(c.keys[0]);
    if (!found || (old && !replace)) return c.reply.integer(0);
    target.put_anew(c.keys[1], entry::clone(*found, c.keys[1].name, found->expiry()));
    c.notify(event_class::generic, "copy_to", c.keys[1].name, index);
    c.reply.integer(1);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "copy",
     .handler = copy,
     .arity = -3,
     .flags = write | denyoom,
     .categories = acl_category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}, {2, 2, 1, "OW update"}}},
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(N) in the size of the value",
     .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]",
     .summary = "Copies a value, with its expiry, to another key."},
    {.name = "move",
     .handler = move,
     .arity = 3,
     .flags = write | fast,
     .categories = acl_category::keyspace,
     .keys = {{{1, 1, 1, "RW access update"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key db:integer",
     .summary = "Moves a key to another database, unless it is taken there."},
    {.name = "rename",
     .handler = rename,
     .arity = 3,
     .flags = write,
     .categories = acl_category::keyspace,
     .keys = {{{1, 1, 1, "RW access delete"}, {2, 2, 1, "OW update"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key newkey:key",
     .summary = "Renames a key, replacing what has the new name."},
    {.name = "renamenx",
     .handler = renamenx,
     .arity = 3,
     .flags = write | fast,
     .categories = acl_category::keyspace,
     .keys = {{{1, 1, 1, "RW access delete"}, {2, 2, 1, "OW insert"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key newkey:key",
     .summary = "Renames a key if the new name is free."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> key_move_commands() {
    return rows;
}

} // namespace mini_redis
