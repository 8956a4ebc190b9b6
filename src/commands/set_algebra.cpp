// Intersections, unions and differences of sets.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "resp/number.hpp"
#include "store/set_value.hpp"

namespace mini_redis {
namespace {

/// The sets at the keys, nothing where one is absent; or an error as reply, and nothing.
using operands = std::vector<std::optional<set_value>>;

std::optional<operands> read_sets(context& c, std::span<const hashed_key> keys) {
    for (const hashed_key& key : keys) { // all first: to look at a key may remove it
        const located found = c.read(key);
        if (!found || found->type() == value_type::set) continue;
        c.reply.error(replies::wrong_type);
        return std::nullopt;
    }
    operands sets;
    sets.reserve(keys.size());
    for (const hashed_key& key : keys) {
        const located found = c.db.find(key);
        sets.push_back(found ? std::optional{set_value{*found}} : std::nullopt);
    }
    return sets;
}

/// Calls `visit(member)` for the members that are in all of the sets, until it returns false.
template <class Visit>
void intersect(operands sets, Visit&& visit) {
    if (std::any_of(sets.begin(), sets.end(), [](const auto& each) { return !each; })) return;
    std::sort(sets.begin(), sets.end(),
              [](const auto& a, const auto& b) { return a->size() < b->size(); });
    const std::span others = std::span{sets}.subspan(1);
    sets.front()->for_each_while([&](std::string_view member) {
        const bool everywhere =
            std::all_of(others.begin(), others.end(),
                        [member](const auto& each) { return each->contains(member); });
        return !everywhere || visit(member);
    });
}

void unite(const operands& sets, set_builder& result) {
    for (const std::optional<set_value>& each : sets)
        if (each) each->for_each([&](std::string_view member) { result.add(member); });
}

/// Gathers the members of the first set that are in none of the others.
void subtract(const operands& sets, set_builder& result) {
    if (!sets.front()) return;
    // Either asks the others for each member of the first, or takes the others' members out of a
    // copy of the first: whatever has less to look at.
    std::size_t asking = 0;
    std::size_t taking = 0;
    for (const std::optional<set_value>& each : sets) {
        taking += each ? each->size() : 0;
        asking += each ? sets.front()->size() / 2 : 0;
    }
    const std::span others = std::span{sets}.subspan(1);
    const bool asks = asking <= taking;
    sets.front()->for_each([&](std::string_view member) {
        if (asks && std::any_of(others.begin(), others.end(), [member](const auto& each) {
                return each && each->contains(member);
            }))
            return;
        result.add(member);
    });
    if (asks) return;
    for (const std::optional<set_value>& each : others) {
        if (result.size() == 0) return;
        if (each) each->for_each([&](std::string_view member) { result.remove(member); });
    }
}

enum class operation : std::uint8_t { intersection, union_of_all, difference };

void gather(operation what, const operands& sets, set_builder& result) {
    switch (what) {
    case operation::intersection:
        return intersect(sets, [&](std::string_view member) {
            result.add(member);
            return true;
        });
    case operation::union_of_all: return unite(sets, result);
    case operation::difference: return subtract(sets, result);
    }
}

// A result that holds all members of the largest set has room for them from the beginning.
set_builder make_builder(context& c, operation what, const operands& sets) {
    set_builder result{c.db.limits(), 0};
    if (what == operation::union_of_all)
        for (const std::optional<set_value>& each : sets)
            if (each) result.expect_at_least(each->size());
    return result;
}

template <operation What>
void reply_result(context& c) {
    const std::optional<operands> sets = read_sets(c, c.keys);
    if (!sets) return;
    set_builder result = make_builder(c, What, *sets);
    gather(What, *sets, result);
    c.reply.set(result.size());
    result.for_each([&](std::string_view member) { c.reply.bulk_string(member); });
}

/// The event is called as the command is.
template <operation What>
void store_result(context& c) {
    const std::optional<operands> sets = read_sets(c, c.keys.subspan(1));
    if (!sets) return;
    set_builder result = make_builder(c, What, *sets);
    gather(What, *sets, result);
    const hashed_key& destination = c.keys[0];
    const located found = c.db.find(destination);
    if (const std::size_t size = result.size(); size != 0) {
        c.db.put(destination, found, result.finish(destination.name, std::nullopt));
        c.notify(event_class::set, c.self.name, destination);
        return c.reply.integer(static_cast<std::int64_t>(size));
    }
    if (found) {
        c.db.erase(destination, found);
        c.notify(event_class::generic, "del", destination);
    }
    c.reply.integer(0);
}

void sintercard(context& c) {
    const std::optional<std::int64_t> count = parse_integer(c.args[1]);
    if (!count || *count < 1) return c.reply.error("ERR numkeys should be greater than 0");
    if (static_cast<std::uint64_t>(*count) > c.args.size() - 2)
        return c.reply.error("ERR Number of keys can't be greater than number of args");
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 2 + static_cast<std::size_t>(*count); i < c.args.size(); i += 2) {
        if (i + 1 == c.args.size() || !equals_ignoring_case(c.args[i], "limit"))
            return c.reply.error(replies::syntax_error);
        const std::optional<std::int64_t> most = parse_integer(c.args[i + 1]);
        if (!most || *most < 0) return c.reply.error("ERR LIMIT can't be negative");
        limit = *most == 0 ? std::numeric_limits<std::uint64_t>::max()
                           : static_cast<std::uint64_t>(*most);
    }
    const std::optional<operands> sets = read_sets(c, c.keys);
    if (!sets) return;
    std::uint64_t size = 0;
    intersect(*sets, [&](std::string_view) { return ++size < limit; });
    c.reply.integer(static_cast<std::int64_t>(size));
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> any_order{"nondeterministic_output_order"};

constexpr std::string_view cost_of_all = "O(N) for N members of all sets";
constexpr std::string_view cost_of_smallest = "O(N * M) for N members of the smallest of M sets";

constexpr command replied(std::string_view name, command_handler handler, std::string_view cost,
                          std::string_view summary) {
    return {.name = name,
            .handler = handler,
            .arity = -2,
            .flags = readonly,
            .categories = acl_category::set,
            .keys = {{{1, -1, 1, "RO access"}}},
            .group = "set",
            .since = "1.0.0",
            .complexity = cost,
            .syntax = "key [key ...]",
            .summary = summary,
            .tips = any_order};
}

constexpr command stored(std::string_view name, command_handler handler, std::string_view access,
                         std::string_view cost, std::string_view summary) {
    return {.name = name,
            .handler = handler,
            .arity = -3,
            .flags = write | denyoom,
            .categories = acl_category::set,
            .keys = {{{1, 1, 1, access}, {2, -1, 1, "RO access"}}},
            .group = "set",
            .since = "1.0.0",
            .complexity = cost,
            .syntax = "destination:key key [key ...]",
            .summary = summary};
}

constexpr command rows[] = {
    replied("sdiff", reply_result<operation::difference>, cost_of_all,
            "Gives the members of the first set that no other has."),
    stored("sdiffstore", store_result<operation::difference>, "OW update", cost_of_all,
           "Puts the members of the first set that no other has at a key."),
    replied("sinter", reply_result<operation::intersection>, cost_of_smallest,
            "Gives the members that all of the sets have."),
    {.name = "sintercard",
     .handler = sintercard,
     .arity = -3,
     .flags = readonly | movablekeys,
     .categories = acl_category::set,
     .keys = {counted_keys(1, "RO access")},
     .group = "set",
     .since = "7.0.0",
     .complexity = cost_of_smallest,
     .syntax = "numkeys:integer key [key ...] [LIMIT limit:integer]",
     .summary = "Tells how many members all of the sets have, up to a limit."},
    stored("sinterstore", store_result<operation::intersection>, "RW update", cost_of_smallest,
           "Puts the members that all of the sets have at a key."),
    replied("sunion", reply_result<operation::union_of_all>, cost_of_all,
            "Gives the members that any of the sets has."),
    stored("sunionstore", store_result<operation::union_of_all>, "OW update", cost_of_all,
           "Puts the members that any of the sets has at a key."),
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> set_algebra_commands() {
    return rows;
}

} // namespace mini_redis
