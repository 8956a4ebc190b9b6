// Places on the globe as numbers: a cell of the globe has a number whose longer forms are the cells
// within it, so that places near each other mostly have numbers near each other.
//
// Steps halve the longitudes and the latitudes, one after the other; each adds two bits, the higher
// one of which is the longitude's. A place of a sorted set is a cell of 26 steps, whose 52 bits a
// score holds exactly. Latitudes end where Web Mercator does.
//
// What is computed here has to come out as it does in Redis, to the last bit: scores and distances
// are compared and stored. So the order of floating-point operations is Redis's, too.
#pragma once

#include <array>
#include <cstdint>
#include <numbers>

namespace mini_redis {

/// In degrees.
struct geo_point {
    double longitude = 0;
    double latitude = 0;
};

inline constexpr double earth_radius = 6372797.560856; // metres
inline constexpr double radians_per_degree = std::numbers::pi / 180.0;
inline constexpr double most_longitude = 180;
inline constexpr double most_latitude = 85.05112878;

/// False for what no cell can be given to.
inline bool is_on_map(geo_point place) noexcept {
    return !(place.longitude < -most_longitude || place.longitude > most_longitude ||
             place.latitude < -most_latitude || place.latitude > most_latitude);
}

/// In metres, along the surface of a sphere.
double distance_between(geo_point a, geo_point b) noexcept;

/// From one corner to the other, in degrees.
struct geo_bounds {
    geo_point least;
    geo_point most;
};

struct geo_cell {
    std::uint64_t bits = 0;
    unsigned steps = 0; ///< 0: there is no such cell

    friend bool operator==(const geo_cell&, const geo_cell&) = default;
};

inline constexpr unsigned most_steps = 26;

/// The cell of a place, which is on the map.
geo_cell cell_of(geo_point place, unsigned steps) noexcept;

geo_bounds bounds_of(const geo_cell& cell) noexcept;

/// So many cells to the east and to the north, or, if negative, to the west and to the south. The
/// map is round in both ways.
geo_cell neighbor_of(const geo_cell& cell, int east, int north) noexcept;

/// The numbers of the smallest cells within a cell, as scores: from `least` on, without `end`.
struct cell_scores {
    double least = 0;
    double end = 0;
};

cell_scores scores_in(const geo_cell& cell) noexcept;

/// What a sorted set has for a place, and the middle of the cell that a score means. A score that
/// no place has means some place, too.
double score_of(geo_point place) noexcept;
geo_point place_at(double score) noexcept;

/// The eleven characters that other geohash programs know a score's place by. They take all
/// latitudes up to the poles.
std::array<char, 11> geohash_text(double score) noexcept;

} // namespace mini_redis
