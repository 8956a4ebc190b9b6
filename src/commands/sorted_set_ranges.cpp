// Sorted sets: listing, storing and removing ranges of ranks, scores and members.
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/sorted_set_arguments.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

enum class range_of { ranks, scores, members, unsaid };

/// A range as the words say it.
struct range_request {
    range_of kind = range_of::unsaid;
    bool may_reverse = false; ///< REV is an option
    bool reverse = false;
    bool storing = false;
    bool with_scores = false;
    std::int64_t offset = 0;
    std::int64_t limit = -1;
    std::int64_t start = 0;
    std::int64_t stop = 0;
    score_range scores{};
    member_range members{};
};

// The options from word `at` on; replies with an error and returns false if they are wrong.
bool parse_options(context& c, range_request& wanted, std::size_t at) {
    const bool may_choose = wanted.kind == range_of::unsaid;
    for (; at < c.args.size(); ++at) {
        const std::string_view word = c.args[at];
        const auto chooses = [&](std::string_view option) {
            return may_choose && wanted.kind == range_of::unsaid &&
                   equals_ignoring_case(word, option);
        };
        if (!wanted.storing && equals_ignoring_case(word, "withscores")) {
            wanted.with_scores = true;
        } else if (equals_ignoring_case(word, "limit") && at + 2 < c.args.size()) {
            const std::optional<std::int64_t> offset = integer_argument(c, c.args[at + 1]);
            if (!offset) return false;
            const std::optional<std::int64_t> limit = integer_argument(c, c.args[at + 2]);
            if (!limit) return false;
            wanted.offset = *offset;
            wanted.limit = *limit;
            at += 2;
        } else if (wanted.may_reverse && !wanted.reverse && equals_ignoring_case(word, "rev")) {
            wanted.reverse = true;
        } else if (chooses("bylex")) {
            wanted.kind = range_of::members;
        } else if (chooses("byscore")) {
            wanted.kind = range_of::scores;
        } else {
            c.reply.error(replies::syntax_error);
            return false;
        }
    }
    if (wanted.kind == range_of::unsaid) wanted.kind = range_of::ranks;
    if (wanted.limit != -1 && wanted.kind == range_of::ranks) {
        c.reply.error("ERR syntax error, LIMIT is only supported in combination with either "
                      "BYSCORE or BYLEX");
        return false;
    }
    if (wanted.with_scores && wanted.kind == range_of::members) {
        c.reply.error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    return true;
}

// The two ends, which are words; backwards, scores and members begin with the greater one.
bool parse_ends(context& c, range_request& wanted, std::string_view from, std::string_view to) {
    if (wanted.kind == range_of::ranks) {
        const std::optional<std::int64_t> start = integer_argument(c, from);
        if (!start) return false;
        const std::optional<std::int64_t> stop = integer_argument(c, to);
        if (!stop) return false;
        wanted.start = *start;
        wanted.stop = *stop;
        return true;
    }
    if (wanted.reverse) std::swap(from, to);
    if (wanted.kind == range_of::scores) {
        const std::optional<score_range> range = score_range_argument(c, from, to);
        if (range) wanted.scores = *range;
        return range.has_value();
    }
    const std::optional<member_range> range = member_range_argument(c, from, to);
    if (range) wanted.members = *range;
    return range.has_value();
}

// The ranks that are wanted, of which LIMIT counts from the end if it goes backwards.
rank_range resolve(const sorted_set_view& set, const range_request& wanted) {
    if (wanted.kind == range_of::ranks) {
        const std::size_t size = set.size();
        const rank_range range = ranks_between(wanted.start, wanted.stop, size);
        if (!wanted.reverse || range.empty()) return range;
        return {size - range.last, size - range.first};
    }
    rank_range range =
        wanted.kind == range_of::scores ? set.ranks(wanted.scores) : set.ranks(wanted.members);
    if (wanted.offset < 0 || static_cast<std::uint64_t>(wanted.offset) >= range.size()) return {};
    const auto offset = static_cast<std::size_t>(wanted.offset);
    std::size_t count = range.size() - offset;
    if (wanted.limit >= 0) count = std::min(count, static_cast<std::size_t>(wanted.limit));
    if (wanted.reverse) return {range.last - offset - count, range.last - offset};
    return {range.first + offset, range.first + offset + count};
}

void reply_range(context& c, range_request wanted) {
    if (!parse_options(c, wanted, 4) || !parse_ends(c, wanted, c.args[2], c.args[3])) return;
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.array(0);
    if (!is_sorted_set(c, found)) return;
    const sorted_set_view set{*found};
    const rank_range range = resolve(set, wanted);
    write_scored_header(c.reply, range.size(), wanted.with_scores);
    const auto write = [&](std::string_view member, double score) {
        write_scored(c.reply, member, score, wanted.with_scores);
    };
    if (wanted.reverse)
        set.for_each_backward(range, write);
    else
        set.for_each(range, write);
}

void zrange(context& c) {
    reply_range(c, {.may_reverse = true});
}

void zrevrange(context& c) {
    reply_range(c, {.kind = range_of::ranks, .reverse = true});
}

void zrangebyscore(context& c) {
    reply_range(c, {.kind = range_of::scores});
}

void zrevrangebyscore(context& c) {
    reply_range(c, {.kind = range_of::scores, .reverse = true});
}

void zrangebylex(context& c) {
    reply_range(c, {.kind = range_of::members});
}

void zrevrangebylex(context& c) {
    reply_range(c, {.kind = range_of::members, .reverse = true});
}

// Redis stores one member after the other, and while the result is small the score -0 becomes 0,
// as in ZADD; where a member makes it a large one, -0 is kept from there on.
void drop_signs_of_zero(const compact_limits& limits, const range_request& wanted,
                        std::vector<scored_member>& members) {
    const auto most = static_cast<std::size_t>(limits.zset_entries.load(std::memory_order_relaxed));
    const auto longest =
        static_cast<std::size_t>(limits.zset_value.load(std::memory_order_relaxed));
    if (wanted.kind == range_of::ranks && members.size() > most) return;
    for (std::size_t i = 0; i < members.size() && i < most; ++i) {
        scored_member& each = members[wanted.reverse ? members.size() - 1 - i : i];
        if (each.member.size() > longest) return;
        if (each.score == 0) each.score = 0;
    }
}

void zrangestore(context& c) {
    range_request wanted{.may_reverse = true, .storing = true};
    if (!parse_options(c, wanted, 5) || !parse_ends(c, wanted, c.args[3], c.args[4])) return;
    const located found = c.read(c.keys[1]);
    if (!is_sorted_set(c, found)) return;
    std::vector<scored_member> members;
    if (found) {
        const sorted_set_view set{*found};
        const rank_range range = resolve(set, wanted);
        members.reserve(range.size());
        set.for_each(range, [&](std::string_view member, double score) {
            members.push_back({member, score});
        });
    }
    drop_signs_of_zero(c.db.limits(), wanted, members);
    store_sorted_set(c, c.keys[0], members, "zrangestore");
}

// -- Removal ----------------------------------------------------------------------------------

void remove_range(context& c, range_of kind, std::string_view event) {
    range_request wanted{.kind = kind};
    if (!parse_ends(c, wanted, c.args[2], c.args[3])) return;
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_sorted_set(c, found)) return;
    if (!found) return c.reply.integer(0);
    const rank_range range = resolve(sorted_set_view{*found}, wanted);
    if (!range.empty()) {
        sorted_set_editor set{c.db, key, found};
        set.erase(range);
        announce_removal(c, set, event, key);
    }
    c.reply.integer(static_cast<std::int64_t>(range.size()));
}

void zremrangebyrank(context& c) {
    remove_range(c, range_of::ranks, "zremrangebyrank");
}

void zremrangebyscore(context& c) {
    remove_range(c, range_of::scores, "zremrangebyscore");
}

void zremrangebylex(context& c) {
    remove_range(c, range_of::members, "zremrangebylex");
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command reading(std::string_view name, command_handler handler, std::string_view since,
                          std::string_view syntax, std::string_view summary) {
    return {.name = name,
            .handler = handler,
            .arity = -4,
            .flags = readonly,
            .categories = acl_category::sortedset,
            .keys = {{{1, 1, 1, "RO access"}}},
            .group = "sorted-set",
            .since = since,
            .complexity = "O(log(N)+M), M being the number of members that are listed",
            .syntax = syntax,
            .summary = summary};
}

constexpr command removing(std::string_view name, command_handler handler, std::string_view since,
                           std::string_view syntax, std::string_view summary) {
    return {.name = name,
            .handler = handler,
            .arity = 4,
            .flags = write,
            .categories = acl_category::sortedset,
            .keys = {{{1, 1, 1, "RW delete"}}},
            .group = "sorted-set",
            .since = since,
            .complexity = "O(M*log(N)), M being the number of members that are removed",
            .syntax = syntax,
            .summary = summary};
}

constexpr command rows[] = {
    reading("zrange", zrange, "1.2.0",
            "key start stop [sortby: BYSCORE | BYLEX] [REV] [LIMIT offset:integer count:integer] "
            "[WITHSCORES]",
            "Lists the members of a range of ranks, scores or texts."),
    reading("zrangebylex", zrangebylex, "2.8.9", "key min max [LIMIT offset:integer count:integer]",
            "Lists the members that lie between two texts, where all scores are equal."),
    reading("zrangebyscore", zrangebyscore, "1.0.5",
            "key min:double max:double [WITHSCORES] [LIMIT offset:integer count:integer]",
            "Lists the members whose scores lie in a range."),
    {.name = "zrangestore",
     .handler = zrangestore,
     .arity = -5,
     .flags = write | denyoom,
     .categories = acl_category::sortedset,
     .keys = {{{1, 1, 1, "OW update"}, {2, 2, 1, "RO access"}}},
     .group = "sorted-set",
     .since = "6.2.0",
     .complexity = "O(log(N)+M), M being the number of members that are stored",
     .syntax = "dst:key src:key min max [sortby: BYSCORE | BYLEX] [REV] "
               "[LIMIT offset:integer count:integer]",
     .summary = "Stores the members of a range, with their scores, as a sorted set."},
    removing("zremrangebylex", zremrangebylex, "2.8.9", "key min max",
             "Removes the members that lie between two texts, where all scores are equal."),
    removing("zremrangebyrank", zremrangebyrank, "2.0.0", "key start:integer stop:integer",
             "Removes the members of a range of ranks."),
    removing("zremrangebyscore", zremrangebyscore, "1.2.0", "key min:double max:double",
             "Removes the members whose scores lie in a range."),
    reading("zrevrange", zrevrange, "1.2.0", "key start:integer stop:integer [WITHSCORES]",
            "Lists the members of a range of ranks, counted and listed from the highest score."),
    reading("zrevrangebylex", zrevrangebylex, "2.8.9",
            "key max min [LIMIT offset:integer count:integer]",
            "Lists the members that lie between two texts, from the last to the first."),
    reading("zrevrangebyscore", zrevrangebyscore, "2.2.0",
            "key max:double min:double [WITHSCORES] [LIMIT offset:integer count:integer]",
            "Lists the members whose scores lie in a range, from the highest score."),
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> sorted_set_range_commands() {
    return rows;
}

} // namespace mini_redis
