// Hashes: fields with values at one key, by the names of the fields.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/type_checks.hpp"
#include "resp/number.hpp"
#include "store/hash_value.hpp"

namespace mini_redis {
namespace {

std::optional<std::string_view> field_of(located found, std::string_view field) {
    return found ? hash_value{*found}.get(field) : std::nullopt;
}

void reply_value(context& c, std::optional<std::string_view> value) {
    if (value)
        c.reply.bulk_string(*value);
    else
        c.reply.null();
}

// -- Writing ----------------------------------------------------------------------------------

/// Sets the pairs of HSET and HMSET; returns how many fields are new, or nothing after an error.
std::optional<std::size_t> set_pairs(context& c) {
    if (c.args.size() % 2 == 1) {
        reply_wrong_arity(c);
        return std::nullopt;
    }
    const located found = c.modify(c.keys[0]);
    if (!is_hash(c, found)) return std::nullopt;
    const std::size_t added = hash_set(c.db, c.keys[0], found, c.args.subspan(2));
    c.notify(event_class::hash, "hset", c.keys[0]);
    return added;
}

void hset(context& c) {
    if (const auto added = set_pairs(c)) c.reply.integer(static_cast<std::int64_t>(*added));
}

void hmset(context& c) {
    if (set_pairs(c)) c.reply.ok();
}

void hsetnx(context& c) {
    const located found = c.modify(c.keys[0]);
    if (!is_hash(c, found)) return;
    if (field_of(found, c.args[2])) return c.reply.integer(0);
    hash_set(c.db, c.keys[0], found, c.args.subspan(2));
    c.notify(event_class::hash, "hset", c.keys[0]);
    c.reply.integer(1);
}

void hdel(context& c) {
    located found = c.modify(c.keys[0]);
    if (!found) return c.reply.integer(0);
    if (!is_hash(c, found)) return;
    const std::size_t removed = hash_remove(c.db, c.keys[0], found, c.args.subspan(2));
    if (removed != 0) c.notify(event_class::hash, "hdel", c.keys[0]);
    if (!found) c.notify(event_class::generic, "del", c.keys[0]);
    c.reply.integer(static_cast<std::int64_t>(removed));
}

void hincrby(context& c) {
    const std::optional<std::int64_t> by = integer_argument(c, c.args[3]);
    if (!by) return;
    const located found = c.modify(c.keys[0]);
    if (!is_hash(c, found)) return;
    std::int64_t value = 0;
    if (const auto old = field_of(found, c.args[2])) {
        const std::optional<std::int64_t> number = parse_integer(*old);
        if (!number) return c.reply.error("ERR hash value is not an integer");
        value = *number;
    }
    if (__builtin_add_overflow(value, *by, &value))
        return c.reply.error("ERR increment or decrement would overflow");
    char digits[integer_digits];
    const std::array<std::string_view, 2> words{
        c.args[2], std::string_view{digits, format_integer(value, digits)}};
    hash_set(c.db, c.keys[0], found, words);
    c.notify(event_class::hash, "hincrby", c.keys[0]);
    c.reply.integer(value);
}

void hincrbyfloat(context& c) {
    const std::optional<long double> by = parse_long_real(c.args[3]);
    if (!by) return c.reply.error(replies::not_a_float);
    if (std::isnan(*by) || std::isinf(*by)) return c.reply.error("ERR value is NaN or Infinity");
    const located found = c.modify(c.keys[0]);
    if (!is_hash(c, found)) return;
    long double value = 0;
    if (const auto old = field_of(found, c.args[2])) {
        const std::optional<long double> number = parse_long_real(*old);
        if (!number) return c.reply.error("ERR hash value is not a float");
        value = *number;
    }
    value += *by;
    if (std::isnan(value) || std::isinf(value))
        return c.reply.error("ERR increment would produce NaN or Infinity");
    char digits[long_real_digits];
    const std::array<std::string_view, 2> words{
        c.args[2], std::string_view{digits, format_long_real(value, digits)}};
    hash_set(c.db, c.keys[0], found, words);
    c.notify(event_class::hash, "hincrbyfloat", c.keys[0]);
    c.reply.bulk_string(words[1]);
}

// -- Reading ----------------------------------------------------------------------------------

void hget(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_hash(c, found)) reply_value(c, field_of(found, c.args[2]));
}

void hmget(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_hash(c, found)) return;
    c.reply.array(c.args.size() - 2);
    for (const std::string_view field : c.args.subspan(2))
        reply_value(c, field_of(found, field));
}

void hexists(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_hash(c, found)) c.reply.integer(field_of(found, c.args[2]) ? 1 : 0);
}

void hstrlen(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_hash(c, found)) return;
    const auto value = field_of(found, c.args[2]);
    c.reply.integer(value ? static_cast<std::int64_t>(value->size()) : 0);
}

void hlen(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_hash(c, found))
        c.reply.integer(found ? static_cast<std::int64_t>(hash_value{*found}.size()) : 0);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "hdel",
     .handler = hdel,
     .arity = -3,
     .flags = write | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RW delete")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key field [field ...]",
     .summary = "Takes fields out of a hash; the key goes with the last of them."},
    {.name = "hexists",
     .handler = hexists,
     .arity = 3,
     .flags = readonly | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RO")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .syntax = "key field",
     .summary = "Tells whether a hash has a field."},
    {.name = "hget",
     .handler = hget,
     .arity = 3,
     .flags = readonly | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .syntax = "key field",
     .summary = "Gives the value of a field, or null."},
    {.name = "hincrby",
     .handler = hincrby,
     .arity = 4,
     .flags = write | denyoom | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RW access update")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .syntax = "key field increment:integer",
     .summary = "Adds a number to the integer in a field; an absent one counts as 0."},
    {.name = "hincrbyfloat",
     .handler = hincrbyfloat,
     .arity = 4,
     .flags = write | denyoom | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RW access update")},
     .group = "hash",
     .since = "2.6.0",
     .complexity = "O(1)",
     .syntax = "key field increment:double",
     .summary = "Adds a number with a fraction to that in a field; an absent one counts as 0."},
    {.name = "hlen",
     .handler = hlen,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RO")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many fields a hash has."},
    {.name = "hmget",
     .handler = hmget,
     .arity = -3,
     .flags = readonly | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RO access")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key field [field ...]",
     .summary = "Gives the values of several fields, null for those that are absent."},
    {.name = "hmset",
     .handler = hmset,
     .arity = -4,
     .flags = write | denyoom | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RW update")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key field value [field value ...]",
     .summary = "Sets fields; HSET does the same and tells how many are new."},
    {.name = "hset",
     .handler = hset,
     .arity = -4,
     .flags = write | denyoom | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RW update")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(N) for N fields",
     .syntax = "key field value [field value ...]",
     .summary = "Sets fields of a hash, which is created if the key is absent."},
    {.name = "hsetnx",
     .handler = hsetnx,
     .arity = 4,
     .flags = write | denyoom | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RW insert")},
     .group = "hash",
     .since = "2.0.0",
     .complexity = "O(1)",
     .syntax = "key field value",
     .summary = "Sets a field only if the hash does not have it."},
    {.name = "hstrlen",
     .handler = hstrlen,
     .arity = 3,
     .flags = readonly | fast,
     .categories = acl_category::hash,
     .keys = {one_key("RO")},
     .group = "hash",
     .since = "3.2.0",
     .complexity = "O(1)",
     .syntax = "key field",
     .summary = "Gives the length of the value of a field in bytes."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> hash_commands() {
    return rows;
}

} // namespace mini_redis
