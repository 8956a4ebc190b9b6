// Commands on keys as such, whatever they hold, and on whole databases.
//
// KEYS, SCAN and RANDOMKEY name no key that could be locked for them: they lock one shard after the
// other, each for the time they look at it.
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/encoding.hpp"
#include "commands/families.hpp"
#include "commands/scan_options.hpp"
#include "resp/number.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

bool is_expired(const entry& e, std::int64_t now_ms) noexcept {
    return e.has_expiry() && e.expire_at() <= now_ms;
}

void del(context& c) {
    std::int64_t removed = 0;
    for (const hashed_key& key : c.keys) {
        const located found = c.db.find(key);
        if (!found) continue;
        c.db.erase(key, found);
        c.notify(event_class::generic, "del", key);
        ++removed;
    }
    c.reply.integer(removed);
}

void exists(context& c) {
    std::int64_t there = 0;
    for (const hashed_key& key : c.keys)
        there += static_cast<bool>(c.inspect(key));
    c.reply.integer(there);
}

void touch(context& c) {
    std::int64_t there = 0;
    for (const hashed_key& key : c.keys) {
        const located found = c.inspect(key);
        if (!found) continue;
        found->touch(
            c.time.coarse_seconds()); // even for a client in NO-TOUCH mode: this is its purpose
        ++there;
    }
    c.reply.integer(there);
}

void type(context& c) {
    const located found = c.inspect(c.keys[0]);
    c.reply.simple_string(found ? to_string(found->type()) : "none");
}

// Puts an entry where another may be. To who is told of new keys, this is one, as in Redis.
void put_anew(database& target, const hashed_key& key, entry_ptr added) {
    if (const located old = target.find(key)) target.erase(key, old);
    target.put(key, {}, std::move(added));
}

// Takes the entry out of its place and puts it at `to` in `target`, with its value and expiry.
void relocate(database& from, const hashed_key& old_key, located at, database& target,
              const hashed_key& to) {
    const entry_ptr moved = from.extract(old_key, at);
    put_anew(target, to, entry::remake(*moved, to.name, moved->expiry()));
}

void notify_renamed(context& c) {
    c.notify(event_class::generic, "rename_from", c.keys[0]);
    c.notify(event_class::generic, "rename_to", c.keys[1]);
}

void rename(context& c) {
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.error(replies::no_such_key);
    if (c.keys[0].name != c.keys[1].name) {
        relocate(c.db, c.keys[0], found, c.db, c.keys[1]);
        notify_renamed(c);
    }
    c.reply.ok();
}

void renamenx(context& c) {
    const bool taken = static_cast<bool>(c.db.find(c.keys[1]));
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.error(replies::no_such_key);
    if (!taken) {
        relocate(c.db, c.keys[0], found, c.db, c.keys[1]);
        notify_renamed(c);
    }
    c.reply.integer(taken ? 0 : 1);
}

void move(context& c) {
    const std::optional<std::size_t> index = database_argument(c, c.args[2]);
    if (!index) return;
    if (*index == c.db.index()) return c.reply.error(replies::same_object);
    database target = c.database_at(*index);
    const located found = c.modify(c.keys[0]);
    if (!found || target.find(c.keys[0])) return c.reply.integer(0);
    relocate(c.db, c.keys[0], found, target, c.keys[0]);
    c.notify(event_class::generic, "move_from", c.keys[0]);
    c.notify(event_class::generic, "move_to", c.keys[0].name, *index);
    c.reply.integer(1);
}

void copy(context& c) {
    std::size_t index = c.db.index();
    bool replace = false;
    for (std::size_t i = 3; i < c.args.size(); ++i) {
        if (equals_ignoring_case(c.args[i], "replace")) {
            replace = true;
        } else if (equals_ignoring_case(c.args[i], "db") && i + 1 < c.args.size()) {
            const std::optional<std::size_t> wanted = database_argument(c, c.args[++i]);
            if (!wanted) return;
            index = *wanted;
        } else {
            return c.reply.error(replies::syntax_error);
        }
    }
    if (index == c.db.index() && c.keys[0].name == c.keys[1].name)
        return c.reply.error(replies::same_object);

    database target = c.database_at(index);
    const located old = target.find(c.keys[1]); // first: finding it expired would move the source
    const located found = c.read(c.keys[0]);
    if (!found || (old && !replace)) return c.reply.integer(0);
    entry_ptr made = entry::clone(*found, c.keys[1].name, found->expiry());
    put_anew(target, c.keys[1], std::move(made));
    c.notify(event_class::generic, "copy_to", c.keys[1].name, index);
    c.reply.integer(1);
}

void keys(context& c) {
    const std::string_view pattern = c.args[1];
    const bool all = pattern == "*";
    const std::int64_t now = c.now_ms();
    // The names are written aside, because their number stands in front of them.
    output_buffer names;
    reply_writer list{names, c.reply.protocol()};
    std::size_t count = 0;
    for (std::size_t i = 0; i < c.store.shard_count(); ++i) {
        const auto guard = c.lock_shard(i);
        const table& here = c.store.shard_at(i).at(c.db.index());
        here.for_each_while([&](const entry& e) {
            if (!is_expired(e, now) && (all || glob_matches(pattern, e.key()))) {
                list.bulk_string(e.key());
                ++count;
            }
            return true;
        });
    }
    c.reply.array(count);
    c.reply.raw(names.view());
}

// A cursor is the place, in the order of hashes, that SCAN goes on from: the shard, and in it a
// position that means the same whatever size the table has. So a key that stays is met, and nearly
// none is met twice. 0 is both where a scan begins and what says that it has ended.
struct scan_place {
    std::size_t shard = 0;
    std::uint64_t position = 0;

    static scan_place from_cursor(std::uint64_t cursor) noexcept {
        return {static_cast<std::size_t>(cursor / table::end_position),
                cursor % table::end_position};
    }

    std::uint64_t cursor() const noexcept { return shard * table::end_position + position; }
};

// Writes the names it meets from `from` on to `list`, and returns where to go on.
scan_place scan_some(context& c, scan_place at, const scan_options& options, scan_reply& list) {
    // COUNT keys looked at, or, where they are few and far between, ten times as many buckets.
    // Empty shards cost next to nothing, so that small databases are done in one call.
    constexpr std::size_t most_empty_shards = 65'536;
    const auto most_keys = static_cast<std::uint64_t>(options.count);
    const std::uint64_t most_buckets = options.most_buckets();
    const std::int64_t now = c.now_ms();
    std::uint64_t met = 0;
    std::uint64_t buckets = 0;
    std::size_t empty_shards = 0;

    while (at.shard < c.store.shard_count()) {
        const auto guard = c.lock_shard(at.shard);
        const table& here = c.store.shard_at(at.shard).at(c.db.index());
        if (here.size() == 0) at.position = table::end_position;
        empty_shards += here.size() == 0;
        while (at.position < table::end_position && met < most_keys && buckets < most_buckets) {
            at.position = here.visit_from(at.position, [&](const entry& e) {
                ++met;
                if (is_expired(e, now) || !options.wants(e.key())) return;
                if (options.type && !equals_ignoring_case(*options.type, to_string(e.type())))
                    return;
                list.add(e.key());
            });
            ++buckets;
        }
        if (at.position < table::end_position) return at;
        at = {at.shard + 1, 0};
        if (met >= most_keys || buckets >= most_buckets || empty_shards >= most_empty_shards) break;
    }
    return at.shard < c.store.shard_count() ? at : scan_place{};
}

void scan(context& c) {
    const std::optional<std::uint64_t> cursor = cursor_argument(c, c.args[1]);
    if (!cursor) return;
    const std::optional<scan_options> options = parse_scan_options(c, 2, scan_of::keys);
    if (!options) return;
    // Of a cursor that was never given out, the bits that can be one count, as in Redis.
    const std::uint64_t known = *cursor & (c.store.shard_count() * table::end_position - 1);
    scan_reply reply{c};
    reply.finish(scan_some(c, scan_place::from_cursor(known), *options, reply).cursor());
}

void randomkey(context& c) {
    // Shards weigh as much as they have keys, counted one after the other: keys that come and go
    // meanwhile make their chances a little unequal, and nobody has to wait for all the locks.
    std::vector<std::size_t> sizes(c.store.shard_count());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto guard = c.lock_shard(i);
        sizes[i] = c.store.shard_at(i).at(c.db.index()).size();
    }
    std::size_t total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
    while (total != 0) {
        std::size_t draw = static_cast<std::size_t>(random_number() % total);
        std::size_t chosen = 0;
        while (draw >= sizes[chosen])
            draw -= sizes[chosen++];
        const auto guard = c.lock_shard(chosen);
        const table& here = c.store.shard_at(chosen).at(c.db.index());
        const entry* const picked = here.pick(random_number());
        if (picked != nullptr && !is_expired(*picked, c.now_ms()))
            return c.reply.bulk_string(picked->key());
        if (picked != nullptr) {
            const std::string name{picked->key()}; // finding it removes it
            c.db.find(hashed_key{name});
        }
        total -= sizes[chosen];
        sizes[chosen] = here.size();
        total += sizes[chosen];
    }
    c.reply.null();
}

void dbsize(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.store.size(c.db.index())));
}

// Memory is freed in the background either way, so ASYNC and SYNC are the same here.
bool flush_mode_is_right(context& c) {
    const bool right =
        c.args.size() == 1 || (c.args.size() == 2 && (equals_ignoring_case(c.args[1], "async") ||
                                                      equals_ignoring_case(c.args[1], "sync")));
    if (!right) c.reply.error(replies::syntax_error);
    return right;
}

void flushdb(context& c) {
    if (!flush_mode_is_right(c)) return;
    c.store.clear(c.db.index());
    c.reply.ok();
}

void flushall(context& c) {
    if (!flush_mode_is_right(c)) return;
    c.store.clear_all();
    c.reply.ok();
}

void swapdb(context& c) {
    const auto index = [&](std::size_t word) -> std::optional<std::int64_t> {
        const std::optional<std::int64_t> value = parse_integer(c.args[word]);
        if (value && *value >= std::numeric_limits<std::int32_t>::min() &&
            *value <= std::numeric_limits<std::int32_t>::max())
            return value;
        c.reply.error(word == 1 ? "ERR invalid first DB index" : "ERR invalid second DB index");
        return std::nullopt;
    };
    const std::optional<std::int64_t> left = index(1);
    if (!left) return;
    const std::optional<std::int64_t> right = index(2);
    if (!right) return;
    const auto count = static_cast<std::int64_t>(c.store.databases());
    if (*left < 0 || *left >= count || *right < 0 || *right >= count)
        return c.reply.error(replies::db_index_out_of_range);
    c.store.swap_databases(static_cast<std::size_t>(*left), static_cast<std::size_t>(*right),
                           c.now_ms(), &c.effects.changes);
    c.reply.ok();
}

void object_encoding(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.bulk_string(encoding_name(*found));
}

void object_freq(context& c) {
    if (!c.inspect(c.keys[0])) return c.reply.null();
    c.reply.error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.");
}

void object_idletime(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.integer(idle_seconds(*found, c.time.coarse_seconds()));
}

void object_refcount(context& c) {
    const located found = c.inspect(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.integer(reference_count(*found));
}

using enum command_flag;
using category = acl_category;

constexpr std::array<std::string_view, 2> sum_over_shards{"request_policy:multi_shard",
                                                          "response_policy:agg_sum"};
constexpr std::array<std::string_view, 2> sum_of_all_shards{"request_policy:all_shards",
                                                            "response_policy:agg_sum"};
constexpr std::array<std::string_view, 2> on_all_shards{"request_policy:all_shards",
                                                        "response_policy:all_succeeded"};
constexpr std::array<std::string_view, 2> keys_tips{"request_policy:all_shards",
                                                    "nondeterministic_output_order"};
constexpr std::array<std::string_view, 2> scan_tips{"nondeterministic_output",
                                                    "request_policy:special"};
constexpr std::array<std::string_view, 2> randomkey_tips{"request_policy:all_shards",
                                                         "nondeterministic_output"};
constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command object_rows[] = {
    {.name = "encoding",
     .handler = object_encoding,
     .arity = 3,
     .flags = readonly,
     .categories = category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how the value at a key is represented in memory.",
     .tips = changing_output},
    {.name = "freq",
     .handler = object_freq,
     .arity = 3,
     .flags = readonly,
     .categories = category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how often a key is used, if that is being tracked.",
     .tips = changing_output},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = category::keyspace,
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Lists the subcommands of OBJECT."},
    {.name = "idletime",
     .handler = object_idletime,
     .arity = 3,
     .flags = readonly,
     .categories = category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many seconds ago a key was last used.",
     .tips = changing_output},
    {.name = "refcount",
     .handler = object_refcount,
     .arity = 3,
     .flags = readonly,
     .categories = category::keyspace,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "generic",
     .since = "2.2.3",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many owners the value at a key has.",
     .tips = changing_output},
};

constexpr command rows[] = {
    {.name = "copy",
     .handler = copy,
     .arity = -3,
     .flags = write | denyoom,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}, {2, 2, 1, "OW update"}}},
     .group = "generic",
     .since = "6.2.0",
     .complexity = "O(N) in the size of the value",
     .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]",
     .summary = "Copies a value, with its expiry, to another key."},
    {.name = "dbsize",
     .handler = dbsize,
     .arity = 1,
     .flags = readonly | fast | whole_keyspace,
     .categories = category::keyspace,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Counts the keys of the selected database.",
     .tips = sum_of_all_shards},
    {.name = "del",
     .handler = del,
     .arity = -2,
     .flags = write,
     .categories = category::keyspace,
     .keys = {{{1, -1, 1, "RM delete"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Removes keys; large values are freed in the background.",
     .tips = sum_over_shards},
    {.name = "exists",
     .handler = exists,
     .arity = -2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, -1, 1, "RO"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Counts how many of the keys are there.",
     .tips = sum_over_shards},
    {.name = "flushall",
     .handler = flushall,
     .arity = -1,
     .flags = write | whole_keyspace,
     .categories = category::keyspace | category::dangerous,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1); memory is freed in the background",
     .syntax = "[async: ASYNC | SYNC]",
     .summary = "Removes every key of every database.",
     .tips = on_all_shards},
    {.name = "flushdb",
     .handler = flushdb,
     .arity = -1,
     .flags = write | whole_keyspace,
     .categories = category::keyspace | category::dangerous,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1); memory is freed in the background",
     .syntax = "[async: ASYNC | SYNC]",
     .summary = "Removes every key of the selected database.",
     .tips = on_all_shards},
    {.name = "keys",
     .handler = keys,
     .arity = 2,
     .flags = readonly | locks_itself,
     .categories = category::keyspace | category::dangerous,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys in the database",
     .syntax = "pattern",
     .summary = "Lists the keys whose names match a glob pattern.",
     .tips = keys_tips},
    {.name = "move",
     .handler = move,
     .arity = 3,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW access update"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key db:integer",
     .summary = "Moves a key to another database, unless it is taken there."},
    {.name = "object",
     .arity = -2,
     .group = "generic",
     .since = "2.2.3",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at how values are stored.",
     .subcommands = object_rows},
    {.name = "randomkey",
     .handler = randomkey,
     .arity = 1,
     .flags = readonly | locks_itself,
     .categories = category::keyspace,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Names some key of the selected database, each with the same chance.",
     .tips = randomkey_tips},
    {.name = "rename",
     .handler = rename,
     .arity = 3,
     .flags = write,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW access delete"}, {2, 2, 1, "OW update"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key newkey:key",
     .summary = "Renames a key, replacing what has the new name."},
    {.name = "renamenx",
     .handler = renamenx,
     .arity = 3,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RW access delete"}, {2, 2, 1, "OW insert"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key newkey:key",
     .summary = "Renames a key if the new name is free."},
    {.name = "scan",
     .handler = scan,
     .arity = -2,
     .flags = readonly | locks_itself,
     .categories = category::keyspace,
     .group = "generic",
     .since = "2.8.0",
     .complexity = "O(COUNT) a call, O(N) for all keys of the database",
     .syntax = "cursor:integer [MATCH pattern] [COUNT count:integer] [TYPE type]",
     .summary = "Lists the keys of the database a few at a time.",
     .tips = scan_tips},
    {.name = "swapdb",
     .handler = swapdb,
     .arity = 3,
     .flags = write | fast | whole_keyspace,
     .categories = category::keyspace | category::dangerous,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "index1:integer index2:integer",
     .summary = "Exchanges the contents of two databases."},
    {.name = "touch",
     .handler = touch,
     .arity = -2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, -1, 1, "RO"}}},
     .group = "generic",
     .since = "3.2.1",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Marks keys as just used, and counts those that are there.",
     .tips = sum_over_shards},
    {.name = "type",
     .handler = type,
     .arity = 2,
     .flags = readonly | fast,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO"}}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells what kind of value a key holds."},
    {.name = "unlink",
     .handler = del,
     .arity = -2,
     .flags = write | fast,
     .categories = category::keyspace,
     .keys = {{{1, -1, 1, "RM delete"}}},
     .group = "generic",
     .since = "4.0.0",
     .complexity = "O(N) in the number of keys",
     .syntax = "key [key ...]",
     .summary = "Removes keys; large values are freed in the background.",
     .tips = sum_over_shards},
};

static_assert(arities_match(object_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> key_commands() {
    return rows;
}

} // namespace mini_redis
