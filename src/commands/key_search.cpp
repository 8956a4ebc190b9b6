// Finding keys without naming one: KEYS, SCAN and RANDOMKEY.
//
// Nothing could be locked for them: they lock one shard after the other, each for the time they
// look at it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/scan_options.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

bool is_expired(const entry& e, std::int64_t now_ms) noexcept {
    return e.has_expiry() && e.expire_at() <= now_ms;
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

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 2> keys_tips{"request_policy:all_shards",
                                                    "nondeterministic_output_order"};
constexpr std::array<std::string_view, 2> scan_tips{"nondeterministic_output",
                                                    "request_policy:special"};
constexpr std::array<std::string_view, 2> randomkey_tips{"request_policy:all_shards",
                                                         "nondeterministic_output"};

constexpr command rows[] = {
    {.name = "keys",
     .handler = keys,
     .arity = 2,
     .flags = readonly | locks_itself,
     .categories = acl_category::keyspace | acl_category::dangerous,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N) in the number of keys in the database",
     .syntax = "pattern",
     .summary = "Lists the keys whose names match a glob pattern.",
     .tips = keys_tips},
    {.name = "randomkey",
     .handler = randomkey,
     .arity = 1,
     .flags = readonly | locks_itself,
     .categories = acl_category::keyspace,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Names some key of the selected database, each with the same chance.",
     .tips = randomkey_tips},
    {.name = "scan",
     .handler = scan,
     .arity = -2,
     .flags = readonly | locks_itself,
     .categories = acl_category::keyspace,
     .group = "generic",
     .since = "2.8.0",
     .complexity = "O(COUNT) a call, O(N) for all keys of the database",
     .syntax = "cursor:integer [MATCH pattern] [COUNT count:integer] [TYPE type]",
     .summary = "Lists the keys of the database a few at a time.",
     .tips = scan_tips},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> key_search_commands() {
    return rows;
}

} // namespace mini_redis
