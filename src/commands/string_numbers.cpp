// Strings as numbers: counted up and down.
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/type_checks.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

void add(context& c, std::int64_t by) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_string(c, found)) return;
    std::int64_t value = 0;
    if (found) {
        const std::optional<std::int64_t> old = parse_integer(found->string());
        if (!old) return c.reply.error(replies::not_an_integer);
        value = *old;
    }
    if (__builtin_add_overflow(value, by, &value))
        return c.reply.error("ERR increment or decrement would overflow");
    char digits[integer_digits];
    const std::string_view text{digits, format_integer(value, digits)};
    c.db.put_string(key, found, text, found ? found->expiry() : std::nullopt);
    c.notify(event_class::string, "incrby", key);
    c.reply.integer(value);
}

void incr(context& c) {
    add(c, 1);
}

void decr(context& c) {
    add(c, -1);
}

void incrby(context& c) {
    const std::optional<std::int64_t> by = parse_integer(c.args[2]);
    if (!by) return c.reply.error(replies::not_an_integer);
    add(c, *by);
}

void decrby(context& c) {
    const std::optional<std::int64_t> by = parse_integer(c.args[2]);
    if (!by) return c.reply.error(replies::not_an_integer);
    if (*by == std::numeric_limits<std::int64_t>::min())
        return c.reply.error("ERR decrement would overflow");
    add(c, -*by);
}

void incrbyfloat(context& c) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_string(c, found)) return;
    const std::optional<long double> old = found ? parse_long_real(found->string()) : 0.0L;
    const std::optional<long double> by = parse_long_real(c.args[2]);
    if (!old || !by) return c.reply.error(replies::not_a_float);
    const long double value = *old + *by;
    if (std::isnan(value) || std::isinf(value))
        return c.reply.error("ERR increment would produce NaN or Infinity");
    char digits[long_real_digits];
    const std::string_view text{digits, format_long_real(value, digits)};
    c.db.put_string(key, found, text, found ? found->expiry() : std::nullopt,
                    string_encoding::not_integer);
    c.notify(event_class::string, "incrbyfloat", key);
    c.reply.bulk_string(text);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "decr",
     .handler = decr,
     .arity = 2,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Takes one off an integer; an absent key counts as 0."},
    {.name = "decrby",
     .handler = decrby,
     .arity = 3,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key decrement:integer",
     .summary = "Takes a number off an integer; an absent key counts as 0."},
    {.name = "incr",
     .handler = incr,
     .arity = 2,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Adds one to an integer; an absent key counts as 0."},
    {.name = "incrby",
     .handler = incrby,
     .arity = 3,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key increment:integer",
     .summary = "Adds a number to an integer; an absent key counts as 0."},
    {.name = "incrbyfloat",
     .handler = incrbyfloat,
     .arity = 3,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "2.6.0",
     .complexity = "O(1)",
     .syntax = "key increment:double",
     .summary = "Adds a number with a fraction to a number; an absent key counts as 0."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> string_number_commands() {
    return rows;
}

} // namespace mini_redis
