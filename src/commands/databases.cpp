// Whole databases: counted, emptied, exchanged.
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/registry.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

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
    c.store.clear(c.db.index(), &c.effects.changes);
    c.reply.ok();
}

void flushall(context& c) {
    if (!flush_mode_is_right(c)) return;
    c.store.clear_all(&c.effects.changes);
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

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 2> sum_of_all_shards{"request_policy:all_shards",
                                                            "response_policy:agg_sum"};
constexpr std::array<std::string_view, 2> on_all_shards{"request_policy:all_shards",
                                                        "response_policy:all_succeeded"};

constexpr command rows[] = {
    {.name = "dbsize",
     .handler = dbsize,
     .arity = 1,
     .flags = readonly | fast | whole_keyspace,
     .categories = acl_category::keyspace,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Counts the keys of the selected database.",
     .tips = sum_of_all_shards},
    {.name = "flushall",
     .handler = flushall,
     .arity = -1,
     .flags = write | whole_keyspace,
     .categories = acl_category::keyspace | acl_category::dangerous,
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
     .categories = acl_category::keyspace | acl_category::dangerous,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1); memory is freed in the background",
     .syntax = "[async: ASYNC | SYNC]",
     .summary = "Removes every key of the selected database.",
     .tips = on_all_shards},
    {.name = "swapdb",
     .handler = swapdb,
     .arity = 3,
     .flags = write | fast | whole_keyspace,
     .categories = acl_category::keyspace | acl_category::dangerous,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "index1:integer index2:integer",
     .summary = "Exchanges the contents of two databases."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> database_commands() {
    return rows;
}

} // namespace mini_redis
