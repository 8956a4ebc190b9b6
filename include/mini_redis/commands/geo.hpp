// Typed commands: places on the earth, which are the members of a sorted set.
#pragma once

#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/from_reply.hpp>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// In degrees: east and north are above zero.
struct geo_position {
    double longitude = 0;
    double latitude = 0;

    bool operator==(const geo_position&) const = default;
};

/// A member, and where it is.
struct geo_place {
    std::string member{};
    geo_position position{};
};

enum class geo_unit { meters, kilometers, feet, miles };

constexpr std::string_view name_of(geo_unit unit) noexcept {
    switch (unit) {
    case geo_unit::kilometers: return "km";
    case geo_unit::feet: return "ft";
    case geo_unit::miles: return "mi";
    default: return "m";
    }
}

/// The options of geoadd().
struct geoadd_options {
    enum class members { all, new_ones, old_ones };
    members only = members::all; ///< NX: new_ones; XX: old_ones
    bool count_changed = false;  ///< CH: counts what is somewhere else now, too
};

/// Where geosearch() looks: around its center, up to this far away.
struct geo_radius {
    double radius = 0;
    geo_unit unit = geo_unit::meters;
};

/// The same as a box with the center in its middle, its sides to the north, east, south and west.
struct geo_box {
    double width = 0;
    double height = 0;
    geo_unit unit = geo_unit::meters;
};

template <class T>
concept geo_area = std::same_as<T, geo_radius> || std::same_as<T, geo_box>;

/// The center of a search: a position, or a member that is there.
template <class T>
concept geo_center = std::same_as<T, geo_position> || word_like<T>;

enum class geo_order { any, nearest_first, farthest_first };

/// The options of geosearch().
struct geosearch_options {
    geo_order order = geo_order::any;
    std::int64_t count = 0;   ///< COUNT: at most so many, the nearest ones unless told; 0: all
    bool first_found = false; ///< ANY: not the nearest ones but whichever are found first
};

/// What geosearch_with() tells besides the members.
struct geo_details {
    bool distance = false; ///< WITHDIST
    bool position = false; ///< WITHCOORD
    bool hash = false;     ///< WITHHASH
};

/// A member that was found. What was not asked for is not there.
struct geo_match {
    std::string member{};
    std::optional<double> distance{}; ///< from the center, in the unit of the area
    std::optional<geo_position> position{};
    std::optional<std::int64_t> hash{}; ///< the score in the sorted set

    bool operator==(const geo_match&) const = default;
};

template <>
struct from_reply<geo_position> {
    static geo_position read(const reply_view& reply) {
        const auto [longitude, latitude] = read_reply<std::pair<double, double>>(reply);
        return {longitude, latitude};
    }
};

template <>
struct from_reply<geo_match> {
    static geo_match read(const reply_view& reply) {
        geo_match match;
        if (!reply.is_aggregate()) {
            match.member = read_reply<std::string>(reply);
            return match;
        }
        if (reply.size() == 0) unexpected_reply("a place", reply);
        auto part = reply.begin();
        match.member = read_reply<std::string>(*part);
        // Each of them has a type of its own.
        while (++part != reply.end()) {
            const reply_view detail = *part;
            if (detail.is_aggregate())
                match.position = read_reply<geo_position>(detail);
            else if (detail.type() == frame_type::integer)
                match.hash = detail.as_integer();
            else
                match.distance = read_reply<double>(detail);
        }
        return match;
    }
};

/// Several places at once.
template <class T>
concept geo_place_range = std::ranges::input_range<const T&> &&
                          std::same_as<std::ranges::range_value_t<const T&>, geo_place>;

template <class Self>
class geo_commands {
public:
    /// GEOADD: how many of the members are new. Longitude, latitude, member, longitude …; or a
    /// range of geo_place.
    auto geoadd(std::string_view key, const auto&... places) {
        return geoadd(key, geoadd_options{}, places...);
    }

    auto geoadd(std::string_view key, const geoadd_options& options, const auto&... places) {
        return issue_all<std::int64_t>(self(), add_line(key, options), places...);
    }

    auto geoadd(std::string_view key, const geo_place_range auto& places, auto... token) {
        return geoadd(key, geoadd_options{}, places, std::move(token)...);
    }

    auto geoadd(std::string_view key, const geoadd_options& options,
                const geo_place_range auto& places, auto... token) {
        command_line line = add_line(key, options);
        for (const geo_place& each : places)
            line.add(each.position.longitude).add(each.position.latitude).add(each.member);
        return issue<std::int64_t>(self(), std::move(line), std::move(token)...);
    }

    /// GEOPOS: for each of the members where it is, or nothing.
    template <class Reply = std::vector<std::optional<geo_position>>>
    auto geopos(std::string_view key, const auto&... members) {
        return issue_all<Reply>(self(), command_line{"GEOPOS", key}, members...);
    }

    /// GEODIST: how far the one is from the other, or nothing if one of them is not there.
    template <class Reply = std::optional<double>>
    auto geodist(std::string_view key, const word_like auto& from, const word_like auto& to,
                 auto... token) {
        return issue<Reply>(self(), short_command{"GEODIST", key, from, to}, std::move(token)...);
    }

    template <class Reply = std::optional<double>>
    auto geodist(std::string_view key, const word_like auto& from, const word_like auto& to,
                 geo_unit unit, auto... token) {
        return issue<Reply>(self(), short_command{"GEODIST", key, from, to, name_of(unit)},
                            std::move(token)...);
    }

    /// GEOHASH: for each of the members its geohash of eleven letters, or nothing.
    template <class Reply = std::vector<std::optional<std::string>>>
    auto geohash(std::string_view key, const auto&... members) {
        return issue_all<Reply>(self(), command_line{"GEOHASH", key}, members...);
    }

    /// GEOSEARCH: the members in a geo_radius or geo_box around a geo_position or a member. An
    /// error if there is no such member.
    ///
    ///     auto near = co_await c.geosearch("cafés", here, geo_radius{500}, {.count = 3});
    template <class Reply = std::vector<std::string>>
    auto geosearch(std::string_view key, const geo_center auto& center, const geo_area auto& area,
                   auto... token) {
        return geosearch<Reply>(key, center, area, geosearch_options{}, std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto geosearch(std::string_view key, const geo_center auto& center, const geo_area auto& area,
                   const geosearch_options& options, auto... token) {
        command_line line{"GEOSEARCH", key};
        add_search(line, center, area, options);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// The same with how far they are, where, or both.
    template <class Reply = std::vector<geo_match>>
    auto geosearch_with(const geo_details& details, std::string_view key,
                        const geo_center auto& center, const geo_area auto& area, auto... token) {
        return geosearch_with<Reply>(details, key, center, area, geosearch_options{},
                                     std::move(token)...);
    }

    template <class Reply = std::vector<geo_match>>
    auto geosearch_with(const geo_details& details, std::string_view key,
                        const geo_center auto& center, const geo_area auto& area,
                        const geosearch_options& options, auto... token) {
        command_line line{"GEOSEARCH", key};
        add_search(line, center, area, options);
        if (details.position) line.add("WITHCOORD");
        if (details.distance) line.add("WITHDIST");
        if (details.hash) line.add("WITHHASH");
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// GEOSEARCHSTORE: the same members of `from` stored at a key; how many there are.
    auto geosearchstore(std::string_view to, std::string_view from, const geo_center auto& center,
                        const geo_area auto& area, auto... token) {
        return geosearchstore(to, from, center, area, geosearch_options{}, std::move(token)...);
    }

    auto geosearchstore(std::string_view to, std::string_view from, const geo_center auto& center,
                        const geo_area auto& area, const geosearch_options& options,
                        auto... token) {
        command_line line{"GEOSEARCHSTORE", to, from};
        add_search(line, center, area, options);
        return issue<std::int64_t>(self(), std::move(line), std::move(token)...);
    }

    /// With their distances as scores (STOREDIST).
    auto geosearchstore_distances(std::string_view to, std::string_view from,
                                  const geo_center auto& center, const geo_area auto& area,
                                  auto... token) {
        return geosearchstore_distances(to, from, center, area, geosearch_options{},
                                        std::move(token)...);
    }

    auto geosearchstore_distances(std::string_view to, std::string_view from,
                                  const geo_center auto& center, const geo_area auto& area,
                                  const geosearch_options& options, auto... token) {
        command_line line{"GEOSEARCHSTORE", to, from};
        add_search(line, center, area, options);
        line.add("STOREDIST");
        return issue<std::int64_t>(self(), std::move(line), std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }

    static command_line add_line(std::string_view key, const geoadd_options& options) {
        command_line line{"GEOADD", key};
        if (options.only == geoadd_options::members::new_ones) line.add("NX");
        if (options.only == geoadd_options::members::old_ones) line.add("XX");
        if (options.count_changed) line.add("CH");
        return line;
    }

    template <geo_center Centre, geo_area Area>
    static void add_search(command_line& to, const Centre& center, const Area& area,
                           const geosearch_options& options) {
        if constexpr (std::same_as<Centre, geo_position>)
            to.add("FROMLONLAT").add(center.longitude).add(center.latitude);
        else
            to.add("FROMMEMBER").add(center);
        if constexpr (std::same_as<Area, geo_radius>)
            to.add("BYRADIUS").add(area.radius);
        else
            to.add("BYBOX").add(area.width).add(area.height);
        to.add(name_of(area.unit));
        if (options.order == geo_order::nearest_first) to.add("ASC");
        if (options.order == geo_order::farthest_first) to.add("DESC");
        if (options.count > 0) to.add("COUNT").add(options.count);
        if (options.first_found) to.add("ANY");
    }
};

} // namespace mini_redis
