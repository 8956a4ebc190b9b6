// Strings: SET with its options, GET and its relatives, numbers, ranges.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "commands/context.hpp"
#include "commands/expiry_time.hpp"
#include "commands/families.hpp"
#include "commands/growing_string.hpp"
#include "commands/registry.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

/// Replies with an error and returns false if the key holds something else than a string.
bool is_string(context& c, located found) {
    if (!found || found->type() == value_type::string) return true;
    c.reply.error(replies::wrong_type);
    return false;
}

void reply_string_or_null(context& c, located found) {
    if (found)
        c.reply.bulk_string(found->string());
    else
        c.reply.null();
}

bool exceeds_limit(context& c, std::size_t size) {
    if (size <= static_cast<std::size_t>(
                    c.server.configuration().max_bulk_bytes.load(std::memory_order_relaxed)))
        return false;
    c.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return true;
}

// -- SET and GET ------------------------------------------------------------------------------

struct set_options {
    bool if_absent = false;
    bool if_present = false;
    bool get = false;
    bool keep_expiry = false;
    bool persist = false; // GETEX only
    std::optional<time_argument> expiry;
};

enum class option_set { set, getex };

/// Reads the options that follow the key (and value); nothing if they contradict each other.
std::optional<set_options> parse_set_options(std::span<const std::string_view> words,
                                             option_set which) {
    set_options options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const bool of_set = which == option_set::set;
        if (of_set && equals_ignoring_case(word, "nx") && !options.if_present) {
            options.if_absent = true;
        } else if (of_set && equals_ignoring_case(word, "xx") && !options.if_absent) {
            options.if_present = true;
        } else if (of_set && equals_ignoring_case(word, "get")) {
            options.get = true;
        } else if (of_set && equals_ignoring_case(word, "keepttl") && !options.expiry) {
            options.keep_expiry = true;
        } else if (!of_set && equals_ignoring_case(word, "persist") && !options.expiry) {
            options.persist = true;
        } else {
            const std::optional<time_unit> unit = parse_time_unit(word);
            // The same unit may come again, and its last time counts; two units contradict each
            // other.
            if (!unit || i + 1 == words.size() ||
                (options.expiry && options.expiry->unit != *unit) || options.keep_expiry ||
                options.persist)
                return std::nullopt;
            options.expiry = time_argument{*unit, words[++i]};
        }
    }
    return options;
}

void set(context& c) {
    const std::optional<set_options> options =
        parse_set_options(c.args.subspan(3), option_set::set);
    if (!options) return c.reply.error(replies::syntax_error);
    std::optional<std::int64_t> expire_at;
    if (options->expiry) {
        expire_at = resolve_time(c, *options->expiry);
        if (!expire_at) return;
    }

    const hashed_key& key = c.keys[0];
    const located found = options->get ? c.read(key) : c.modify(key);
    if (options->get) {
        if (!is_string(c, found)) return;
        reply_string_or_null(c, found);
    }
    if ((options->if_absent && found) || (options->if_present && !found)) {
        if (!options->get) c.reply.null();
        return;
    }
    if (options->keep_expiry && found) expire_at = found->expiry();
    c.db.put_string(key, found, c.args[2], expire_at);
    c.notify(event_class::string, "set", key);
    if (options->expiry) c.notify(event_class::generic, "expire", key);
    if (!options->get) c.reply.ok();
}

void get(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_string(c, found)) reply_string_or_null(c, found);
}

void getdel(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_string(c, found)) return;
    reply_string_or_null(c, found);
    if (!found) return;
    c.db.erase(c.keys[0], found);
    c.notify(event_class::generic, "del", c.keys[0]);
}

void getex(context& c) {
    const std::optional<set_options> options =
        parse_set_options(c.args.subspan(2), option_set::getex);
    if (!options) return c.reply.error(replies::syntax_error);
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.null();
    if (!is_string(c, found)) return;

    std::optional<std::int64_t> expire_at;
    if (options->expiry) {
        expire_at = resolve_time(c, *options->expiry);
        if (!expire_at) return;
    }
    reply_string_or_null(c, found);
    const auto tell = [&](std::string_view event) {
        c.notify(event_class::generic, event, c.keys[0]);
    };
    if (expire_at && *expire_at <= c.now_ms()) {
        c.db.erase(c.keys[0], found);
        tell("del");
    } else if (expire_at || (options->persist && found->has_expiry())) {
        c.db.set_expiry(c.keys[0], found, expire_at);
        tell(expire_at ? "expire" : "persist");
    }
}

void getset(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_string(c, found)) return;
    reply_string_or_null(c, found);
    c.db.put_string(c.keys[0], found, c.args[2], std::nullopt);
    c.notify(event_class::string, "set", c.keys[0]);
}

void setnx(context& c) {
    const located found = c.modify(c.keys[0]);
    const bool there = static_cast<bool>(found);
    if (!there) {
        c.db.put_string(c.keys[0], found, c.args[2], std::nullopt);
        c.notify(event_class::string, "set", c.keys[0]);
    }
    c.reply.integer(there ? 0 : 1);
}

void set_with_unit(context& c, time_unit unit) {
    const std::optional<std::int64_t> expire_at = resolve_time(c, {unit, c.args[2]});
    if (!expire_at) return;
    c.db.put_string(c.keys[0], c.modify(c.keys[0]), c.args[3], expire_at);
    c.notify(event_class::string, "set", c.keys[0]);
    c.notify(event_class::generic, "expire", c.keys[0]);
    c.reply.ok();
}

void setex(context& c) {
    set_with_unit(c, time_unit::seconds);
}

void psetex(context& c) {
    set_with_unit(c, time_unit::milliseconds);
}

void mget(context& c) {
    c.reply.array(c.keys.size());
    for (const hashed_key& key : c.keys) {
        const located found = c.read(key);
        if (found && found->type() == value_type::string)
            c.reply.bulk_string(found->string());
        else
            c.reply.null();
    }
}

bool has_pairs(context& c) {
    if (c.args.size() % 2 == 1) return true;
    c.reply.error(fmt::format("ERR wrong number of arguments for '{}' command", c.self.name));
    return false;
}

void put_pairs(context& c) {
    for (std::size_t i = 0; i < c.keys.size(); ++i) {
        c.db.put_string(c.keys[i], c.modify(c.keys[i]), c.args[2 + 2 * i], std::nullopt);
        c.notify(event_class::string, "set", c.keys[i]);
    }
}

void mset(context& c) {
    if (!has_pairs(c)) return;
    put_pairs(c);
    c.reply.ok();
}

void msetnx(context& c) {
    if (!has_pairs(c)) return;
    if (std::any_of(c.keys.begin(), c.keys.end(),
                    [&](const hashed_key& key) { return bool{c.modify(key)}; }))
        return c.reply.integer(0);
    put_pairs(c);
    c.reply.integer(1);
}

// -- Parts of a string ------------------------------------------------------------------------

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
    if (std::string* const stored = found->outside_string()) {
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

// -- Numbers ----------------------------------------------------------------------------------

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

constexpr key_range one_key(std::string_view access) {
    return {1, 1, 1, access};
}

constexpr std::array<std::string_view, 1> many_shards{"request_policy:multi_shard"};
constexpr std::array<std::string_view, 2> many_shards_all{"request_policy:multi_shard",
                                                          "response_policy:all_succeeded"};
constexpr std::array<std::string_view, 2> many_shards_least{"request_policy:multi_shard",
                                                            "response_policy:agg_min"};

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
    {.name = "get",
     .handler = get,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::string,
     .keys = {one_key("RO access")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Gives the string at a key, or null."},
    {.name = "getdel",
     .handler = getdel,
     .arity = 2,
     .flags = write | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access delete")},
     .group = "string",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Gives the string at a key and removes the key."},
    {.name = "getex",
     .handler = getex,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "key [expiration: EX seconds:integer | PX milliseconds:integer | EXAT "
               "unix-time-seconds:unix-time | "
               "PXAT unix-time-milliseconds:unix-time | PERSIST]",
     .summary = "Gives the string at a key, and sets or removes its expiry."},
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
    {.name = "getset",
     .handler = getset,
     .arity = 3,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("RW access update")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key value",
     .summary = "Stores a string and gives the one that was there before."},
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
    {.name = "mget",
     .handler = mget,
     .arity = -2,
     .flags = readonly | fast,
     .categories = acl_category::string,
     .keys = {key_range{1, -1, 1, "RO access"}},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Gives the strings at several keys, in one step.",
     .tips = many_shards},
    {.name = "mset",
     .handler = mset,
     .arity = -3,
     .flags = write | denyoom,
     .categories = acl_category::string,
     .keys = {key_range{1, -1, 2, "OW update"}},
     .group = "string",
     .since = "1.0.1",
     .complexity = "O(N) in the number of keys",
     .syntax = "key value [key value ...]",
     .summary = "Stores several strings in one step.",
     .tips = many_shards_all},
    {.name = "msetnx",
     .handler = msetnx,
     .arity = -3,
     .flags = write | denyoom,
     .categories = acl_category::string,
     .keys = {key_range{1, -1, 2, "OW insert"}},
     .group = "string",
     .since = "1.0.1",
     .complexity = "O(N) in the number of keys",
     .syntax = "key value [key value ...]",
     .summary = "Stores several strings in one step, if none of the keys is there yet.",
     .tips = many_shards_least},
    {.name = "psetex",
     .handler = psetex,
     .arity = 4,
     .flags = write | denyoom,
     .categories = acl_category::string,
     .keys = {one_key("OW update")},
     .group = "string",
     .since = "2.6.0",
     .complexity = "O(1)",
     .syntax = "key milliseconds:integer value",
     .summary = "Stores a string that expires after some milliseconds."},
    {.name = "set",
     .handler = set,
     .arity = -3,
     .flags = write | denyoom,
     .categories = acl_category::string,
     .keys = {one_key("RW access update variable_flags")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax =
         "key value [condition: NX | XX] [GET] [expiration: EX seconds:integer | PX "
         "milliseconds:integer | "
         "EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | KEEPTTL]",
     .summary = "Stores a string, whatever the key held; with conditions and an expiry if wanted."},
    {.name = "setex",
     .handler = setex,
     .arity = 4,
     .flags = write | denyoom,
     .categories = acl_category::string,
     .keys = {one_key("OW update")},
     .group = "string",
     .since = "2.0.0",
     .complexity = "O(1)",
     .syntax = "key seconds:integer value",
     .summary = "Stores a string that expires after some seconds."},
    {.name = "setnx",
     .handler = setnx,
     .arity = 3,
     .flags = write | denyoom | fast,
     .categories = acl_category::string,
     .keys = {one_key("OW insert")},
     .group = "string",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key value",
     .summary = "Stores a string if the key is absent."},
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

std::span<const command> string_commands() {
    return rows;
}

} // namespace mini_redis
