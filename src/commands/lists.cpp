// Lists: what happens at their ends. The commands that wait for an element are in
// blocking_lists.cpp, those on elements in the middle in list_elements.cpp.
#include <cstddef>
#include <cstdint>
#include <optional>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/list_moves.hpp"
#include "commands/type_checks.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

enum class if_absent { create, do_nothing };

template <list_end where, if_absent absent = if_absent::create>
void push(context& c) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_list(c, found)) return;
    if (!found && absent == if_absent::do_nothing) return c.reply.integer(0);
    const auto elements = c.args.subspan(2);
    const std::size_t size = (found ? list_view{*found}.size() : 0) + elements.size();
    list_editor{c.db, key, found}.push(where, elements);
    c.notify(event_class::list, where == list_end::head ? "lpush" : "rpush", key);
    c.reply.integer(static_cast<std::int64_t>(size));
}

template <list_end where>
void pop(context& c) {
    if (c.args.size() > 3) return reply_wrong_arity(c);
    const bool counted = c.args.size() == 3;
    const std::optional<std::int64_t> count = counted ? parse_integer(c.args[2]) : 1;
    if (!count || *count < 0) return c.reply.error("ERR value is out of range, must be positive");
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!found) return counted ? c.reply.null_array() : c.reply.null();
    if (!is_list(c, found)) return;
    if (!counted) return pop_one(c, key, found, where);
    if (*count == 0) return c.reply.array(0);
    pop_many(c, key, found, where, static_cast<std::size_t>(*count));
}

void lmpop(context& c) {
    const std::optional<many_pop> how = many_pop_arguments(c, 1);
    if (how && !pop_from_first(c, *how)) c.reply.null_array();
}

void move(context& c, list_end from, list_end to) {
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.null();
    if (is_list(c, found)) move_one(c, c.keys[0], found, from, c.keys[1], to);
}

void lmove(context& c) {
    const std::optional<list_end> from = list_end_argument(c, c.args[3]);
    if (!from) return;
    const std::optional<list_end> to = list_end_argument(c, c.args[4]);
    if (to) move(c, *from, *to);
}

void rpoplpush(context& c) {
    move(c, list_end::tail, list_end::head);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "lmove",
     .handler = lmove,
     .arity = 5,
     .flags = write | denyoom,
     .categories = acl_category::list,
     .keys = {one_key("RW access delete"), one_key("RW insert", 2)},
     .group = "list",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "source:key destination:key <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT>",
     .summary = "Moves an element from one end of a list to one end of another, and gives it."},
    {.name = "lmpop",
     .handler = lmpop,
     .arity = -4,
     .flags = write | movablekeys,
     .categories = acl_category::list,
     .keys = {counted_keys(1, "RW access delete")},
     .group = "list",
     .since = "7.0.0",
     .complexity = "O(N+M) in the number of keys and of elements taken",
     .syntax = "numkeys:integer key [key ...] <where: LEFT | RIGHT> [COUNT count:integer]",
     .summary = "Takes elements off the first of several lists that has any."},
    {.name = "lpop",
     .handler = pop<list_end::head>,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::list,
     .keys = {one_key("RW access delete")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of elements taken",
     .syntax = "key [count:integer]",
     .summary = "Takes the first elements off a list."},
    {.name = "lpush",
     .handler = push<list_end::head>,
     .arity = -3,
     .flags = write | denyoom | fast,
     .categories = acl_category::list,
     .keys = {one_key("RW insert")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of elements added",
     .syntax = "key element [element ...]",
     .summary = "Adds elements at the head of a list; creates it if the key is absent."},
    {.name = "lpushx",
     .handler = push<list_end::head, if_absent::do_nothing>,
     .arity = -3,
     .flags = write | denyoom | fast,
     .categories = acl_category::list,
     .keys = {one_key("RW insert")},
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(N) in the number of elements added",
     .syntax = "key element [element ...]",
     .summary = "Adds elements at the head of a list if there is one."},
    {.name = "rpop",
     .handler = pop<list_end::tail>,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::list,
     .keys = {one_key("RW access delete")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of elements taken",
     .syntax = "key [count:integer]",
     .summary = "Takes the last elements off a list."},
    {.name = "rpoplpush",
     .handler = rpoplpush,
     .arity = 3,
     .flags = write | denyoom,
     .categories = acl_category::list,
     .keys = {one_key("RW access delete"), one_key("RW insert", 2)},
     .group = "list",
     .since = "1.2.0",
     .complexity = "O(1)",
     .syntax = "source:key destination:key",
     .summary = "Is the old name of LMOVE from the right to the left."},
    {.name = "rpush",
     .handler = push<list_end::tail>,
     .arity = -3,
     .flags = write | denyoom | fast,
     .categories = acl_category::list,
     .keys = {one_key("RW insert")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of elements added",
     .syntax = "key element [element ...]",
     .summary = "Adds elements at the tail of a list; creates it if the key is absent."},
    {.name = "rpushx",
     .handler = push<list_end::tail, if_absent::do_nothing>,
     .arity = -3,
     .flags = write | denyoom | fast,
     .categories = acl_category::list,
     .keys = {one_key("RW insert")},
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(N) in the number of elements added",
     .syntax = "key element [element ...]",
     .summary = "Adds elements at the tail of a list if there is one."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> list_commands() {
    return rows;
}

} // namespace mini_redis
