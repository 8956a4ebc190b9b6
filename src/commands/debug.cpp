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

void debug_help(context& c) {
    static constexpr std::string_view lines[] = {
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DIGEST",
        "    Gives a digest of all that the databases hold.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Gives a digest of each key's value, whatever it is kept as.",
        "OBJECT <key>",
        "    Describes how the value at a key is kept.",
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
