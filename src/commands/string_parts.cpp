// Strings as bytes: appended to, measured, read and overwritten in part.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/growing_string.hpp"
#include "commands/type_checks.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

bool exceeds_limit(context& c, std::size_t size) {
    if (size <= static_cast<std::size_t>(
                    c.server.configuration().max_bulk_bytes.load(std::memory_order_relaxed)))
        return false;
    c.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return true;
}

void append(context& c) {
    const hashed_key& key = c.keys[0];
    const std::string_view added = c.args[2];
    const located found = c.modify(key);
    if (!found) {
        c.db.put_string(key, found, added, std::nullopt);
        c.notify(event_class::string, "append", key);
        return c.reply.integer(static_cast<std::int64_t>(added.size()));
    }
    if (!is_string(c, found)) return;
    const std::size_t size = found->string().size() + added.size();
    if (exceeds_limit(c, size)) return;
    if (counted_string* const stored = found->outside_string()) {
        stored->append(added); // grows by a factor: a log of many appends costs linear time
        found->set_encoding(string_encoding::raw);
        c.db.changed(key, nullptr);
    } else {
        std::string whole{found->string()};
        whole += added;
        c.db.put_string(key, found, whole, found->expiry(), string_encoding::raw);
    }
    c.notify(event_class::string, "append", key);
    c.reply.integer(static_cast<std::int64_t>(size));
}

void strlen(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_string(c, found))
        c.reply.integer(found ? static_cast<std::int64_t>(found->string().size()) : 0);
}

void getrange(context& c) {
    const std::optional<std::int64_t> first = parse_integer(c.args[2]);
    const std::optional<std::int64_t> last = parse_integer(c.args[3]);
    if (!first || !last) return c.reply.error(replies::not_an_integer);
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.bulk_string("");
    if (!is_string(c, found)) return;

    const std::string_view text = found->string();
    const auto size = static_cast<std::int64_t>(text.size());
    if (*first < 0 && *last < 0 && *first > *last) return c.reply.bulk_string("");
    const std::int64_t start = std::max<std::int64_t>(*first < 0 ? *first + size : *first, 0);
    const std::int64_t end =
        std::min(std::max<std::int64_t>(*last < 0 ? *last + size : *last, 0), size - 1);
    if (start > end || size == 0) return c.reply.bulk_string("");
    c.reply.bulk_string(
        text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1)));
}

void setrange(context& c) {
    const std::optional<std::int64_t> offset = parse_integer(c.args[2]);
    if (!offset) return c.reply.error(replies::not_an_integer);
    if (*offset < 0) return c.reply.error("ERR offset is out of range");
    const std::string_view part = c.args[3];
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_string(c, found)) return;
    const std::size_t old_size = found ? found->string().size() : 0;
    if (part.empty()) return c.reply.integer(static_cast<std::int64_t>(old_size));
    if (static_cast<std::uint64_t>(*offset) >
        std::numeric_limits<std::int64_t>::max() - part.size())
        return c.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    const std::size_t end = static_cast<std::size_t>(*offset) + part.size();
    if (exceeds_limit(c, end)) return;

    const located held = grow_string(c, key, found, end);
    const std::span<char> bytes = held->mutable_bytes();
    std::memcpy(bytes.data() + *offset, part.data(), part.size());
    c.db.changed(key, nullptr);
    c.notify(event_class::string, "setrange", key);
    c.reply.integer(static_cast<std::int64_t>(bytes.size()));
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "append",
     .handler = append,
     .arity = 3,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW insert")},
     .group = "string",
     .since = "2.0.0",
     .complexity = "O(1) on average; the value's storage grows by a factor",
     .syntax = "key value",
     .summary = "Adds bytes to the end of a string; creates it if the key is absent."},
    {.name = "getrange",
     .handler = getrange,
     .arity = 4,
     .flags = readonly,
     .categories = acl_category::string,
     .keys = {one_key("RO access")},
     .group = "string",
     .since = "2.4.0",
     .complexity = "O(N) in the length of the part",
     .syntax = "key start:integer end:integer",
     .summary = "Gives a part of a string, by its first and last byte; negative positions count "
                "from the end."},
    {.name = "setrange",
     .handler = setrange,
     .arity = 4,
     .flags = write | denyoom,
     .categories = acl_category::string,
     .keys = {one_key("RW update")},
     .group = "string",
     .since = "2.2.0",
     .complexity = "O(N) in the length of the string where it has to move, otherwise of the part",
     .syntax = "key offset:integer value",
     .summary =
         "Overwrites a part of a string, with zero bytes before it if the string is shorter."},
    {.name = "strlen",
     .handler = strlen,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::string,
     .keys = {one_key("RO")},
     .group = "string",
     .since = "2.2.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Gives a string's length in bytes."},
    {.name = "substr",
     .handler = getrange,
     .arity = 4,
     .flags = readonly,
     .categories = acl_category::string,
     .keys = {one_key("RO access")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(N) in the length of the part",
     .syntax = "key start:integer end:integer",
     .summary = "Is the old name of GETRANGE."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> string_part_commands() {
    return rows;
}

} // namespace mini_redis
