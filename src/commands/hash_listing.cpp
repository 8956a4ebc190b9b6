// Hashes: all of their fields, a few at a time, or some at random.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/random_members.hpp"
#include "commands/scan_options.hpp"
#include "commands/type_checks.hpp"
#include "store/hash_value.hpp"

namespace mini_redis {
namespace {

void hgetall(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_hash(c, found)) return;
    if (!found) return c.reply.map(0);
    const hash_value hash{*found};
    c.reply.map(hash.size());
    hash.for_each([&](std::string_view field, std::string_view value) {
        c.reply.bulk_string(field);
        c.reply.bulk_string(value);
    });
}

/// An array of what `part` picks of each field and its value.
template <class Part>
void list_parts(context& c, Part part) {
    const located found = c.read(c.keys[0]);
    if (!is_hash(c, found)) return;
    if (!found) return c.reply.array(0);
    const hash_value hash{*found};
    c.reply.array(hash.size());
    hash.for_each([&](std::string_view field, std::string_view value) {
        c.reply.bulk_string(part(field, value));
    });
}

void hkeys(context& c) {
    list_parts(c, [](std::string_view field, std::string_view) { return field; });
}

void hvals(context& c) {
    list_parts(c, [](std::string_view, std::string_view value) { return value; });
}

void hscan(context& c) {
    const std::optional<std::uint64_t> cursor = cursor_argument(c, c.args[2]);
    if (!cursor) return;
    const located found = c.read(c.keys[0]);
    scan_reply reply{c};
    if (!found) return reply.finish(0);
    if (!is_hash(c, found)) return;
    const std::optional<scan_options> options = parse_scan_options(c, 3, scan_of::members);
    if (!options) return;
    const auto add = [&](std::string_view field, std::string_view value) {
        if (!options->wants(field)) return;
        reply.add(field);
        reply.add(value);
    };
    const hash_value hash{*found};
    if (hash.table() == nullptr) {
        hash.for_each(add);
        return reply.finish(0);
    }
    reply.finish(scan_table(*hash.table(), *cursor, *options,
                            [&](const entry& each) { add(each.key(), each.string()); }));
}

// -- HRANDFIELD -------------------------------------------------------------------------------

/// With repetitions, as many as are asked for.
template <class Write>
void draw_fields(const hash_value& hash, std::uint64_t count, Write&& write) {
    if (hash.table() != nullptr) {
        for (; count > 0; --count)
            hash.pick(random_number(), write);
        return;
    }
    std::vector<std::pair<std::string_view, std::string_view>> all; // to find them by number
    all.reserve(hash.size());
    hash.for_each([&](auto field, auto value) { all.emplace_back(field, value); });
    for (; count > 0; --count) {
        const auto& [field, value] = all[random_number() % all.size()];
        write(field, value);
    }
}

void reply_random_fields(context& c, std::int64_t count, bool with_values) {
    const located found = c.read(c.keys[0]);
    if (!is_hash(c, found)) return;
    if (!found || count == 0) return c.reply.array(0);
    const hash_value hash{*found};
    const bool repeat = count < 0;
    const std::uint64_t size = hash.size();
    const std::uint64_t wanted = repeat ? static_cast<std::uint64_t>(-count)
                                        : std::min(static_cast<std::uint64_t>(count), size);
    const bool in_pairs = with_values && c.reply.resp3();
    const auto write = [&](std::string_view field, std::string_view value) {
        if (in_pairs) c.reply.array(2);
        c.reply.bulk_string(field);
        if (with_values) c.reply.bulk_string(value);
        limit_reply(c);
    };
    c.reply.array(with_values && !in_pairs ? wanted * 2 : wanted);
    if (repeat) return draw_fields(hash, wanted, write);
    if (wanted == size) return hash.for_each(write);
    draw_different(hash, wanted, write,
                   [&](const entry& each) { write(each.key(), each.string()); });
}

void hrandfield(context& c) {
    if (c.args.size() == 2) {
        const located found = c.read(c.keys[0]);
        if (!is_hash(c, found)) return;
        if (!found) return c.reply.null();
        return hash_value{*found}.pick(
            random_number(), [&](std::string_view field, auto) { c.reply.bulk_string(field); });
    }
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::optional<std::int64_t> count = integer_argument(c, c.args[2]);
    if (!count) return;
    if (*count < -most)
        return c.reply.error(
            fmt::format("ERR value is out of range, value must between {} and {}", -most, most));
    const bool with_values = c.args.size() == 4;
    if (c.args.size() > 4 || (with_values && !equals_ignoring_case(c.args[3], "withvalues")))
        return c.reply.error(replies::syntax_error);
    if (with_values && (*count < -most / 2 || *count > most / 2))
        return c.reply.error("ERR value is out of range");
    reply_random_fields(c, *count, with_values);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> any_order{"nondeterministic_output_order"};
constexpr std::array<std::string_view, 1> random_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "hgetall",
     .handler = hgetall,
     .arity = 2,
     .flags = readonly,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key",
     .summary = "Gives all fields of a hash with their values.",
     .tips = any_order},
    {.name = "hkeys",
     .handler = hkeys,
     .arity = 2,
     .flags = readonly,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key",
     .summary = "Gives the names of all fields of a hash.",
     .tips = any_order},
    {.name = "hrandfield",
     .handler = hrandfield,
     .arity = -2,
     .flags = readonly,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "6.2.0",
     .complexity = "O(N) for N fields that are given",
     .syntax = "key [options: count:integer [WITHVALUES]]",
     .summary = "Gives random fields of a hash, different ones or, for a negative count, with "
                "repetitions.",
     .tips = random_output},
    {.name = "hscan",
     .handler = hscan,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "2.8.0",
     .complexity = "O(COUNT) a call, O(N) for all fields",
     .syntax = "key cursor:integer [MATCH pattern] [COUNT count:integer]",
     .summary = "Lists the fields of a hash and their values a few at a time.",
     .tips = random_output},
    {.name = "hvals",
     .handler = hvals,
     .arity = 2,
     .flags = readonly,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key",
     .summary = "Gives the values of all fields of a hash.",
     .tips = any_order},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> hash_listing_commands() {
    return rows;
}

} // namespace mini_redis
