// Typed commands: what several sorted sets have in common, together, or apart.
#pragma once

#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/commands/sets.hpp>
#include <mini_redis/commands/sorted_sets.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// The options of zunion(), zinter() and their relatives.
struct zset_algebra_options {
    /// WEIGHTS: what the scores of each are multiplied with first, one for each key; or none.
    std::span<const double> weights{};
    enum class aggregation { sum, min, max };
    aggregation aggregate = aggregation::sum; ///< AGGREGATE: a member's score of its scores
};

/// Keys are of sorted sets, or of sets, whose members have the score 1. They are texts or ranges of
/// them.
template <class Self>
class sorted_set_algebra_commands {
public:
    /// ZUNION: the members of any of them, by their scores.
    template <class Reply = std::vector<std::string>>
    auto zunion(const auto&... keys) {
        return zunion<Reply>(zset_algebra_options{}, keys...);
    }

    template <class Reply = std::vector<std::string>>
    auto zunion(const zset_algebra_options& options, const auto&... keys) {
        return combine<Reply>(command_line{"ZUNION"}, options, false, keys...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zunion_withscores(const auto&... keys) {
        return zunion_withscores<Reply>(zset_algebra_options{}, keys...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zunion_withscores(const zset_algebra_options& options, const auto&... keys) {
        return combine<Reply>(command_line{"ZUNION"}, options, true, keys...);
    }

    /// ZUNIONSTORE: the same stored at a key; how many members that has.
    auto zunionstore(std::string_view to, const auto&... keys) {
        return zunionstore(to, zset_algebra_options{}, keys...);
    }

    auto zunionstore(std::string_view to, const zset_algebra_options& options,
                     const auto&... keys) {
        return combine<std::int64_t>(command_line{"ZUNIONSTORE", to}, options, false, keys...);
    }

    /// ZINTER: the members of all of them.
    template <class Reply = std::vector<std::string>>
    auto zinter(const auto&... keys) {
        return zinter<Reply>(zset_algebra_options{}, keys...);
    }

    template <class Reply = std::vector<std::string>>
    auto zinter(const zset_algebra_options& options, const auto&... keys) {
        return combine<Reply>(command_line{"ZINTER"}, options, false, keys...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zinter_withscores(const auto&... keys) {
        return zinter_withscores<Reply>(zset_algebra_options{}, keys...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zinter_withscores(const zset_algebra_options& options, const auto&... keys) {
        return combine<Reply>(command_line{"ZINTER"}, options, true, keys...);
    }

    /// ZINTERSTORE: the same stored at a key; how many members that has.
    auto zinterstore(std::string_view to, const auto&... keys) {
        return zinterstore(to, zset_algebra_options{}, keys...);
    }

    auto zinterstore(std::string_view to, const zset_algebra_options& options,
                     const auto&... keys) {
        return combine<std::int64_t>(command_line{"ZINTERSTORE", to}, options, false, keys...);
    }

    /// ZINTERCARD: how many members are in all of them.
    auto zintercard(const auto&... keys) { return zintercard(intercard_options{}, keys...); }

    auto zintercard(const intercard_options& options, const auto&... keys) {
        const auto tail = [&](command_line& to) {
            if (options.limit > 0) to.add("LIMIT").add(options.limit);
        };
        return issue_counted<std::int64_t>(self(), command_line{"ZINTERCARD"}, tail, keys...);
    }

    /// ZDIFF: the members of the first that are in none of the others.
    template <class Reply = std::vector<std::string>>
    auto zdiff(const auto&... keys) {
        return combine<Reply>(command_line{"ZDIFF"}, {}, false, keys...);
    }

    template <class Reply = std::vector<scored_member>>
    auto zdiff_withscores(const auto&... keys) {
        return combine<Reply>(command_line{"ZDIFF"}, {}, true, keys...);
    }

    /// ZDIFFSTORE: the same stored at a key; how many members that has.
    auto zdiffstore(std::string_view to, const auto&... keys) {
        return combine<std::int64_t>(command_line{"ZDIFFSTORE", to}, {}, false, keys...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }

    template <class Reply>
    auto combine(command_line line, const zset_algebra_options& options, bool with_scores,
                 const auto&... keys) {
        using aggregation = zset_algebra_options::aggregation;
        const auto tail = [&](command_line& to) {
            if (!options.weights.empty()) to.add("WEIGHTS");
            for (const double weight : options.weights)
                to.add(weight);
            if (options.aggregate == aggregation::min) to.add("AGGREGATE").add("MIN");
            if (options.aggregate == aggregation::max) to.add("AGGREGATE").add("MAX");
            if (with_scores) to.add("WITHSCORES");
        };
        return issue_counted<Reply>(self(), std::move(line), tail, keys...);
    }
};

} // namespace mini_redis
