// When keys expire: set, asked for, and taken away. Times are kept as Unix milliseconds.
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/expiry_time.hpp"
#include "commands/families.hpp"

namespace mini_redis {
namespace {

struct conditions {
    bool nx = false; // only if the key has no expiry
    bool xx = false; // only if it has one
    bool gt = false; // only if the new time is later
    bool lt = false; // only if it is earlier

    /// Whether an expiry may become `at`. No expiry counts as the end of time.
    bool allow(std::optional<std::int64_t> now, std::int64_t at) const noexcept {
        if (nx && now) return false;
        if (xx && !now) return false;
        if (gt && (!now || at <= *now)) return false;
        if (lt && now && at >= *now) return false;
        return true;
    }
};

// Replies with an error and returns nothing if the words behind the time are wrong.
std::optional<conditions> parse_conditions(context& c) {
    conditions wanted;
    for (const std::string_view word : c.args.subspan(3)) {
        if (equals_ignoring_case(word, "nx")) {
            wanted.nx = true;
        } else if (equals_ignoring_case(word, "xx")) {
            wanted.xx = true;
        } else if (equals_ignoring_case(word, "gt")) {
            wanted.gt = true;
        } else if (equals_ignoring_case(word, "lt")) {
            wanted.lt = true;
        } else {
            c.reply.error(fmt::format("ERR Unsupported option {}", shown(word)));
            return std::nullopt;
        }
    }
    if (wanted.nx && (wanted.xx || wanted.gt || wanted.lt)) {
        c.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
        return std::nullopt;
    }
    if (wanted.gt && wanted.lt) {
        c.reply.error("ERR GT and LT options at the same time are not compatible");
        return std::nullopt;
    }
    return wanted;
}

void expire_generic(context& c, time_unit unit) {
    const std::optional<conditions> wanted = parse_conditions(c);
    if (!wanted) return;
    const std::optional<std::int64_t> value = integer_argument(c, c.args[2]);
    if (!value) return;
    const std::optional<std::int64_t> at = to_unix_ms(unit, *value, c.now_ms());
    if (!at)
        return c.reply.error(fmt::format("ERR invalid expire time in '{}' command", c.self.name));

    const located found = c.modify(c.keys[0]);
    if (!found || !wanted->allow(found->expiry(), *at)) return c.reply.integer(0);
    if (*at <= c.now_ms()) {
        c.db.erase(c.keys[0], found);
        c.notify(event_class::generic, "del", c.keys[0]);
    } else {
        c.db.set_expiry(c.keys[0], found, at);
        c.notify(event_class::generic, "expire", c.keys[0]);
    }
    c.reply.integer(1);
}

void expire(context& c) {
    expire_generic(c, time_unit::seconds);
}

void pexpire(context& c) {
    expire_generic(c, time_unit::milliseconds);
}

void expireat(context& c) {
    expire_generic(c, time_unit::unix_seconds);
}

void pexpireat(context& c) {
    expire_generic(c, time_unit::unix_milliseconds);
}

// -2: no such key, -1: it has no expiry; otherwise what `value` makes of the time.
template <class Value>
void reply_expiry(context& c, Value&& value) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.integer(-2);
    if (!found->has_expiry()) return c.reply.integer(-1);
    c.reply.integer(value(found->expire_at()));
}

// To the nearest second, without the overflow of adding half a second first.
std::int64_t rounded_seconds(std::int64_t ms) noexcept {
    return ms / 1000 + (ms % 1000 >= 500);
}

void ttl(context& c) {
    reply_expiry(c, [&](std::int64_t at) { return rounded_seconds(at - c.now_ms()); });
}

void pttl(context& c) {
    reply_expiry(c, [&](std::int64_t at) { return at - c.now_ms(); });
}

void expiretime(context& c) {
    reply_expiry(c, rounded_seconds);
}

void pexpiretime(context& c) {
    reply_expiry(c, [](std::int64_t at) { return at; });
}

void persist(context& c) {
    const located found = c.modify(c.keys[0]);
    if (!found || !found->has_expiry()) return c.reply.integer(0);
    c.db.set_expiry(c.keys[0], found, std::nullopt);
    c.notify(event_class::generic, "persist", c.keys[0]);
    c.reply.integer(1);
}

using enum command_flag;
using category = acl_category;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "expire",
     .handler = expire,
     .arity = -3,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW update"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key seconds:integer [condition: NX | XX | GT | LT]",
     .summary = "Lets a key expire that many seconds from now."},
    {.name = "expireat",
     .handler = expireat,
     .arity = -3,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW update"}}},
     .group = "generic",
     .since = "1.2.0",
     .complexity = "O(1)",
     .syntax = "key unix-time-seconds:unix-time [condition: NX | XX | GT | LT]",
     .summary = "Lets a key expire at a Unix time."},
    {.name = "expiretime",
     .handler = expiretime,
     .arity = 2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "generic",
     .since = "7.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells the Unix time at which a key expires."},
    {.name = "persist",
     .handler = persist,
     .arity = 2,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW update"}}},
     .group = "generic",
     .since = "2.2.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Lets a key live without end."},
    {.name = "pexpire",
     .handler = pexpire,
     .arity = -3,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW update"}}},
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(1)",
     .syntax = "key milliseconds:integer [condition: NX | XX | GT | LT]",
     .summary = "Lets a key expire that many milliseconds from now."},
    {.name = "pexpireat",
     .handler = pexpireat,
     .arity = -3,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW update"}}},
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(1)",
     .syntax = "key unix-time-milliseconds:unix-time [condition: NX | XX | GT | LT]",
     .summary = "Lets a key expire at a Unix time in milliseconds."},
    {.name = "pexpiretime",
     .handler = pexpiretime,
     .arity = 2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "generic",
     .since = "7.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells the Unix time in milliseconds at which a key expires."},
    {.name = "pttl",
     .handler = pttl,
     .arity = 2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many milliseconds a key has left.",
     .tips = changing_output},
    {.name = "ttl",
     .handler = ttl,
     .arity = 2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many seconds a key has left.",
     .tips = changing_output},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> expiry_commands() {
    return rows;
}

} // namespace mini_redis
