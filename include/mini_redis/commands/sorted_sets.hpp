// Typed commands: sorted sets.
#pragma once

#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

using scored_member = std::pair<std::string, double>;

/// The options of zadd().
struct zadd_options {
    enum class members { all, new_ones, old_ones };
    members only = members::all; ///< NX: new_ones; XX: old_ones
    bool greater = false;        ///< GT: a member's score only grows
    bool less = false;           ///< LT: it only falls
    bool count_changed = false;  ///< CH: counts what has another score, too
};

/// LIMIT of a range.
struct range_limit {
    std::int64_t offset = 0; ///< from here on
    std::int64_t count = -1; ///< at most so many; below zero: all
};

/// The options of zrangestore().
struct zrangestore_options {
    enum class order { rank, score, name };
    order by = order::rank; ///< BYSCORE, BYLEX; it tells what the bounds are
    bool reverse = false;   ///< REV: from the end; then the higher bound comes first
    range_limit limit{};    ///< not by rank
};

/// An end of a sorted set.
enum class score_end { min, max };

constexpr std::string_view name_of(score_end end) noexcept {
    return end == score_end::min ? "MIN" : "MAX";
}

template <class Self>
class sorted_set_commands {
public:
    /// ZADD: how many of the members are new. Score, member, score, member …; or a range of
    /// pairs of them.
    auto zadd(std::string_view key, const auto&... scored) {
        return issue_all<std::int64_t>(self(), command_line{"ZADD", key}, scored...);
    }

    /// The same with options.
    auto zadd(std::string_view key, const zadd_options& options, const auto&... scored) {
        return issue_all<std::int64_t>(self(), add_line(key, options), scored...);
    }

    /// ZADD … INCR: the score afterwards, or nothing if the options forbade it.
    template <class Reply = std::optional<double>>
    auto zadd_incr(std::string_view key, const zadd_options& options, double by,
                   const word_like auto& member, auto... token) {
        command_line line = add_line(key, options);
        line.add("INCR").add(by).add(member);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// ZINCRBY: the score afterwards.
    auto zincrby(std::string_view key, double by, const word_like auto& member, auto... token) {
        return issue<double>(self(), short_command{"ZINCRBY", key, by, member},
                             std::move(token)...);
    }

    /// ZREM: how many of them there were.
    auto zrem(std::string_view key, const auto&... members) {
        return issue_all<std::int64_t>(self(), command_line{"ZREM", key}, members...);
    }

    /// ZCARD: how many members there are.
    auto zcard(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"ZCARD", key}, std::move(token)...);
    }

    /// ZSCORE: the score, or nothing if it is no member.
    template <class Reply = std::optional<double>>
    auto zscore(std::string_view key, const word_like auto& member, auto... token) {
        return issue<Reply>(self(), short_command{"ZSCORE", key, member}, std::move(token)...);
    }

    /// ZMSCORE: for each the score, or nothing.
    template <class Reply = std::vector<std::optional<double>>>
    auto zmscore(std::string_view key, const auto&... members) {
        return issue_all<Reply>(self(), command_line{"ZMSCORE", key}, members...);
    }

    /// ZRANK, ZREVRANK: how many have a lower score; a higher one. Nothing if it is no member.
    template <class Reply = std::optional<std::int64_t>>
    auto zrank(std::string_view key, const word_like auto& member, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANK", key, member}, std::move(token)...);
    }

    template <class Reply = std::optional<std::int64_t>>
    auto zrevrank(std::string_view key, const word_like auto& member, auto... token) {
        return issue<Reply>(self(), short_command{"ZREVRANK", key, member}, std::move(token)...);
    }

    /// ZCOUNT: how many have such a score. Bounds are numbers, or texts as "(1" and "+inf".
    auto zcount(std::string_view key, const word_like auto& min, const word_like auto& max,
                auto... token) {
        return issue<std::int64_t>(self(), short_command{"ZCOUNT", key, min, max},
                                   std::move(token)...);
    }

    /// ZLEXCOUNT: how many have such a name, where all scores are the same; bounds as of
    /// zrangebylex().
    auto zlexcount(std::string_view key, std::string_view min, std::string_view max,
                   auto... token) {
        return issue<std::int64_t>(self(), short_command{"ZLEXCOUNT", key, min, max},
                                   std::move(token)...);
    }

    /// ZRANGE: by rank, from `first` to `last`, both included; below zero from the end.
    template <class Reply = std::vector<std::string>>
    auto zrange(std::string_view key, std::int64_t first, std::int64_t last, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANGE", key, first, last}, std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrange_withscores(std::string_view key, std::int64_t first, std::int64_t last,
                           auto... token) {
        return issue<Reply>(self(), short_command{"ZRANGE", key, first, last, "WITHSCORES"},
                            std::move(token)...);
    }

    /// ZREVRANGE: the same from the highest score on.
    template <class Reply = std::vector<std::string>>
    auto zrevrange(std::string_view key, std::int64_t first, std::int64_t last, auto... token) {
        return issue<Reply>(self(), short_command{"ZREVRANGE", key, first, last},
                            std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrevrange_withscores(std::string_view key, std::int64_t first, std::int64_t last,
                              auto... token) {
        return issue<Reply>(self(), short_command{"ZREVRANGE", key, first, last, "WITHSCORES"},
                            std::move(token)...);
    }

    /// ZRANGEBYSCORE: bounds as of zcount().
    template <class Reply = std::vector<std::string>>
    auto zrangebyscore(std::string_view key, const word_like auto& min, const word_like auto& max,
                       auto... token) {
        return issue<Reply>(self(), short_command{"ZRANGEBYSCORE", key, min, max},
                            std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrangebyscore_withscores(std::string_view key, const word_like auto& min,
                                  const word_like auto& max, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANGEBYSCORE", key, min, max, "WITHSCORES"},
                            std::move(token)...);
    }

    /// Of these a part.
    template <class Reply = std::vector<std::string>>
    auto zrangebyscore(std::string_view key, const word_like auto& min, const word_like auto& max,
                       const range_limit& limit, auto... token) {
        return issue<Reply>(
            self(),
            short_command{"ZRANGEBYSCORE", key, min, max, "LIMIT", limit.offset, limit.count},
            std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrangebyscore_withscores(std::string_view key, const word_like auto& min,
                                  const word_like auto& max, const range_limit& limit,
                                  auto... token) {
        return issue<Reply>(self(),
                            short_command{"ZRANGEBYSCORE", key, min, max, "WITHSCORES", "LIMIT",
                                          limit.offset, limit.count},
                            std::move(token)...);
    }

    /// ZREVRANGEBYSCORE: the same from the highest score on; the higher bound comes first.
    template <class Reply = std::vector<std::string>>
    auto zrevrangebyscore(std::string_view key, const word_like auto& max,
                          const word_like auto& min, auto... token) {
        return zrevrangebyscore<Reply>(key, max, min, range_limit{}, std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto zrevrangebyscore(std::string_view key, const word_like auto& max,
                          const word_like auto& min, const range_limit& limit, auto... token) {
        return issue<Reply>(
            self(),
            short_command{"ZREVRANGEBYSCORE", key, max, min, "LIMIT", limit.offset, limit.count},
            std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrevrangebyscore_withscores(std::string_view key, const word_like auto& max,
                                     const word_like auto& min, auto... token) {
        return zrevrangebyscore_withscores<Reply>(key, max, min, range_limit{},
                                                  std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrevrangebyscore_withscores(std::string_view key, const word_like auto& max,
                                     const word_like auto& min, const range_limit& limit,
                                     auto... token) {
        return issue<Reply>(self(),
                            short_command{"ZREVRANGEBYSCORE", key, max, min, "WITHSCORES", "LIMIT",
                                          limit.offset, limit.count},
                            std::move(token)...);
    }

    /// ZRANGEBYLEX: by name, where all scores are the same; bounds as "[a", "(b", "-" and "+".
    template <class Reply = std::vector<std::string>>
    auto zrangebylex(std::string_view key, std::string_view min, std::string_view max,
                     auto... token) {
        return issue<Reply>(self(), short_command{"ZRANGEBYLEX", key, min, max},
                            std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto zrangebylex(std::string_view key, std::string_view min, std::string_view max,
                     const range_limit& limit, auto... token) {
        return issue<Reply>(
            self(), short_command{"ZRANGEBYLEX", key, min, max, "LIMIT", limit.offset, limit.count},
            std::move(token)...);
    }

    /// ZREVRANGEBYLEX: the same from the end; the higher bound comes first.
    template <class Reply = std::vector<std::string>>
    auto zrevrangebylex(std::string_view key, std::string_view max, std::string_view min,
                        auto... token) {
        return zrevrangebylex<Reply>(key, max, min, range_limit{}, std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto zrevrangebylex(std::string_view key, std::string_view max, std::string_view min,
                        const range_limit& limit, auto... token) {
        return issue<Reply>(
            self(),
            short_command{"ZREVRANGEBYLEX", key, max, min, "LIMIT", limit.offset, limit.count},
            std::move(token)...);
    }

    /// ZRANGESTORE: stores a range of `from` at `to`; how many members that has. The bounds are
    /// those of zrange(), zrangebyscore() or zrangebylex(), as the options say.
    auto zrangestore(std::string_view to, std::string_view from, const word_like auto& first,
                     const word_like auto& last, auto... token) {
        return zrangestore(to, from, first, last, zrangestore_options{}, std::move(token)...);
    }

    auto zrangestore(std::string_view to, std::string_view from, const word_like auto& first,
                     const word_like auto& last, const zrangestore_options& options,
                     auto... token) {
        command_line line{"ZRANGESTORE", to, from, first, last};
        if (options.by == zrangestore_options::order::score) line.add("BYSCORE");
        if (options.by == zrangestore_options::order::name) line.add("BYLEX");
        if (options.reverse) line.add("REV");
        const range_limit& limit = options.limit;
        if (limit.offset != 0 || limit.count >= 0)
            line.add("LIMIT").add(limit.offset).add(limit.count);
        return issue<std::int64_t>(self(), std::move(line), std::move(token)...);
    }

    /// ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX: how many were removed.
    auto zremrangebyrank(std::string_view key, std::int64_t first, std::int64_t last,
                         auto... token) {
        return issue<std::int64_t>(self(), short_command{"ZREMRANGEBYRANK", key, first, last},
                                   std::move(token)...);
    }

    auto zremrangebyscore(std::string_view key, const word_like auto& min,
                          const word_like auto& max, auto... token) {
        return issue<std::int64_t>(self(), short_command{"ZREMRANGEBYSCORE", key, min, max},
                                   std::move(token)...);
    }

    auto zremrangebylex(std::string_view key, std::string_view min, std::string_view max,
                        auto... token) {
        return issue<std::int64_t>(self(), short_command{"ZREMRANGEBYLEX", key, min, max},
                                   std::move(token)...);
    }

    /// ZPOPMIN, ZPOPMAX: up to `count` members with their scores, which are removed.
    template <class Reply = std::vector<scored_member>>
    auto zpopmin(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"ZPOPMIN", key, count}, std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zpopmax(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"ZPOPMAX", key, count}, std::move(token)...);
    }

    /// ZMPOP: the same of the first of the sorted sets that is there, and its key; nothing if none
    /// is.
    template <class Reply = std::optional<std::pair<std::string, std::vector<scored_member>>>>
    auto zmpop(score_end end, std::int64_t count, const auto&... keys) {
        const auto tail = [&](command_line& to) { to.add(name_of(end)).add("COUNT").add(count); };
        return issue_counted<Reply>(self(), command_line{"ZMPOP"}, tail, keys...);
    }

    /// ZRANDMEMBER: a random member, or nothing if there is none.
    template <class Reply = std::optional<std::string>>
    auto zrandmember(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANDMEMBER", key}, std::move(token)...);
    }

    /// Up to `count` different ones; below zero also the same one several times.
    template <class Reply = std::vector<std::string>>
    auto zrandmember(std::string_view key, std::integral auto count, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANDMEMBER", key, count}, std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zrandmember_withscores(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANDMEMBER", key, count, "WITHSCORES"},
                            std::move(token)...);
    }

private:
    static command_line add_line(std::string_view key, const zadd_options& options) {
        command_line line{"ZADD", key};
        if (options.only == zadd_options::members::new_ones) line.add("NX");
        if (options.only == zadd_options::members::old_ones) line.add("XX");
        if (options.greater) line.add("GT");
        if (options.less) line.add("LT");
        if (options.count_changed) line.add("CH");
        return line;
    }

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
