#include "commands/sorted_set_arguments.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "resp/number.hpp"

namespace mini_redis {
namespace {

// Redis reads an end of a range with strtod alone, which takes more than it takes for a score:
// spaces in front, numbers too large or too small, nothing at all.
std::optional<double> parse_end(std::string_view text) {
    if (const std::optional<double> value = parse_real(text)) return value;
    const std::string ended{text.substr(0, text.find('\0'))};
    char* stopped = nullptr;
    const double value = std::strtod(ended.c_str(), &stopped);
    if (*stopped != '\0' || std::isnan(value)) return std::nullopt;
    return value;
}

bool take_parenthesis(std::string_view& text) noexcept {
    const bool exclusive = text.starts_with('(');
    if (exclusive) text.remove_prefix(1);
    return exclusive;
}

std::optional<member_bound> parse_member_bound(std::string_view text) noexcept {
    using where = member_bound::where;
    if (text == "+") return member_bound{where::highest};
    if (text == "-") return member_bound{where::lowest};
    if (text.starts_with('(') || text.starts_with('['))
        return member_bound{where::value, text.substr(1), text.front() == '('};
    return std::nullopt;
}

} // namespace

std::optional<score_range> score_range_argument(context& c, std::string_view least,
                                                std::string_view most) {
    score_range range;
    range.without_least = take_parenthesis(least);
    range.without_most = take_parenthesis(most);
    const std::optional<double> low = parse_end(least);
    const std::optional<double> high = parse_end(most);
    if (!low || !high) {
        c.reply.error("ERR min or max is not a float");
        return std::nullopt;
    }
    range.least = *low;
    range.most = *high;
    return range;
}

std::optional<member_range> member_range_argument(context& c, std::string_view least,
                                                  std::string_view most) {
    const std::optional<member_bound> low = parse_member_bound(least);
    const std::optional<member_bound> high = parse_member_bound(most);
    if (!low || !high) {
        c.reply.error("ERR min or max not valid string range item");
        return std::nullopt;
    }
    return member_range{*low, *high};
}

rank_range ranks_between(std::int64_t start, std::int64_t stop, std::size_t size) noexcept {
    const auto count = static_cast<std::int64_t>(size);
    start = std::max<std::int64_t>(start < 0 ? start + count : start, 0);
    stop = std::min(stop < 0 ? stop + count : stop, count - 1);
    if (start > stop) return {};
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(stop) + 1};
}

void store_sorted_set(context& c, const hashed_key& key, std::span<const scored_member> members,
                      std::string_view event) {
    if (members.empty()) {
        if (const located old = c.db.find(key)) {
            c.db.erase(key, old);
            c.notify(event_class::generic, "del", key);
        }
    } else {
        // Made first: the members' bytes may be those of what it replaces.
        entry_ptr made = make_sorted_set(key.name, members, c.db.limits());
        c.db.put(key, c.db.find(key), std::move(made));
        c.notify(event_class::zset, event, key);
    }
    c.reply.integer(static_cast<std::int64_t>(members.size()));
}

} // namespace mini_redis
