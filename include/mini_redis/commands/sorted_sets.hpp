// Typed commands: sorted sets.
#pragma once

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
        command_line line{"ZADD", key};
        if (options.only == zadd_options::members::new_ones) line.add("NX");
        if (options.only == zadd_options::members::old_ones) line.add("XX");
        if (options.greater) line.add("GT");
        if (options.less) line.add("LT");
        if (options.count_changed) line.add("CH");
        return issue_all<std::int64_t>(self(), std::move(line), scored...);
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

    /// ZRANGEBYLEX: by name, where all scores are the same; bounds as "[a", "(b", "-" and "+".
    template <class Reply = std::vector<std::string>>
    auto zrangebylex(std::string_view key, std::string_view min, std::string_view max,
                     auto... token) {
        return issue<Reply>(self(), short_command{"ZRANGEBYLEX", key, min, max},
                            std::move(token)...);
    }

    /// ZREMRANGEBYRANK, ZREMRANGEBYSCORE: how many were removed.
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

    /// ZPOPMIN, ZPOPMAX: up to `count` members with their scores, which are removed.
    template <class Reply = std::vector<scored_member>>
    auto zpopmin(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"ZPOPMIN", key, count}, std::move(token)...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zpopmax(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"ZPOPMAX", key, count}, std::move(token)...);
    }

    /// ZRANDMEMBER: some members; below zero also the same one several times.
    template <class Reply = std::vector<std::string>>
    auto zrandmember(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"ZRANDMEMBER", key, count}, std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
