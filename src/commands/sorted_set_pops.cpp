// Sorted sets: taking out the members at either end, waiting for some to take, and random members.
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/sorted_set_arguments.hpp"
#include "resp/number.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

enum class end_of_set { least, most };

// Takes out up to `count` members at an end, which `write(member, score)` is told of in order.
template <class Write>
void pop(context& c, const hashed_key& key, located found, end_of_set where, std::size_t count,
         Write&& write) {
    const sorted_set_view set{*found};
    const std::size_t size = set.size();
    const rank_range range =
        where == end_of_set::least ? rank_range{0, count} : rank_range{size - count, size};
    if (where == end_of_set::least)
        set.for_each(range, write);
    else
        set.for_each_backward(range, write);
    sorted_set_editor editor{c.db, key, found};
    editor.erase(range);
    announce_removal(c, editor, where == end_of_set::least ? "zpopmin" : "zpopmax", key);
}

// -- ZPOPMIN and ZPOPMAX ----------------------------------------------------------------------

void zpop(context& c, end_of_set where) {
    if (c.args.size() > 3) return c.reply.error(replies::syntax_error);
    const bool counted = c.args.size() == 3;
    std::optional<std::int64_t> wanted = 1;
    if (counted) wanted = parse_integer(c.args[2]);
    if (!wanted || *wanted < 0) return c.reply.error("ERR value is out of range, must be positive");
    const located found = c.modify(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    if (!found || *wanted == 0) return c.reply.array(0);
    const std::size_t count =
        std::min(sorted_set_view{*found}.size(), static_cast<std::size_t>(*wanted));
    if (counted)
        write_scored_header(c.reply, count, true);
    else
        c.reply.array(2);
    pop(c, c.keys[0], found, where, count, [&](std::string_view member, double score) {
        if (counted) return write_scored(c.reply, member, score, true);
        c.reply.bulk_string(member);
        c.reply.real(score);
    });
}

void zpopmin(context& c) {
    zpop(c, end_of_set::least);
}

void zpopmax(context& c) {
    zpop(c, end_of_set::most);
}

// The first of the keys that holds a sorted set. Replies with an error and returns nothing if there
// is something else before; `none` if there is no such key.
constexpr std::size_t none = SIZE_MAX;

std::optional<std::size_t> first_to_pop(context& c) {
    for (std::size_t i = 0; i < c.keys.size(); ++i) {
        const located found = c.db.find(c.keys[i]);
        if (!is_sorted_set(c, found)) return std::nullopt;
        if (found) return i;
    }
    return none;
}

void wait_for_one(context& c, std::int64_t until) {
    c.park(value_type::zset, c.keys.size(), until == never ? std::nullopt : std::optional{until},
           timeout_reply::null_array);
}

void bzpop(context& c, end_of_set where) {
    const std::optional<std::int64_t> until = timeout_argument(c, c.args.back());
    if (!until) return;
    const std::optional<std::size_t> chosen = first_to_pop(c);
    if (!chosen) return;
    if (*chosen == none) return wait_for_one(c, *until);
    const hashed_key& key = c.keys[*chosen];
    c.reply.array(3);
    c.reply.bulk_string(key.name);
    pop(c, key, c.modify(key), where, 1, [&](std::string_view member, double score) {
        c.reply.bulk_string(member);
        c.reply.real(score);
    });
}

void bzpopmin(context& c) {
    bzpop(c, end_of_set::least);
}

void bzpopmax(context& c) {
    bzpop(c, end_of_set::most);
}

// -- ZMPOP ------------------------------------------------------------------------------------

struct many_pop {
    end_of_set where = end_of_set::least;
    std::size_t count = 1;
};

// From the number of keys, at word `at`, on; replies with an error and returns nothing if wrong.
std::optional<many_pop> parse_many_pop(context& c, std::size_t at) {
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    const std::optional<std::int64_t> keys = parse_integer(c.args[at]);
    if (!keys || *keys < 1) return refuse("ERR numkeys should be greater than 0");
    if (static_cast<std::uint64_t>(*keys) >= c.args.size() - at - 1)
        return refuse(replies::syntax_error);
    at += static_cast<std::size_t>(*keys) + 1;
    many_pop wanted;
    if (equals_ignoring_case(c.args[at], "max"))
        wanted.where = end_of_set::most;
    else if (!equals_ignoring_case(c.args[at], "min"))
        return refuse(replies::syntax_error);
    bool counted = false;
    for (++at; at < c.args.size(); at += 2) {
        if (counted || at + 1 == c.args.size() || !equals_ignoring_case(c.args[at], "count"))
            return refuse(replies::syntax_error);
        const std::optional<std::int64_t> count = parse_integer(c.args[at + 1]);
        if (!count || *count < 1) return refuse("ERR count should be greater than 0");
        wanted.count = static_cast<std::size_t>(*count);
        counted = true;
    }
    return wanted;
}

// Pops from the first key that has something; false if none has.
bool pop_many(context& c, const many_pop& wanted) {
    const std::optional<std::size_t> chosen = first_to_pop(c);
    if (!chosen) return true;
    if (*chosen == none) return false;
    const hashed_key& key = c.keys[*chosen];
    const located found = c.modify(key);
    const std::size_t count = std::min(sorted_set_view{*found}.size(), wanted.count);
    c.reply.array(2);
    c.reply.bulk_string(key.name);
    c.reply.array(count);
    pop(c, key, found, wanted.where, count, [&](std::string_view member, double score) {
        c.reply.array(2); // in both protocols
        c.reply.bulk_string(member);
        c.reply.real(score);
    });
    return true;
}

void zmpop(context& c) {
    const std::optional<many_pop> wanted = parse_many_pop(c, 1);
    if (wanted && !pop_many(c, *wanted)) c.reply.null_array();
}

void bzmpop(context& c) {
    const std::optional<many_pop> wanted = parse_many_pop(c, 2);
    if (!wanted) return;
    const std::optional<std::int64_t> until = timeout_argument(c, c.args[1]);
    if (until && !pop_many(c, *wanted)) wait_for_one(c, *until);
}

// -- ZRANDMEMBER ------------------------------------------------------------------------------

// Each member with the same chance, and as often as that.
void reply_with_repetitions(context& c, const sorted_set_view& set, std::size_t count,
                            bool with_scores) {
    write_scored_header(c.reply, count, with_scores);
    // A block is walked for each member: its places are noted first.
    std::vector<scored_member> block;
    if (set.names() == nullptr)
        set.for_each([&](std::string_view member, double score) {
            block.push_back({member, score});
        });
    const std::size_t size = set.size();
    for (; count > 0; --count) {
        const auto rank = static_cast<std::size_t>(random_number() % size);
        const scored_member one = block.empty() ? set.at(rank) : block[rank];
        write_scored(c.reply, one.member, one.score, with_scores);
        limit_reply(c);
    }
}

// Different members, `count` of them, which is at most the size.
void reply_without_repetitions(context& c, const sorted_set_view& set, std::size_t count,
                               bool with_scores) {
    const std::size_t size = set.size();
    write_scored_header(c.reply, count, with_scores);
    if (set.names() != nullptr && count < size / 8) {
        std::unordered_set<std::size_t> chosen;
        while (chosen.size() < count) {
            const auto rank = static_cast<std::size_t>(random_number() % size);
            if (!chosen.insert(rank).second) continue;
            const scored_member one = set.at(rank);
            write_scored(c.reply, one.member, one.score, with_scores);
        }
        return;
    }
    // On the way past all of them, each is chosen with the chance that is left for it.
    std::size_t left = size;
    set.for_each([&](std::string_view member, double score) {
        if (random_number() % left-- >= count) return;
        --count;
        write_scored(c.reply, member, score, with_scores);
    });
}

void zrandmember(context& c) {
    std::int64_t count = 0;
    bool with_scores = false;
    if (c.args.size() > 2) {
        constexpr std::int64_t most = INT64_MAX;
        const std::optional<std::int64_t> wanted = integer_argument(c, c.args[2]);
        if (!wanted) return;
        if (*wanted < -most)
            return c.reply.error("ERR value is out of range, value must between "
                                 "-9223372036854775807 and 9223372036854775807");
        with_scores = c.args.size() == 4 && equals_ignoring_case(c.args[3], "withscores");
        if (c.args.size() > 3 && !with_scores) return c.reply.error(replies::syntax_error);
        if (with_scores && (*wanted < -most / 2 || *wanted > most / 2))
            return c.reply.error("ERR value is out of range");
        count = *wanted;
    }
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    if (c.args.size() == 2) {
        if (!found) return c.reply.null();
        const sorted_set_view set{*found};
        return c.reply.bulk_string(
            set.at(static_cast<std::size_t>(random_number() % set.size())).member);
    }
    if (!found || count == 0) return c.reply.array(0);
    const sorted_set_view set{*found};
    if (count < 0)
        reply_with_repetitions(c, set, static_cast<std::size_t>(-count), with_scores);
    else
        reply_without_repetitions(c, set, std::min(set.size(), static_cast<std::size_t>(count)),
                                  with_scores);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "bzmpop",
     .handler = bzmpop,
     .arity = -5,
     .flags = write | blocking | movablekeys,
     .categories = acl_category::sortedset,
     .keys = {counted_keys(2, "RW access delete")},
     .group = "sorted-set",
     .since = "7.0.0",
     .complexity = "O(K) + O(M*log(N)), K being the number of keys and M that of members popped",
     .syntax = "timeout:double numkeys:integer key [key ...] <where: MIN | MAX> "
               "[COUNT count:integer]",
     .summary = "As ZMPOP; waits until one of the keys holds a sorted set."},
    {.name = "bzpopmax",
     .handler = bzpopmax,
     .arity = -3,
     .flags = write | noscript | blocking | fast,
     .categories = acl_category::sortedset,
     .keys = {{{1, -2, 1, "RW access delete"}}},
     .group = "sorted-set",
     .since = "5.0.0",
     .complexity = "O(log(N))",
     .syntax = "key [key ...] timeout:double",
     .summary = "Takes out the member with the highest score; waits until there is one."},
    {.name = "bzpopmin",
     .handler = bzpopmin,
     .arity = -3,
     .flags = write | noscript | blocking | fast,
     .categories = acl_category::sortedset,
     .keys = {{{1, -2, 1, "RW access delete"}}},
     .group = "sorted-set",
     .since = "5.0.0",
     .complexity = "O(log(N))",
     .syntax = "key [key ...] timeout:double",
     .summary = "Takes out the member with the lowest score; waits until there is one."},
    {.name = "zmpop",
     .handler = zmpop,
     .arity = -4,
     .flags = write | movablekeys,
     .categories = acl_category::sortedset,
     .keys = {counted_keys(1, "RW access delete")},
     .group = "sorted-set",
     .since = "7.0.0",
     .complexity = "O(K) + O(M*log(N)), K being the number of keys and M that of members popped",
     .syntax = "numkeys:integer key [key ...] <where: MIN | MAX> [COUNT count:integer]",
     .summary = "Takes out members at one end of the first sorted set that is not empty."},
    {.name = "zpopmax",
     .handler = zpopmax,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::sortedset,
     .keys = {{{1, 1, 1, "RW access delete"}}},
     .group = "sorted-set",
     .since = "5.0.0",
     .complexity = "O(M*log(N)), M being the number of members popped",
     .syntax = "key [count:integer]",
     .summary = "Takes out the members with the highest scores."},
    {.name = "zpopmin",
     .handler = zpopmin,
     .arity = -2,
     .flags = write | fast,
     .categories = acl_category::sortedset,
     .keys = {{{1, 1, 1, "RW access delete"}}},
     .group = "sorted-set",
     .since = "5.0.0",
     .complexity = "O(M*log(N)), M being the number of members popped",
     .syntax = "key [count:integer]",
     .summary = "Takes out the members with the lowest scores."},
    {.name = "zrandmember",
     .handler = zrandmember,
     .arity = -2,
     .flags = readonly,
     .categories = acl_category::sortedset,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity =
         "O(M*log(N)), M being the number of members given; at most O(N) for different ones",
     .syntax = "key [options: count:integer [WITHSCORES]]",
     .summary = "Gives random members: different ones or, with a negative count, any.",
     .tips = changing_output},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> sorted_set_pop_commands() {
    return rows;
}

} // namespace mini_redis
