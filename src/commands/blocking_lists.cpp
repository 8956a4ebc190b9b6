// List commands that wait until there is something to take.
//
// Each tries first. If there is nothing, its client is parked, and the same function is called
// again when one of the keys has got a list, with that key alone in place of those that were waited
// on.
#include <cstddef>
#include <optional>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/list_moves.hpp"

namespace mini_redis {
namespace {

// Whoever waited is told by a null array when its time is over, whatever the command.
void wait_for_list(context& c, std::size_t keys, std::int64_t until) {
    c.park(value_type::list, keys, until == never ? std::nullopt : std::optional{until},
           timeout_reply::null_array);
}

template <list_end where>
void blocking_pop(context& c) {
    const std::optional<std::int64_t> until = timeout_argument(c, c.args.back());
    if (!until) return;
    for (const hashed_key& key : c.keys) {
        const located found = c.modify(key);
        if (!found) continue;
        if (!is_list(c, found)) return;
        c.reply.array(2);
        c.reply.bulk_string(key.name);
        return pop_one(c, key, found, where);
    }
    wait_for_list(c, c.keys.size(), *until);
}

void blmpop(context& c) {
    const std::optional<many_pop> how = many_pop_arguments(c, 2);
    if (!how) return;
    const std::optional<std::int64_t> until = timeout_argument(c, c.args[1]);
    if (!until || pop_from_first(c, *how)) return;
    wait_for_list(c, c.keys.size(), *until);
}

void blocking_move(context& c, list_end from, list_end to) {
    const std::optional<std::int64_t> until = timeout_argument(c, c.args.back());
    if (!until) return;
    const located found = c.modify(c.keys[0]);
    if (!found && !c.effects.may_park) return c.reply.null(); // in a transaction
    if (!found) return wait_for_list(c, 1, *until);
    if (is_list(c, found)) move_one(c, c.keys[0], found, from, c.keys[1], to);
}

void blmove(context& c) {
    const std::optional<list_end> from = list_end_argument(c, c.args[3]);
    if (!from) return;
    const std::optional<list_end> to = list_end_argument(c, c.args[4]);
    if (to) blocking_move(c, *from, *to);
}

void brpoplpush(context& c) {
    blocking_move(c, list_end::tail, list_end::head);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "blmove",
     .handler = blmove,
     .arity = 6,
     .flags = write | denyoom | noscript | blocking,
     .categories = acl_category::list,
     .keys = {key_range{1, 1, 1, "RW access delete"}, key_range{2, 2, 1, "RW insert"}},
     .group = "list",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "source:key destination:key <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT> "
               "timeout:double",
     .summary = "Moves an element from one list to another, and waits for it if there is none."},
    {.name = "blmpop",
     .handler = blmpop,
     .arity = -5,
     .flags = write | blocking | movablekeys,
     .categories = acl_category::list,
     .keys = {counted_keys(2, "RW access delete")},
     .group = "list",
     .since = "7.0.0",
     .complexity = "O(N+M) in the number of keys and of elements taken",
     .syntax =
         "timeout:double numkeys:integer key [key ...] <where: LEFT | RIGHT> [COUNT count:integer]",
     .summary =
         "Takes elements off the first of several lists that has any, and waits for one if none "
         "has."},
    {.name = "blpop",
     .handler = blocking_pop<list_end::head>,
     .arity = -3,
     .flags = write | noscript | blocking,
     .categories = acl_category::list,
     .keys = {key_range{1, -2, 1, "RW access delete"}},
     .group = "list",
     .since = "2.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...] timeout:double",
     .summary =
         "Takes the first element off the first of several lists that has any, and waits for one "
         "if none has."},
    {.name = "brpop",
     .handler = blocking_pop<list_end::tail>,
     .arity = -3,
     .flags = write | noscript | blocking,
     .categories = acl_category::list,
     .keys = {key_range{1, -2, 1, "RW access delete"}},
     .group = "list",
     .since = "2.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...] timeout:double",
     .summary =
         "Takes the last element off the first of several lists that has any, and waits for one "
         "if none has."},
    {.name = "brpoplpush",
     .handler = brpoplpush,
     .arity = 4,
     .flags = write | denyoom | noscript | blocking,
     .categories = acl_category::list,
     .keys = {key_range{1, 1, 1, "RW access delete"}, key_range{2, 2, 1, "RW insert"}},
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(1)",
     .syntax = "source:key destination:key timeout:double",
     .summary = "Is the old name of BLMOVE from the right to the left."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> blocking_list_commands() {
    return rows;
}

} // namespace mini_redis
