// Strings as a whole: SET with its options, GET and its relatives.
#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/expiry_time.hpp"
#include "commands/families.hpp"
#include "commands/registry.hpp"
#include "commands/type_checks.hpp"

namespace mini_redis {
namespace {

void reply_string_or_null(context& c, located found) {
    if (found)
        c.reply.bulk_string(found->string());
    else
        c.reply.null();
}

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
    reply_wrong_arity(c);
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

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> many_shards{"request_policy:multi_shard"};
constexpr std::array<std::string_view, 2> many_shards_all{"request_policy:multi_shard",
                                                          "response_policy:all_succeeded"};
constexpr std::array<std::string_view, 2> many_shards_least{"request_policy:multi_shard",
                                                            "response_policy:agg_min"};

constexpr command rows[] = {
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
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> string_commands() {
    return rows;
}

} // namespace mini_redis
