// DEBUG: what tests ask of a server behind the scenes.
#include <array>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <string_view>
#include <thread>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/encoding.hpp"
#include "commands/families.hpp"
#include "commands/value_digest.hpp"
#include "commands/value_dump.hpp"
#include "resp/number.hpp"
#include "store/dump_format.hpp"
#include "store/glob.hpp"
#include "store/list_value.hpp"

namespace mini_redis {
namespace {

void debug_sleep(context& c) {
    const double seconds = parse_real(c.args[2]).value_or(0);
    if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>{seconds});
    c.reply.ok();
}

void debug_object(context& c) {
    const hashed_key key{c.args[2]};
    const auto guard = c.lock_shard(c.store.shard_index(key.hash));
    const located found = c.db.find(key);
    if (!found) return c.reply.error(replies::no_such_key);
    const std::string_view encoding = encoding_name(*found);
    std::string text = fmt::format(
        "Value at:{} refcount:{} encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        fmt::ptr(&*found), reference_count(*found), encoding,
        dumped_size(dump_value(*found).size()), found->last_access(),
        idle_seconds(*found, c.time.coarse_seconds()));
    if (encoding == "quicklist") {
        const list_nodes nodes = nodes_of_list(*found);
        text += fmt::format(" ql_nodes:{} ql_avg_node:{:.2f} ql_listpack_max:{} ql_compressed:0 "
                            "ql_uncompressed_size:{}",
                            nodes.count,
                            static_cast<double>(list_view{*found}.size()) /
                                static_cast<double>(nodes.count),
                            c.db.limits().list_size.load(std::memory_order_relaxed), nodes.bytes);
    }
    c.reply.simple_string(text);
}

void debug_digest_value(context& c) {
    c.reply.array(c.args.size() - 2);
    for (const std::string_view name : c.args.subspan(2)) {
        const hashed_key key{name};
        const auto guard = c.lock_shard(c.store.shard_index(key.hash));
        sha1_digest digest{};
        if (const located found = c.db.find(key)) add_value(digest, *found);
        c.reply.simple_string(to_hex(digest));
    }
}

// Of all databases, shard by shard: meaningful while nobody writes.
void debug_digest(context& c) {
    sha1_digest all{};
    for (std::size_t database = 0; database < c.store.databases(); ++database) {
        bool empty = true;
        for (std::size_t shard = 0; shard < c.store.shard_count(); ++shard) {
            const auto guard = c.lock_shard(shard);
            const table& keys = c.store.shard_at(shard).at(database);
            if (keys.size() == 0) continue;
            if (std::exchange(empty, false)) {
                const char number[4] = {0, 0, static_cast<char>(database >> 8),
                                        static_cast<char>(database)};
                add_ordered(all, {number, sizeof number});
            }
            for (std::uint64_t position = 0; position != table::end_position;)
                position = keys.visit_from(position, [&](const entry& value) {
                    if (value.has_expiry() && value.expire_at() <= c.now_ms()) return;
                    sha1_digest digest{};
                    add_ordered(digest, value.key());
                    add_value(digest, value);
                    add_unordered(all, bytes_of(digest));
                });
        }
    }
    c.reply.simple_string(to_hex(all));
}

// DEBUG POPULATE count [prefix [size]]: keys that are not there yet, with their number as the
// value, filled with zeros or cut to a size.
void debug_populate(context& c) {
    const std::optional<std::int64_t> count = parse_integer(c.args[2]);
    const std::string_view prefix = c.args.size() > 3 ? c.args[3] : "key";
    const std::optional<std::int64_t> size = c.args.size() > 4 ? parse_integer(c.args[4]) : 0;
    if (count.value_or(-1) < 0 || size.value_or(-1) < 0)
        return c.reply.error("ERR value is out of range, must be positive");
    std::string value;
    for (std::int64_t i = 0; i < *count; ++i) {
        const std::string name = fmt::format("{}:{}", prefix, i);
        value = fmt::format("value:{}", i);
        if (*size != 0) value.resize(static_cast<std::size_t>(*size), '\0');
        const hashed_key key{name};
        const auto guard = c.lock_shard(c.store.shard_index(key.hash));
        if (!c.db.find(key)) c.db.put_string(key, {}, value, std::nullopt);
    }
    c.reply.ok();
}

// A reply of each type that the protocol has, for clients to be tested with.
void debug_protocol(context& c) {
    const std::string_view type = c.args[2];
    const auto is = [&](std::string_view wanted) { return equals_ignoring_case(type, wanted); };
    const auto numbers = [&] {
        for (int i = 0; i < 3; ++i)
            c.reply.integer(i);
    };
    if (is("string")) return c.reply.bulk_string("Hello World");
    if (is("integer")) return c.reply.integer(12345);
    if (is("double")) return c.reply.real(3.141);
    if (is("null")) return c.reply.null();
    if (is("array")) return c.reply.array(3), numbers();
    if (is("set")) return c.reply.set(3), numbers();
    if (is("map")) {
        c.reply.map(3);
        for (int i = 0; i < 3; ++i) {
            c.reply.integer(i);
            c.reply.boolean(i == 1);
        }
        return;
    }
    if (is("attrib")) {
        if (c.reply.resp3()) {
            c.reply.raw("|1\r\n");
            c.reply.bulk_string("key-popularity");
            c.reply.array(2);
            c.reply.bulk_string("key:123");
            c.reply.integer(90);
        }
        return c.reply.bulk_string("Some real reply following the attribute");
    }
    if (is("push")) {
        if (!c.reply.resp3()) return c.reply.error("ERR RESP2 is not supported by this command");
        c.reply.push(2);
        c.reply.bulk_string("server-cpu-usage");
        c.reply.integer(42);
        return c.reply.bulk_string("Some real reply following the push reply");
    }
    if (is("true")) return c.reply.boolean(true);
    if (is("false")) return c.reply.boolean(false);
    if (is("verbatim")) return c.reply.verbatim_string("txt", "This is a verbatim\nstring");
    if (is("bignum")) return c.reply.big_number("1234567999999999999999999999999999999");
    c.reply.error(
        "ERR Wrong protocol type name. Please use one of the following: "
        ""
        "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

void debug_help(context& c) {
    static constexpr std::string_view lines[] = {
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DIGEST",
        "    Gives a digest of all that the databases hold.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Gives a digest of each key's value, whatever it is kept as.",
        "ERROR <text>",
        "    Replies with an error of that text.",
        "LOG <text>",
        "    Writes the text into the server's log.",
        "OBJECT <key>",
        "    Describes how the value at a key is kept.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Makes so many strings, at key:0 and so on or with another prefix, of that size.",
        "PROTOCOL <type>",
        "    Gives a reply of a type: string, integer, double, null, array, set, map, attrib, "
        "push,",
        "    verbatim, true, false or bignum.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Lets expired keys that nobody asks for be reclaimed (1), or not (0).",
        "SLEEP <seconds>",
        "    Holds up the worker thread of this connection; fractions are fine.",
        "STRINGMATCH-LEN <length> <pattern>",
        "    Matches a glob with so many letters \"a\".",
        "HELP",
        "    Lists the subcommands of DEBUG.",
    };
    c.reply.array(std::size(lines));
    for (const std::string_view line : lines)
        c.reply.simple_string(line);
}

void debug(context& c) {
    const std::string_view name = c.args[1];
    const std::size_t words = c.args.size();
    const auto is = [&](std::string_view wanted) { return equals_ignoring_case(name, wanted); };
    if (words == 2 && is("help")) return debug_help(c);
    if (words == 3 && is("sleep")) return debug_sleep(c);
    if (words == 3 && is("object")) return debug_object(c);
    if (words >= 2 && is("digest-value")) return debug_digest_value(c);
    if (words == 2 && is("digest")) return debug_digest(c);
    if (words == 3 && is("protocol")) return debug_protocol(c);
    if (words >= 3 && words <= 5 && is("populate")) return debug_populate(c);
    if (words == 3 && is("error")) return c.reply.error(shown(c.args[2]));
    if (words == 3 && is("log")) {
        c.server.log(script_log_level::warning, fmt::format("DEBUG LOG: {}", c.args[2]));
        return c.reply.ok();
    }
    if (words == 3 && is("set-active-expire")) {
        c.server.set_active_expiry(parse_integer(c.args[2]).value_or(0) != 0);
        return c.reply.ok();
    }
    if (words == 4 && is("stringmatch-len")) {
        const std::optional<std::int64_t> length = integer_argument(c, c.args[2]);
        if (!length) return;
        if (*length < 0 || *length > 1024 * 1024) return c.reply.error(replies::not_an_integer);
        return c.reply.integer(
            glob_matches(c.args[3], std::string(static_cast<std::size_t>(*length), 'a')));
    }
    if (is("reload") || is("loadaof"))
        return c.reply.error("ERR there is no persistence that could be reloaded from");
    reply_subcommand_misuse(c);
}

using enum command_flag;

constexpr command rows[] = {
    {.name = "debug",
     .handler = debug,
     .arity = -2,
     .flags = admin | noscript | loading | stale | locks_itself,
     .group = "server",
     .since = "1.0.0",
     .complexity = "Depends on subcommand.",
     .syntax = "subcommand [argument ...]",
     .summary = "Looks behind the scenes, for tests: OBJECT, DIGEST-VALUE, SLEEP and others."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> debug_commands() {
    return rows;
}

} // namespace mini_redis
