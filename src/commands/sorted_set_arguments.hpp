// What the commands on sorted sets have in common: ranges as they are written, and replies of
// members with their scores.
#pragma once

#include <optional>
#include <string_view>

#include "commands/context.hpp"
#include "commands/type_checks.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {

/// "1.5", "(1.5", "-inf": otherwise replies with an error and returns nothing.
std::optional<score_range> score_range_argument(context& c, std::string_view least,
                                                std::string_view most);

/// "[a", "(a", "-", "+": otherwise replies with an error and returns nothing.
std::optional<member_range> member_range_argument(context& c, std::string_view least,
                                                  std::string_view most);

/// The ranks from `start` to `stop`, both included and counted from the end if negative.
rank_range ranks_between(std::int64_t start, std::int64_t stop, std::size_t size) noexcept;

/// The header of `count` members, with their scores or without. RESP3 puts the two into an array.
inline void write_scored_header(reply_writer& reply, std::size_t count, bool with_scores) {
    reply.array(with_scores && !reply.resp3() ? count * 2 : count);
}

inline void write_scored(reply_writer& reply, std::string_view member, double score,
                         bool with_scores) {
    if (!with_scores) return reply.bulk_string(member);
    if (reply.resp3()) reply.array(2);
    reply.bulk_string(member);
    reply.real(score);
}

/// Ends a removal: tells of it, and of the key if that is gone.
inline void announce_removal(context& c, sorted_set_editor& set, std::string_view event,
                             const hashed_key& key) {
    const bool gone = set.finish();
    c.notify(event_class::zset, event, key);
    if (gone) c.notify(event_class::generic, "del", key);
}

/// Puts the members, which stand in the order of a sorted set, in the place of what the key holds,
/// or removes the key if there are none. Replies with their number.
void store_sorted_set(context& c, const hashed_key& key, std::span<const scored_member> members,
                      std::string_view event);

} // namespace mini_redis
