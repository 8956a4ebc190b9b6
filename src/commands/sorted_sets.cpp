// Sorted sets: adding, removing and looking up members, ZSCAN.
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/scan_options.hpp"
#include "commands/sorted_set_arguments.hpp"
#include "resp/number.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

// -- ZADD -------------------------------------------------------------------------------------

struct add_options {
    bool if_absent = false;
    bool if_present = false;
    bool if_greater = false;
    bool if_less = false;
    bool count_changed = false;
    bool increment = false;
    std::size_t pairs = 2; // the word where they begin
};

add_options parse_add_options(std::span<const std::string_view> words) noexcept {
    add_options options;
    for (; options.pairs < words.size(); ++options.pairs) {
        const std::string_view word = words[options.pairs];
        if (equals_ignoring_case(word, "nx"))
            options.if_absent = true;
        else if (equals_ignoring_case(word, "xx"))
            options.if_present = true;
        else if (equals_ignoring_case(word, "ch"))
            options.count_changed = true;
        else if (equals_ignoring_case(word, "incr"))
            options.increment = true;
        else if (equals_ignoring_case(word, "gt"))
            options.if_greater = true;
        else if (equals_ignoring_case(word, "lt"))
            options.if_less = true;
        else
            break;
    }
    return options;
}

// Why the options and words make no sense together, or nothing.
std::string_view problem_of(const add_options& options, std::size_t words) noexcept {
    if (words == 0 || words % 2 != 0) return replies::syntax_error;
    if (options.if_absent && options.if_present)
        return "ERR XX and NX options at the same time are not compatible";
    if ((options.if_greater && options.if_absent) || (options.if_less && options.if_absent) ||
        (options.if_greater && options.if_less))
        return "ERR GT, LT, and/or NX options at the same time are not compatible";
    if (options.increment && words > 2)
        return "ERR INCR option supports a single increment-element pair";
    return {};
}

enum class outcome { nothing, unchanged, added, updated, not_a_number };

// `score` becomes what the member has then.
outcome add_one(sorted_set_editor& set, std::string_view member, double& score,
                const add_options& options) {
    const sorted_set_editor::place where = set.find(member);
    if (!where.there) {
        if (options.if_present) return outcome::nothing;
        set.put(where, score);
        return outcome::added;
    }
    if (options.if_absent) return outcome::nothing;
    if (options.increment) {
        score += where.score;
        if (std::isnan(score)) return outcome::not_a_number;
    }
    if ((options.if_greater && score <= where.score) || (options.if_less && score >= where.score))
        return outcome::nothing;
    if (score == where.score) return outcome::unchanged;
    set.put(where, score);
    return outcome::updated;
}

void add_members(context& c, std::span<const double> scores,
                 std::span<const std::string_view> words, const add_options& options) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_sorted_set(c, found)) return;
    sorted_set_editor set{c.db, key, found};
    std::int64_t added = 0;
    std::int64_t updated = 0;
    double score = 0;
    outcome last = outcome::nothing;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        score = scores[i];
        last = add_one(set, words[i * 2 + 1], score, options);
        if (last == outcome::not_a_number) {
            c.reply.error("ERR resulting score is not a number (NaN)");
            return;
        }
        added += last == outcome::added;
        updated += last == outcome::updated;
    }
    if (added + updated != 0) {
        set.finish();
        c.notify(event_class::zset, options.increment ? "zincr" : "zadd", key);
    }
    if (!options.increment) return c.reply.integer(options.count_changed ? added + updated : added);
    if (last == outcome::nothing)
        c.reply.null();
    else
        c.reply.real(score);
}

void zadd(context& c) {
    const add_options options = parse_add_options(c.args);
    const std::span<const std::string_view> words = c.args.subspan(options.pairs);
    if (const std::string_view problem = problem_of(options, words.size()); !problem.empty())
        return c.reply.error(problem);
    // All are read before one is added. One alone needs no memory for it.
    double only = 0;
    std::vector<double> many;
    if (words.size() > 2) many.resize(words.size() / 2);
    const std::span<double> scores = words.size() > 2 ? std::span{many} : std::span{&only, 1};
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const std::optional<double> score = parse_real(words[i * 2]);
        if (!score) return c.reply.error(replies::not_a_float);
        scores[i] = *score;
    }
    add_members(c, scores, words, options);
}

void zincrby(context& c) {
    const std::optional<double> by = parse_real(c.args[2]);
    if (!by) return c.reply.error(replies::not_a_float);
    add_members(c, {&*by, 1}, c.args.subspan(2), {.increment = true});
}

void zrem(context& c) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_sorted_set(c, found)) return;
    std::int64_t removed = 0;
    if (found) {
        sorted_set_editor set{c.db, key, found};
        for (const std::string_view member : c.args.subspan(2)) {
            const sorted_set_editor::place where = set.find(member);
            if (!where.there) continue;
            set.erase(where);
            ++removed;
        }
        if (removed != 0) announce_removal(c, set, "zrem", key);
    }
    c.reply.integer(removed);
}

// -- Looking up -------------------------------------------------------------------------------

void zcard(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    c.reply.integer(found ? static_cast<std::int64_t>(sorted_set_view{*found}.size()) : 0);
}

void reply_score_or_null(context& c, located found, std::string_view member) {
    const std::optional<double> score =
        found ? sorted_set_view{*found}.score(member) : std::nullopt;
    if (score)
        c.reply.real(*score);
    else
        c.reply.null();
}

void zscore(context& c) {
    const located found = c.read(c.keys[0]);
    if (is_sorted_set(c, found)) reply_score_or_null(c, found, c.args[2]);
}

void zmscore(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    c.reply.array(c.args.size() - 2);
    for (const std::string_view member : c.args.subspan(2))
        reply_score_or_null(c, found, member);
}

void reply_rank(context& c, bool from_the_end) {
    if (c.args.size() > 4) return reply_wrong_arity(c);
    const bool with_score = c.args.size() == 4;
    if (with_score && !equals_ignoring_case(c.args[3], "withscore"))
        return c.reply.error(replies::syntax_error);
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    const std::optional<sorted_set_view::place> place =
        found ? sorted_set_view{*found}.find(c.args[2]) : std::nullopt;
    if (!place) return with_score ? c.reply.null_array() : c.reply.null();
    const std::size_t rank =
        from_the_end ? sorted_set_view{*found}.size() - 1 - place->rank : place->rank;
    if (with_score) c.reply.array(2);
    c.reply.integer(static_cast<std::int64_t>(rank));
    if (with_score) c.reply.real(place->score);
}

void zrank(context& c) {
    reply_rank(c, false);
}

void zrevrank(context& c) {
    reply_rank(c, true);
}

template <class Range>
void reply_count(context& c, const std::optional<Range>& range) {
    if (!range) return;
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    c.reply.integer(found ? static_cast<std::int64_t>(sorted_set_view{*found}.ranks(*range).size())
                          : 0);
}

void zcount(context& c) {
    reply_count(c, score_range_argument(c, c.args[2], c.args[3]));
}

void zlexcount(context& c) {
    reply_count(c, member_range_argument(c, c.args[2], c.args[3]));
}

// As Redis shows the scores of its blocks, which are text, in a scan: an integer stays one.
std::size_t format_kept(double score, char* out) noexcept {
    constexpr double most = 4611686018427387904.0; // 2^62
    if (std::abs(score) <= most && score == std::trunc(score))
        return format_integer(static_cast<std::int64_t>(score), out);
    return format_real(score, out);
}

void zscan(context& c) {
    const std::optional<std::uint64_t> cursor = cursor_argument(c, c.args[2]);
    if (!cursor) return;
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    scan_reply reply{c};
    if (!found) return reply.finish(0); // whatever the options are, as in Redis
    const std::optional<scan_options> options = parse_scan_options(c, 3, scan_of::members);
    if (!options) return;
    const sorted_set_view set{*found};
    const member_table* const names = set.names();
    const auto add = [&](std::string_view member, double score) {
        if (!options->wants(member)) return;
        char digits[real_digits];
        reply.add(member);
        reply.add(
            {digits, names == nullptr ? format_kept(score, digits) : format_real(score, digits)});
    };
    std::uint64_t next = 0;
    if (names != nullptr)
        next = scan_table(*names, *cursor, *options, [&](const entry& member) {
            add(member.key(), sorted_members::score_of(member));
        });
    else
        set.for_each(add);
    reply.finish(next);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "zadd",
     .handler = zadd,
     .arity = -4,
     .flags = write | denyoom | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RW update")},
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(log(N)) a member, N being the number of members in the sorted set",
     .syntax = "key [condition: NX | XX] [comparison: GT | LT] [change: CH] [increment: INCR] "
               "score:double member [score:double member ...]",
     .summary = "Adds members with their scores, or gives new scores to those that are there."},
    {.name = "zcard",
     .handler = zcard,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO")},
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Counts the members of a sorted set."},
    {.name = "zcount",
     .handler = zcount,
     .arity = 4,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = "O(log(N))",
     .syntax = "key min:double max:double",
     .summary = "Counts the members whose scores lie in a range."},
    {.name = "zincrby",
     .handler = zincrby,
     .arity = 4,
     .flags = write | denyoom | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RW access update")},
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(log(N))",
     .syntax = "key increment:integer member",
     .summary = "Adds to a member's score; an absent member counts as 0."},
    {.name = "zlexcount",
     .handler = zlexcount,
     .arity = 4,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "2.8.9",
     .complexity = "O(log(N))",
     .syntax = "key min max",
     .summary = "Counts the members that lie between two texts, where all scores are equal."},
    {.name = "zmscore",
     .handler = zmscore,
     .arity = -3,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = "O(N) in the number of members that are asked for",
     .syntax = "key member [member ...]",
     .summary = "Gives the scores of members, null for those that are not there."},
    {.name = "zrank",
     .handler = zrank,
     .arity = -3,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = "O(log(N))",
     .syntax = "key member [WITHSCORE]",
     .summary = "Gives a member's number in the order of ascending scores, from 0."},
    {.name = "zrem",
     .handler = zrem,
     .arity = -3,
     .flags = write | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RW delete")},
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(M*log(N)), M being the number of members that are removed",
     .syntax = "key member [member ...]",
     .summary = "Removes members; the key goes with the last one."},
    {.name = "zrevrank",
     .handler = zrevrank,
     .arity = -3,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "2.0.0",
     .complexity = "O(log(N))",
     .syntax = "key member [WITHSCORE]",
     .summary = "Gives a member's number in the order of descending scores, from 0."},
    {.name = "zscan",
     .handler = zscan,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "2.8.0",
     .complexity = "O(COUNT) a call, O(N) for all members",
     .syntax = "key cursor:integer [MATCH pattern] [COUNT count:integer]",
     .summary = "Lists the members with their scores a few at a time.",
     .tips = changing_output},
    {.name = "zscore",
     .handler = zscore,
     .arity = 3,
     .flags = readonly | fast,
     .categories = acl_category::sortedset,
     .keys = {one_key("RO access")},
     .group = "sorted-set",
     .since = "1.2.0",
     .complexity = "O(1)",
     .syntax = "key member",
     .summary = "Gives a member's score, or null."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> sorted_set_commands() {
    return rows;
}

} // namespace mini_redis
