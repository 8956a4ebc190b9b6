// Sets: members at one key, moved between two, and drawn at random.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/random_members.hpp"
#include "commands/scan_options.hpp"
#include "commands/type_checks.hpp"
#include "resp/number.hpp"
#include "store/set_value.hpp"

namespace mini_redis {
namespace {

void sadd(context& c) {
    const located found = c.modify(c.keys[0]);
    if (!is_set(c, found)) return;
    const std::size_t added = set_add(c.db, c.keys[0], found, c.args.subspan(2));
    if (added != 0) c.notify(event_class::set, "sadd", c.keys[0]);
    c.reply.integer(static_cast<std::int64_t>(added));
}

void srem(context& c) {
    located found = c.modify(c.keys[0]);
    if (!found) return c.reply.integer(0);
    if (!is_set(c, found)) return;
    const std::size_t removed = set_remove(c.db, c.keys[0], found, c.args.subspan(2));
    if (removed != 0) c.notify(event_class::set, "srem", c.keys[0]);
    if (!found) c.notify(event_class::generic, "del", c.keys[0]);
    c.reply.integer(static_cast<std::int64_t>(removed));
}

void sismember(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_set(c, found)) c.reply.integer(found && set_value{*found}.contains(c.args[2]) ? 1 : 0);
}

void smismember(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_set(c, found)) return;
    c.reply.array(c.args.size() - 2);
    for (const std::string_view member : c.args.subspan(2))
        c.reply.integer(found && set_value{*found}.contains(member) ? 1 : 0);
}

void smembers(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_set(c, found)) return;
    if (!found) return c.reply.set(0);
    const set_value all{*found};
    c.reply.set(all.size());
    all.for_each([&](std::string_view member) { c.reply.bulk_string(member); });
}

void scard(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_set(c, found))
        c.reply.integer(found ? static_cast<std::int64_t>(set_value{*found}.size()) : 0);
}

void smove(context& c) {
    located to = c.modify(c.keys[1]); // first: finding it expired would move the source
    located from = c.modify(c.keys[0]);
    if (!from) return c.reply.integer(0);
    if (!is_set(c, from) || !is_set(c, to)) return;
    const std::span<const std::string_view> member = c.args.subspan(3);
    if (c.keys[0].name == c.keys[1].name)
        return c.reply.integer(set_value{*from}.contains(member.front()) ? 1 : 0);
    const set_value members{*from};
    if (!members.contains(member.front())) return c.reply.integer(0);
    // It is added first, because that may fail for want of memory; told of it is in Redis's order.
    c.notify(event_class::set, "srem", c.keys[0]);
    if (members.size() == 1) c.notify(event_class::generic, "del", c.keys[0]);
    if (set_add(c.db, c.keys[1], to, member) != 0) c.notify(event_class::set, "sadd", c.keys[1]);
    from = c.db.find(c.keys[0]); // a new destination may have moved it
    set_remove(c.db, c.keys[0], from, member);
    c.reply.integer(1);
}

void sscan(context& c) {
    const std::optional<std::uint64_t> cursor = cursor_argument(c, c.args[2]);
    if (!cursor) return;
    const located found = c.read(c.keys[0]);
    scan_reply reply{c};
    if (!found) return reply.finish(0);
    if (!is_set(c, found)) return;
    const std::optional<scan_options> options = parse_scan_options(c, 3, scan_of::members);
    if (!options) return;
    const auto add = [&](std::string_view member) {
        if (options->wants(member)) reply.add(member);
    };
    const set_value all{*found};
    if (all.table() == nullptr) {
        all.for_each(add);
        return reply.finish(0);
    }
    reply.finish(
        scan_table(*all.table(), *cursor, *options, [&](const entry& each) { add(each.key()); }));
}

// -- At random --------------------------------------------------------------------------------

/// Takes a random member out of the set, after writing it as a reply.
void pop_one(context& c, located& found) {
    thread_local std::string member;
    set_value{*found}.pick(random_number(),
                           [&](std::string_view picked) { member.assign(picked); });
    c.reply.bulk_string(member);
    const std::string_view words[]{member};
    set_remove(c.db, c.keys[0], found, words);
}

// Some, not all; all of them are written before any is taken out.
void pop_from_table(context& c, located& found, std::size_t count) {
    const set_value all{*found};
    std::vector<std::string_view> picked;
    picked.reserve(count);
    const auto pick = [&](std::string_view member) {
        c.reply.bulk_string(member);
        picked.push_back(member);
    };
    draw_different(all, count, pick, [&](const entry& each) { pick(each.key()); });
    set_remove(c.db, c.keys[0], found, picked);
}

// The same in one pass, however large a compact set is allowed to become.
void pop_from_compact(context& c, located found, std::size_t count) {
    std::size_t left = set_value{*found}.size();
    remove_from_compact(c.db, c.keys[0], found, [&](std::string_view member) {
        if (random_number() % left-- >= count) return false;
        --count;
        c.reply.bulk_string(member);
        return true;
    });
}

// What few members are left of many make a new set, in the form that fits them, as in Redis.
void keep_few(context& c, located found) {
    try {
        const set_value left{*found};
        set_builder kept{c.db.limits(), left.size()};
        left.for_each([&](std::string_view member) { kept.add(member); });
        c.db.put(c.keys[0], found, kept.finish(c.keys[0].name, found->expiry()));
    } catch (const std::bad_alloc&) { // the old one does as well
    }
}

void spop_some(context& c) {
    const std::optional<std::int64_t> count = parse_integer(c.args[2]);
    if (!count || *count < 0) return c.reply.error("ERR value is out of range, must be positive");
    located found = c.modify(c.keys[0]);
    if (!is_set(c, found)) return;
    if (!found || *count == 0) return c.reply.set(0);
    const set_value all{*found};
    const std::size_t size = all.size();
    const std::size_t taken = std::min(static_cast<std::size_t>(*count), size);
    c.reply.set(taken);
    if (taken == size) {
        all.for_each([&](std::string_view member) { c.reply.bulk_string(member); });
        c.db.erase(c.keys[0], found);
        found = {};
    } else if (all.table() != nullptr) {
        pop_from_table(c, found, taken);
    } else {
        pop_from_compact(c, found, taken);
    }
    constexpr std::size_t few = 5; // times as many are taken as are left
    if (found && (size - taken) * few < taken) keep_few(c, c.db.find(c.keys[0]));
    c.notify(event_class::set, "spop", c.keys[0]);
    if (!found) c.notify(event_class::generic, "del", c.keys[0]);
}

void spop(context& c) {
    if (c.args.size() > 3) return c.reply.error(replies::syntax_error);
    if (c.args.size() == 3) return spop_some(c);
    located found = c.modify(c.keys[0]);
    if (!found) return c.reply.null();
    if (!is_set(c, found)) return;
    pop_one(c, found);
    c.notify(event_class::set, "spop", c.keys[0]);
    if (!found) c.notify(event_class::generic, "del", c.keys[0]);
}

/// With repetitions, as many as are asked for.
void draw_members(context& c, const set_value& all, std::uint64_t count) {
    const auto write = [&](std::string_view member) {
        c.reply.bulk_string(member);
        limit_reply(c);
    };
    if (all.table() != nullptr || all.are_integers()) {
        for (; count > 0; --count)
            all.pick(random_number(), write);
        return;
    }
    std::vector<std::string_view> members; // to find them by number
    members.reserve(all.size());
    all.for_each([&](std::string_view member) { members.push_back(member); });
    for (; count > 0; --count)
        write(members[random_number() % members.size()]);
}

void srandmember(context& c) {
    if (c.args.size() > 3) return c.reply.error(replies::syntax_error);
    const auto write = [&](std::string_view member) { c.reply.bulk_string(member); };
    if (c.args.size() == 2) {
        const located found = c.read(c.keys[0]);
        if (!is_set(c, found)) return;
        if (!found) return c.reply.null();
        return set_value{*found}.pick(random_number(), write);
    }
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::optional<std::int64_t> count = integer_argument(c, c.args[2]);
    if (!count) return;
    if (*count < -most)
        return c.reply.error(
            fmt::format("ERR value is out of range, value must between {} and {}", -most, most));
    const located found = c.read(c.keys[0]);
    if (!is_set(c, found)) return;
    if (!found || *count == 0) return c.reply.array(0);
    const set_value all{*found};
    if (*count < 0) {
        const auto wanted = static_cast<std::uint64_t>(-*count);
        c.reply.array(wanted);
        return draw_members(c, all, wanted);
    }
    const std::size_t wanted = std::min(static_cast<std::size_t>(*count), all.size());
    c.reply.array(wanted);
    if (wanted == all.size()) return all.for_each(write);
    draw_different(all, wanted, write, [&](const entry& each) { write(each.key()); });
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> any_order{"nondeterministic_output_order"};
constexpr std::array<std::string_view, 1> random_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "sadd",
     .handler = sadd,
     .arity = -3,
     .flags = write | denyoom | fast,
     .categories = acl_category::set,
     .keys = {one_key("RW insert")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N) for N members",
     .syntax = "key member [member ...]",
     .summary = "Adds members to a set, which is created if the key is absent."},
    {.name = "scard",
     .handler = scard,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::set,
     .keys = {one_key("RO")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many members a set has."},
    {.name = "sismember",
     .handler = sismember,
     .arity = 3,
     .flags = readonly | fast,
     .categories = acl_category::set,
     .keys = {one_key("RO")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key member",
     .summary = "Tells whether a set has a member."},
    {.name = "smembers",
     .handler = smembers,
     .arity = 2,
     .flags = readonly,
     .categories = acl_category::set,
     .keys = {one_key("RO access")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N) for N members",
     .syntax = "key",
     .summary = "Gives all members of a set.",
     .tips = any_order},
    {.name = "smismember",
     .handler = smismember,
     .arity = -3,
     .flags = readonly | fast,
     .categories = acl_category::set,
     .keys = {one_key("RO access")},
     .group = "set",
     .since = "6.2.0",
     .complexity = "O(N) for N members that are asked about",
     .syntax = "key member [member ...]",
     .summary = "Tells of each of several members whether a set has it."},
    {.name = "smove",
     .handler = smove,
     .arity = 4,
     .flags = write | fast,
     .categories = acl_category::set,
     .keys = {key_range{1, 1, 1, "RW access delete"}, key_range{2, 2, 1, "RW insert"}},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "source:key destination:key member",
     .summary = "Takes a member out of one set and adds it to another."},
    {.name = "spop",
     .handler = spop,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::set,
     .keys = {one_key("RW access delete")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N) for N members that are given",
     .syntax = "key [count:integer]",
     .summary = "Takes random members out of a set and gives them.",
     .tips = random_output},
    {.name = "srandmember",
     .handler = srandmember,
     .arity = -2,
     .flags = readonly,
     .categories = acl_category::set,
     .keys = {one_key("RO access")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N) for N members that are given",
     .syntax = "key [count:integer]",
     .summary = "Gives random members of a set, different ones or, for a negative count, with "
                "repetitions.",
     .tips = random_output},
    {.name = "srem",
     .handler = srem,
     .arity = -3,
     .flags = write | fast,
     .categories = acl_category::set,
     .keys = {one_key("RW delete")},
     .group = "set",
     .since = "1.0.0",
     .complexity = "O(N) for N members",
     .syntax = "key member [member ...]",
     .summary = "Takes members out of a set; the key goes with the last of them."},
    {.name = "sscan",
     .handler = sscan,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::set,
     .keys = {one_key("RO access")},
     .group = "set",
     .since = "2.8.0",
     .complexity = "O(COUNT) a call, O(N) for all members",
     .syntax = "key cursor:integer [MATCH pattern] [COUNT count:integer]",
     .summary = "Lists the members of a set a few at a time.",
     .tips = random_output},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> set_commands() {
    return rows;
}

} // namespace mini_redis
