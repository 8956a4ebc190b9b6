// Places: a sorted set whose scores are the numbers of places on the globe.
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/geo_arguments.hpp"
#include "commands/type_checks.hpp"
#include "store/geohash.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

// -- GEOADD -----------------------------------------------------------------------------------

struct add_options {
    bool if_absent = false;
    bool if_present = false;
    bool count_changed = false;
    std::size_t places = 2; // the word where they begin
};

add_options parse_add_options(std::span<const std::string_view> words) noexcept {
    add_options options;
    for (; options.places < words.size(); ++options.places) {
        const std::string_view word = words[options.places];
        if (equals_ignoring_case(word, "nx"))
            options.if_absent = true;
        else if (equals_ignoring_case(word, "xx"))
            options.if_present = true;
        else if (equals_ignoring_case(word, "ch"))
            options.count_changed = true;
        else
            break;
    }
    return options;
}

void add_members(context& c, std::span<const double> scores,
                 std::span<const std::string_view> words, const add_options& options) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_sorted_set(c, found)) return;
    sorted_set_editor set{c.db, key, found};
    std::int64_t added = 0;
    std::int64_t moved = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const sorted_set_editor::place where = set.find(words[i * 3 + 2]);
        if (where.there ? options.if_absent || where.score == scores[i] : options.if_present)
            continue;
        set.put(where, scores[i]);
        ++(where.there ? moved : added);
    }
    if (added + moved != 0) {
        set.finish();
        c.notify(event_class::zset, "zadd", key);
    }
    c.reply.integer(options.count_changed ? added + moved : added);
}

void geoadd(context& c) {
    const add_options options = parse_add_options(c.args);
    const std::span<const std::string_view> words = c.args.subspan(options.places);
    if (words.empty() || words.size() % 3 != 0 || (options.if_absent && options.if_present))
        return c.reply.error(replies::syntax_error);
    // All are read before one is added. One alone needs no memory for it.
    double only = 0;
    std::vector<double> many;
    if (words.size() > 3) many.resize(words.size() / 3);
    const std::span<double> scores = words.size() > 3 ? std::span{many} : std::span{&only, 1};
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const std::optional<geo_point> place = place_argument(c, words[i * 3], words[i * 3 + 1]);
        if (!place) return;
        scores[i] = score_of(*place);
    }
    add_members(c, scores, words, options);
}

// -- Members' places --------------------------------------------------------------------------

std::optional<double> score_in(located found, std::string_view member) noexcept {
    return found ? sorted_set_view{*found}.score(member) : std::nullopt;
}

void geohash(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    const std::span<const std::string_view> members = c.args.subspan(2);
    c.reply.array(members.size());
    for (const std::string_view member : members) {
        const std::optional<double> score = score_in(found, member);
        if (!score) {
            c.reply.null();
            continue;
        }
        const auto text = geohash_text(*score);
        c.reply.bulk_string({text.data(), text.size()});
    }
}

void geopos(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    const std::span<const std::string_view> members = c.args.subspan(2);
    c.reply.array(members.size());
    for (const std::string_view member : members) {
        const std::optional<double> score = score_in(found, member);
        if (score)
            write_place(c.reply, place_at(*score));
        else
            c.reply.null_array();
    }
}

void geodist(context& c) {
    std::optional<double> unit = 1;
    if (c.args.size() == 5) unit = unit_argument(c, c.args[4]);
    if (!unit) return;
    if (c.args.size() > 5) return c.reply.error(replies::syntax_error);
    const located found = c.read(c.keys[0]);
    if (!is_sorted_set(c, found)) return;
    const std::optional<double> from = score_in(found, c.args[2]);
    const std::optional<double> to = score_in(found, c.args[3]);
    if (!from || !to) return c.reply.null();
    write_distance(c.reply, distance_between(place_at(*from), place_at(*to)) / *unit);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "geoadd",
     .handler = geoadd,
     .arity = -5,
     .flags = write | denyoom,
     .categories = acl_category::geo,
     .keys = {one_key("RW update")},
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(log(N)) for each member",
     .syntax = "key [condition: NX | XX] [change: CH] longitude:double latitude:double member "
               "[longitude:double latitude:double member ...]",
     .summary = "Adds members with their places, or moves them."},
    {.name = "geodist",
     .handler = geodist,
     .arity = -4,
     .flags = readonly,
     .categories = acl_category::geo,
     .keys = {one_key("RO access")},
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(1)",
     .syntax = "key member1 member2 [unit: M | KM | FT | MI]",
     .summary = "Tells how far apart two members are."},
    {.name = "geohash",
     .handler = geohash,
     .arity = -2,
     .flags = readonly,
     .categories = acl_category::geo,
     .keys = {one_key("RO access")},
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(1) for each member",
     .syntax = "key [member ...]",
     .summary = "Gives members' places as geohash texts."},
    {.name = "geopos",
     .handler = geopos,
     .arity = -2,
     .flags = readonly,
     .categories = acl_category::geo,
     .keys = {one_key("RO access")},
     .group = "geo",
     .since = "3.2.0",
     .complexity = "O(1) for each member",
     .syntax = "key [member ...]",
     .summary = "Gives members' longitudes and latitudes."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> geo_commands() {
    return rows;
}

} // namespace mini_redis
