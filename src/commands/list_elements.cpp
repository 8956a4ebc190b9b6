// Lists: elements by their numbers and by what they are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/type_checks.hpp"
#include "resp/number.hpp"
#include "store/list_value.hpp"

namespace mini_redis {
namespace {

void reply_size(context& c, std::size_t size) {
    c.reply.integer(static_cast<std::int64_t>(size));
}

// -- By number --------------------------------------------------------------------------------

void llen(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_list(c, found)) reply_size(c, found ? list_view{*found}.size() : 0);
}

struct list_range {
    std::size_t first = 0;
    std::size_t count = 0;
};

/// The elements from number `start` to `stop`, where negative numbers count from the tail.
list_range resolve_range(std::int64_t start, std::int64_t stop, std::size_t size) noexcept {
    const auto count = static_cast<std::int64_t>(size);
    if (start < 0) start = std::max<std::int64_t>(start + count, 0);
    if (stop < 0) stop += count;
    stop = std::min(stop, count - 1);
    if (start > stop) return {};
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start + 1)};
}

void lrange(context& c) {
    const std::optional<std::int64_t> start = integer_argument(c, c.args[2]);
    if (!start) return;
    const std::optional<std::int64_t> stop = integer_argument(c, c.args[3]);
    if (!stop) return;
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.array(0);
    if (!is_list(c, found)) return;
    const list_view list{*found};
    const list_range range = resolve_range(*start, *stop, list.size());
    c.reply.array(range.count);
    list.for_each(range.first, range.count,
                  [&](std::string_view text) { c.reply.bulk_string(text); });
}

void lindex(context& c) {
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.null();
    if (!is_list(c, found)) return;
    const std::optional<std::int64_t> index = integer_argument(c, c.args[2]);
    if (!index) return;
    const list_view list{*found};
    const std::optional<std::size_t> at = list.resolve(*index);
    if (!at) return c.reply.null();
    c.reply.bulk_string(list.at(*at));
}

void lset(context& c) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!found) return c.reply.error(replies::no_such_key);
    if (!is_list(c, found)) return;
    const std::optional<std::int64_t> index = integer_argument(c, c.args[2]);
    if (!index) return;
    const std::optional<std::size_t> at = list_view{*found}.resolve(*index);
    if (!at) return c.reply.error(replies::index_out_of_range);
    list_editor{c.db, key, found}.set(*at, c.args[3]);
    c.notify(event_class::list, "lset", key);
    c.reply.ok();
}

void ltrim(context& c) {
    const std::optional<std::int64_t> start = integer_argument(c, c.args[2]);
    if (!start) return;
    const std::optional<std::int64_t> stop = integer_argument(c, c.args[3]);
    if (!stop) return;
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!found) return c.reply.ok();
    if (!is_list(c, found)) return;
    const list_range range = resolve_range(*start, *stop, list_view{*found}.size());
    const bool gone = list_editor{c.db, key, found}.keep(range.first, range.count);
    c.notify(event_class::list, "ltrim", key);
    if (gone) c.notify(event_class::generic, "del", key);
    c.reply.ok();
}

// -- By value ---------------------------------------------------------------------------------

void linsert(context& c) {
    const bool after = equals_ignoring_case(c.args[2], "after");
    if (!after && !equals_ignoring_case(c.args[2], "before"))
        return c.reply.error(replies::syntax_error);
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!found) return c.reply.integer(0);
    if (!is_list(c, found)) return;
    const list_view list{*found};
    const std::size_t size = list.size();
    std::size_t at = 0;
    list.walk(list_end::head,
              [&](std::string_view text) { return text != c.args[3] && ++at != 0; });
    if (at == size) return c.reply.integer(-1);
    list_editor editor{c.db, key, found};
    if (after && at + 1 == size)
        editor.push(list_end::tail, c.args.subspan(4, 1));
    else
        editor.insert(after ? at + 1 : at, c.args[4]);
    c.notify(event_class::list, "linsert", key);
    reply_size(c, size + 1);
}

void lrem(context& c) {
    const std::optional<std::int64_t> count = integer_argument(c, c.args[2]);
    if (!count) return;
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!found) return c.reply.integer(0);
    if (!is_list(c, found)) return;
    const std::uint64_t most = *count == 0  ? std::numeric_limits<std::uint64_t>::max()
                               : *count > 0 ? static_cast<std::uint64_t>(*count)
                                            : 0 - static_cast<std::uint64_t>(*count);
    const std::size_t size = list_view{*found}.size();
    const std::size_t removed = list_editor{c.db, key, found}.remove(
        *count < 0 ? list_end::tail : list_end::head, most, c.args[3]);
    if (removed != 0) c.notify(event_class::list, "lrem", key);
    if (removed == size) c.notify(event_class::generic, "del", key);
    reply_size(c, removed);
}

struct position_options {
    list_end from = list_end::head;
    std::uint64_t rank = 1;            ///< the first match that counts
    std::optional<std::uint64_t> most; ///< matches; nothing: one, and no array
    std::uint64_t looked_at = std::numeric_limits<std::uint64_t>::max();
};

/// What follows the element in LPOS; otherwise replies with an error and returns nothing.
std::optional<position_options> parse_position_options(context& c) {
    position_options options;
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 3; i < c.args.size(); i += 2) {
        if (i + 1 == c.args.size()) return refuse(replies::syntax_error);
        const std::optional<std::int64_t> value = parse_integer(c.args[i + 1]);
        if (equals_ignoring_case(c.args[i], "rank")) {
            if (!value) return refuse(replies::not_an_integer);
            if (*value == std::numeric_limits<std::int64_t>::min())
                return refuse("ERR value is out of range, value must between -9223372036854775807 "
                              "and 9223372036854775807");
            if (*value == 0)
                return refuse("ERR RANK can't be zero: use 1 to start from the first match, 2 from "
                              "the second ... or use negative to start from the end of the list");
            options.from = *value < 0 ? list_end::tail : list_end::head;
            options.rank = static_cast<std::uint64_t>(*value < 0 ? -*value : *value);
        } else if (equals_ignoring_case(c.args[i], "count")) {
            if (!value || *value < 0) return refuse("ERR COUNT can't be negative");
            options.most = *value == 0 ? all : static_cast<std::uint64_t>(*value);
        } else if (equals_ignoring_case(c.args[i], "maxlen")) {
            if (!value || *value < 0) return refuse("ERR MAXLEN can't be negative");
            options.looked_at = *value == 0 ? all : static_cast<std::uint64_t>(*value);
        } else {
            return refuse(replies::syntax_error);
        }
    }
    return options;
}

void lpos(context& c) {
    const std::optional<position_options> options = parse_position_options(c);
    if (!options) return;
    const located found = c.read(c.keys[0]);
    if (!is_list(c, found)) return;
    std::vector<std::size_t> matches;
    if (found) {
        const list_view list{*found};
        const std::size_t size = list.size();
        const std::uint64_t most = options->most.value_or(1);
        std::uint64_t skipped = 1;
        std::size_t seen = 0;
        list.walk(options->from, [&](std::string_view text) {
            if (text == c.args[2] && skipped++ >= options->rank)
                matches.push_back(options->from == list_end::head ? seen : size - 1 - seen);
            return matches.size() < most && ++seen < options->looked_at;
        });
    }
    if (options->most) {
        c.reply.array(matches.size());
        for (const std::size_t each : matches)
            reply_size(c, each);
    } else if (matches.empty()) {
        c.reply.null();
    } else {
        reply_size(c, matches[0]);
    }
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "lindex",
     .handler = lindex,
     .arity = 3,
     .flags = readonly,
     .categories = acl_category::list,
     .keys = {one_key("RO access")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of blocks of elements to the nearer end",
     .syntax = "key index:integer",
     .summary = "Gives the element with a number; negative numbers count from the tail."},
    {.name = "linsert",
     .handler = linsert,
     .arity = 5,
     .flags = write | denyoom,
     .categories = acl_category::list,
     .keys = {one_key("RW insert")},
     .group = "list",
     .since = "2.2.0",
     .complexity = "O(N) in the number of elements in front of the pivot",
     .syntax = "key <where: BEFORE | AFTER> pivot element",
     .summary = "Puts an element before or after the first that equals another."},
    {.name = "llen",
     .handler = llen,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::list,
     .keys = {one_key("RO")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Counts a list's elements."},
    {.name = "lpos",
     .handler = lpos,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::list,
     .keys = {one_key("RO access")},
     .group = "list",
     .since = "6.0.6",
     .complexity = "O(N) in the number of elements looked at",
     .syntax = "key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
     .summary = "Gives the numbers of the elements that equal one."},
    {.name = "lrange",
     .handler = lrange,
     .arity = 4,
     .flags = readonly,
     .categories = acl_category::list,
     .keys = {one_key("RO access")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(S+N) in the blocks to the nearer end, and the elements given",
     .syntax = "key start:integer stop:integer",
     .summary = "Gives the elements from one number to another."},
    {.name = "lrem",
     .handler = lrem,
     .arity = 4,
     .flags = write,
     .categories = acl_category::list,
     .keys = {one_key("RW delete")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of elements",
     .syntax = "key count:integer element",
     .summary = "Removes elements that equal one: the first, the last, or all."},
    {.name = "lset",
     .handler = lset,
     .arity = 4,
     .flags = write | denyoom,
     .categories = acl_category::list,
     .keys = {one_key("RW update")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of blocks of elements to the nearer end",
     .syntax = "key index:integer element",
     .summary = "Replaces the element with a number."},
    {.name = "ltrim",
     .handler = ltrim,
     .arity = 4,
     .flags = write,
     .categories = acl_category::list,
     .keys = {one_key("RW delete")},
     .group = "list",
     .since = "1.0.0",
     .complexity = "O(N) in the number of elements removed",
     .syntax = "key start:integer stop:integer",
     .summary = "Removes all elements but those from one number to another."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> list_element_commands() {
    return rows;
}

} // namespace mini_redis
