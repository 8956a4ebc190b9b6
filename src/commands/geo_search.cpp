// Places within an area: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS and GEORADIUSBYMEMBER.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/geo_arguments.hpp"
#include "commands/sorted_set_arguments.hpp"
#include "commands/sorting.hpp"
#include "store/geo_area.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

enum class form : std::uint8_t { search, search_and_store, radius, radius_by_member };

// The order of the results; as they are found if it is `none`.
enum class sorting : std::uint8_t { none, nearest_first, farthest_first };

struct search {
    geo_area area;
    bool has_center = false; // for the forms that name it by an option
    bool by_member = false;
    bool has_shape = false;
    bool is_box = false;
    sorting order = sorting::none;
    std::size_t count = 0; // 0: all
    bool any = false;      // the first ones that are found will do
    bool with_distance = false;
    bool with_hash = false;
    bool with_place = false;
    std::optional<std::string_view> store;
    bool store_distances = false;
};

// -- Reading the request ----------------------------------------------------------------------

// Reads the words of one request. What fails has replied with an error.
class reader {
public:
    reader(context& c, located source, form kind, bool may_store)
        : c_{c},
          source_{source},
          kind_{kind},
          may_store_{may_store} {}

    std::optional<search> read() {
        if (!read_fixed_part()) return std::nullopt;
        while (at_ < c_.args.size())
            if (!read_option(c_.args[at_])) return std::nullopt;
        if (!makes_sense()) return std::nullopt;
        return wanted_;
    }

private:
    bool is_search() const noexcept {
        return kind_ == form::search || kind_ == form::search_and_store;
    }

    // Whether so many words follow the one that is read.
    bool followed_by(std::size_t words) const noexcept { return at_ + words < c_.args.size(); }

    bool refuse(std::string_view error) {
        c_.reply.error(error);
        return false;
    }

    // The option and its words have been read.
    bool done(std::size_t words) {
        at_ += 1 + words;
        return true;
    }

    bool read_fixed_part() {
        switch (kind_) {
        case form::search: at_ = 2; return true;
        case form::search_and_store:
            at_ = 3;
            wanted_.store = c_.args[1];
            return true;
        case form::radius: at_ = 6; return read_center(2) && read_radius(4);
        case form::radius_by_member:
            at_ = 5;
            // Without a key nothing can be found, but whether the options are right still matters.
            return !source_ || (read_member(2) && read_radius(3));
        }
        return false;
    }

    bool read_center(std::size_t word) {
        const auto place = place_argument(c_, c_.args[word], c_.args[word + 1]);
        if (place) wanted_.area.center = *place;
        return place.has_value();
    }

    bool read_member(std::size_t word) {
        const std::optional<double> score = sorted_set_view{*source_}.score(c_.args[word]);
        if (!score) return refuse("ERR could not decode requested zset member");
        wanted_.area.center = place_at(*score);
        return true;
    }

    bool read_unit(std::size_t word) {
        const std::optional<double> meters = unit_argument(c_, c_.args[word]);
        if (meters) wanted_.area.meters = *meters;
        return meters.has_value();
    }

    bool read_radius(std::size_t word) {
        const auto radius = real_argument(c_, c_.args[word], "ERR need numeric radius");
        if (!radius) return false;
        if (*radius < 0) return refuse("ERR radius cannot be negative");
        wanted_.area.radius = *radius;
        return read_unit(word + 1);
    }

    bool read_box(std::size_t word) {
        const auto width = real_argument(c_, c_.args[word], "ERR need numeric width");
        if (!width) return false;
        const auto height = real_argument(c_, c_.args[word + 1], "ERR need numeric height");
        if (!height) return false;
        if (*width < 0 || *height < 0) return refuse("ERR height or width cannot be negative");
        wanted_.area.radius.reset();
        wanted_.area.width = *width;
        wanted_.area.height = *height;
        return read_unit(word + 2);
    }

    bool read_option(std::string_view word) {
        const auto is = [&](std::string_view name) { return equals_ignoring_case(word, name); };
        const auto set = [&](bool& flag) { return flag = done(0); };
        if (is("withdist")) return set(wanted_.with_distance);
        if (is("withhash")) return set(wanted_.with_hash);
        if (is("withcoord")) return set(wanted_.with_place);
        if (is("any")) return set(wanted_.any);
        if (is("asc") || is("desc")) {
            wanted_.order = is("asc") ? sorting::nearest_first : sorting::farthest_first;
            return done(0);
        }
        if (is("count") && followed_by(1)) return read_count();
        if (is_search()) return read_search_option(is);
        if ((is("store") || is("storedist")) && followed_by(1) && may_store_) {
            wanted_.store = c_.args[at_ + 1];
            wanted_.store_distances = is("storedist");
            return done(1);
        }
        return refuse(replies::syntax_error);
    }

    template <class Is>
    bool read_search_option(const Is& is) {
        if (is("storedist") && kind_ == form::search_and_store) {
            wanted_.store_distances = true;
            return done(0);
        }
        if (is("frommember") && followed_by(1) && (!wanted_.has_center || wanted_.by_member)) {
            if (source_ && !read_member(at_ + 1)) return false;
            wanted_.has_center = wanted_.by_member = true;
            return done(1);
        }
        if (is("fromlonlat") && followed_by(2) && !wanted_.by_member) {
            wanted_.has_center = true;
            return read_center(at_ + 1) && done(2);
        }
        if (is("byradius") && followed_by(2) && !wanted_.is_box) {
            wanted_.has_shape = true;
            return read_radius(at_ + 1) && done(2);
        }
        if (is("bybox") && followed_by(3) && (!wanted_.has_shape || wanted_.is_box)) {
            wanted_.has_shape = wanted_.is_box = true;
            return read_box(at_ + 1) && done(3);
        }
        return refuse(replies::syntax_error);
    }

    bool read_count() {
        const std::optional<std::int64_t> count = integer_argument(c_, c_.args[at_ + 1]);
        if (!count) return false;
        if (*count <= 0) return refuse("ERR COUNT must be > 0");
        wanted_.count = static_cast<std::size_t>(*count);
        return done(1);
    }

    bool makes_sense() {
        if (wanted_.store && (wanted_.with_distance || wanted_.with_hash || wanted_.with_place))
            return refuse(fmt::format(
                "ERR {} is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                kind_ == form::search_and_store ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
        if (is_search() && !wanted_.has_center)
            return refuse(
                fmt::format("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {}",
                            shown(c_.args[0])));
        if (is_search() && !wanted_.has_shape)
            return refuse(
                fmt::format("ERR exactly one of BYRADIUS and BYBOX can be specified for {}",
                            shown(c_.args[0])));
        if (wanted_.any && wanted_.count == 0)
            return refuse("ERR the ANY argument requires COUNT argument");
        // To give the nearest ones, they have to be sorted.
        if (wanted_.count != 0 && wanted_.order == sorting::none && !wanted_.any)
            wanted_.order = sorting::nearest_first;
        return true;
    }

    context& c_;
    located source_;
    form kind_;
    bool may_store_;
    std::size_t at_ = 0; // the word that is read
    search wanted_;
};

// -- Searching --------------------------------------------------------------------------------

struct match {
    std::string_view member;
    double score = 0;
    double distance = 0; // in metres
    geo_point place;
};

// All that lie in the area, or the first `most` if that is not 0.
std::vector<match> find_matches(const sorted_set_view& set, const geo_area& area,
                                std::size_t most) {
    std::vector<match> found;
    const auto is_full = [&] { return most != 0 && found.size() >= most; };
    for (const geo_cell& cell : covering_cells{area}) {
        const cell_scores scores = scores_in(cell);
        const rank_range all =
            set.ranks(score_range{.least = scores.least, .most = scores.end, .without_most = true});
        // A few at a time, so that one finds out when there are enough.
        const std::size_t stride = most == 0 ? std::max<std::size_t>(all.size(), 1) : 64;
        for (std::size_t first = all.first; first < all.last && !is_full(); first += stride)
            set.for_each({first, std::min(first + stride, all.last)},
                         [&](std::string_view member, double score) {
                             if (is_full()) return;
                             const geo_point place = place_at(score);
                             if (const auto distance = area.distance_to(place))
                                 found.push_back({member, score, *distance, place});
                         });
        if (is_full()) break;
    }
    return found;
}

// Sorts and cuts off what is not wanted.
void choose(std::vector<match>& found, const search& wanted) {
    const std::size_t count =
        wanted.count == 0 ? found.size() : std::min(wanted.count, found.size());
    const int sign = wanted.order == sorting::nearest_first ? 1 : -1;
    const auto compare = [sign](const match& a, const match& b) {
        return a.distance > b.distance ? sign : a.distance == b.distance ? 0 : -sign;
    };
    if (wanted.order != sorting::none) {
        if (count == found.size())
            sort_stably(found, [&](const match& a, const match& b) { return compare(a, b) < 0; });
        else
            sort_first(std::span{found}, count, compare);
    }
    found.resize(count);
}

// A score as an integer. One that is none becomes what x86-64 makes of it.
std::int64_t hash_of(double score) noexcept {
    constexpr double limit = 9223372036854775808.0; // 2^63
    return score >= -limit && score < limit ? static_cast<std::int64_t>(score) : INT64_MIN;
}

void write_matches(context& c, std::span<const match> found, const search& wanted) {
    const std::size_t details = static_cast<std::size_t>(wanted.with_distance) +
                                static_cast<std::size_t>(wanted.with_hash) +
                                static_cast<std::size_t>(wanted.with_place);
    c.reply.array(found.size());
    for (const match& one : found) {
        if (details != 0) c.reply.array(details + 1);
        c.reply.bulk_string(one.member);
        if (wanted.with_distance) write_distance(c.reply, one.distance / wanted.area.meters);
        if (wanted.with_hash) c.reply.integer(hash_of(one.score));
        if (wanted.with_place) write_place(c.reply, one.place);
    }
}

void store_matches(context& c, std::span<const match> found, const search& wanted,
                   std::string_view event) {
    std::vector<scored_member> members;
    members.reserve(found.size());
    for (const match& one : found)
        members.push_back(
            {one.member, wanted.store_distances ? one.distance / wanted.area.meters : one.score});
    std::sort(members.begin(), members.end(), ranks_before);
    store_sorted_set(c, hashed_key{*wanted.store}, members, event);
}

void find_and_reply(context& c, form kind, bool may_store) {
    const located source = c.read(c.keys[kind == form::search_and_store ? 1 : 0]);
    if (!is_sorted_set(c, source)) return;
    const std::optional<search> wanted = reader{c, source, kind, may_store}.read();
    if (!wanted) return;
    std::vector<match> found;
    if (source)
        found =
            find_matches(sorted_set_view{*source}, wanted->area, wanted->any ? wanted->count : 0);
    choose(found, *wanted);
    if (wanted->store)
        return store_matches(c, found, *wanted,
                             kind == form::search_and_store ? "geosearchstore" : "georadiusstore");
    write_matches(c, found, *wanted);
}

void geosearch(context& c) {
    find_and_reply(c, form::search, false);
}

void geosearchstore(context& c) {
    find_and_reply(c, form::search_and_store, true);
}

void georadius(context& c) {
    find_and_reply(c, form::radius, true);
}

void georadius_ro(context& c) {
    find_and_reply(c, form::radius, false);
}

void georadiusbymember(context& c) {
    find_and_reply(c, form::radius_by_member, true);
}

void georadiusbymember_ro(context& c) {
    find_and_reply(c, form::radius_by_member, false);
}

// What follows the first STORE and the first STOREDIST, which COMMAND GETKEYS shows, and what
// follows the last of them, where results are stored.
void plan_radius(const client_state&, std::span<const std::string_view> args, lock_plan& plan) {
    std::optional<std::string_view> store;
    std::optional<std::string_view> storedist;
    std::optional<std::string_view> last;
    for (std::size_t i = 5; i + 1 < args.size(); ++i) {
        const bool distances = equals_ignoring_case(args[i], "storedist");
        if (!distances && !equals_ignoring_case(args[i], "store")) continue;
        std::optional<std::string_view>& first = distances ? storedist : store;
        last = args[++i];
        if (!first) first = last;
    }
    if (store) plan.keys.push_back(*store);
    if (storedist) plan.keys.push_back(*storedist);
    if (last && last != store && last != storedist) plan.keys.push_back(*last);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::string_view search_complexity =
    "O(N+log(M)), N being the number of members in the cells that cover the area and M that of all";

constexpr std::string_view search_syntax =
    "key "
    "<from: FROMMEMBER member | FROMLONLAT longitude:double latitude:double> "
    "<by: <circle: <BYRADIUS radius:double> <unit: M | KM | FT | MI>> | "
    "<box: <BYBOX width:double> height:double <unit: M | KM | FT | MI>>> "
    "[order: ASC | DESC] [count: <COUNT count:integer> [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]";

constexpr command rows[] = {
    {.name = "georadius",
     .handler = georadius,
     .arity = -6,
     .flags = write | denyoom | movablekeys,
     .categories = acl_category::geo,
     .keys = {{{1, 1, 1, "RO access"},
               key_behind("STORE", 6, "OW update"),
               key_behind("STOREDIST", 6, "OW update")}},
     .group = "geo",
     .since = "3.2.0",
     .complexity = search_complexity,
     .syntax = "key longitude:double latitude:double radius:double <unit: M | KM | FT | MI> "
               "[WITHCOORD] [WITHDIST] [WITHHASH] [count: <COUNT count:integer> [ANY]] [order: ASC "
               "| DESC] "
               "[STORE key] [STOREDIST key]",
     .summary = "Gives or stores the members within a distance from a place; see GEOSEARCH.",
     .plan = plan_radius},
    {.name = "georadius_ro",
     .handler = georadius_ro,
     .arity = -6,
     .flags = readonly,
     .categories = acl_category::geo,
     .keys = {one_key("RO access")},
     .group = "geo",
     .since = "3.2.10",
     .complexity = search_complexity,
     .syntax = "key longitude:double latitude:double radius:double <unit: M | KM | FT | MI> "
               "[WITHCOORD] [WITHDIST] [WITHHASH] [count: <COUNT count:integer> [ANY]] [order: ASC "
               "| DESC]",
     .summary = "Gives the members within a distance from a place; see GEOSEARCH."},
    {.name = "georadiusbymember",
     .handler = georadiusbymember,
     .arity = -5,
     .flags = write | denyoom | movablekeys,
     .categories = acl_category::geo,
     .keys = {{{1, 1, 1, "RO access"},
               key_behind("STORE", 5, "OW update"),
               key_behind("STOREDIST", 5, "OW update")}},
     .group = "geo",
     .since = "3.2.0",
     .complexity = search_complexity,
     .syntax = "key member radius:double <unit: M | KM | FT | MI> "
               "[WITHCOORD] [WITHDIST] [WITHHASH] [count: <COUNT count:integer> [ANY]] [order: ASC "
               "| DESC] "
               "[STORE key] [STOREDIST key]",
     .summary = "Gives or stores the members within a distance from another; see GEOSEARCH.",
     .plan = plan_radius},
    {.name = "georadiusbymember_ro",
     .handler = georadiusbymember_ro,
     .arity = -5,
     .flags = readonly,
     .categories = acl_category::geo,
     .keys = {one_key("RO access")},
     .group = "geo",
     .since = "3.2.10",
     .complexity = search_complexity,
     .syntax = "key member radius:double <unit: M | KM | FT | MI> "
               "[WITHCOORD] [WITHDIST] [WITHHASH] [count: <COUNT count:integer> [ANY]] [order: ASC "
               "| DESC]",
     .summary = "Gives the members within a distance from another; see GEOSEARCH."},
    {.name = "geosearch",
     .handler = geosearch,
     .arity = -7,
     .flags = readonly,
     .categories = acl_category::geo,
     .keys = {one_key("RO access")},
     .group = "geo",
     .since = "6.2.0",
     .complexity = search_complexity,
     .syntax = search_syntax,
     .summary = "Gives the members in a circle or a box around a place or a member."},
    {.name = "geosearchstore",
     .handler = geosearchstore,
     .arity = -8,
     .flags = write | denyoom,
     .categories = acl_category::geo,
     .keys = {{{1, 1, 1, "OW update"}, {2, 2, 1, "RO access"}}},
     .group = "geo",
     .since = "6.2.0",
     .complexity = search_complexity,
     .syntax = "destination:key source:key "
               "<from: FROMMEMBER member | FROMLONLAT longitude:double latitude:double> "
               "<by: <circle: <BYRADIUS radius:double> <unit: M | KM | FT | MI>> | "
               "<box: <BYBOX width:double> height:double <unit: M | KM | FT | MI>>> "
               "[order: ASC | DESC] [count: <COUNT count:integer> [ANY]] [STOREDIST]",
     .summary = "Stores the members in a circle or a box, with their places or distances."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> geo_search_commands() {
    return rows;
}

} // namespace mini_redis
