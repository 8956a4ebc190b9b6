#include "store/geohash.hpp"

#include <algorithm>
#include <cmath>

namespace mini_redis {
namespace {

constexpr geo_bounds map{{-most_longitude, -most_latitude}, {most_longitude, most_latitude}};

// Makes room for another bit behind each bit.
std::uint64_t spread(std::uint64_t bits) noexcept {
    bits = (bits | bits << 16) & 0x0000ffff0000ffff;
    bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
    bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
    bits = (bits | bits << 2) & 0x3333333333333333;
    return (bits | bits << 1) & 0x5555555555555555;
}

// Takes every other bit, from the lowest on.
std::uint32_t gather(std::uint64_t bits) noexcept {
    bits &= 0x5555555555555555;
    bits = (bits | bits >> 1) & 0x3333333333333333;
    bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
    bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
    bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
    return static_cast<std::uint32_t>(bits | bits >> 16);
}

struct column_and_row {
    std::uint32_t column = 0; // to the east
    std::uint32_t row = 0;    // to the north
};

std::uint64_t interleave(column_and_row at) noexcept {
    return spread(at.row) | spread(at.column) << 1;
}

column_and_row split(std::uint64_t bits) noexcept {
    return {gather(bits >> 1), gather(bits)};
}

double cells_across(unsigned steps) noexcept {
    return static_cast<double>(std::uint64_t{1} << steps);
}

// A place at the very end of the map comes into the cell behind the last one, as in Redis.
column_and_row cell_in(const geo_bounds& all, geo_point place, unsigned steps) noexcept {
    const auto number = [&](double least, double most, double value) {
        const double part = (value - least) / (most - least);
        return static_cast<std::uint32_t>(part * cells_across(steps));
    };
    return {number(all.least.longitude, all.most.longitude, place.longitude),
            number(all.least.latitude, all.most.latitude, place.latitude)};
}

// A score as bits. One that is no number of a cell becomes what x86-64 makes of it, which is where
// Redis mostly runs; in C++ it would be undefined.
std::uint64_t bits_of(double score) noexcept {
    constexpr double half = 9223372036854775808.0; // 2^63
    if (score >= 2 * half) return 0;
    if (score >= 0) return static_cast<std::uint64_t>(score);
    if (score >= -half) return static_cast<std::uint64_t>(static_cast<std::int64_t>(score));
    return std::uint64_t{1} << 63;
}

double in_radians(double degrees) noexcept {
    return degrees * radians_per_degree;
}

} // namespace

// The haversine formula.
double distance_between(geo_point a, geo_point b) noexcept {
    const double latitude_a = in_radians(a.latitude);
    const double longitude_a = in_radians(a.longitude);
    const double latitude_b = in_radians(b.latitude);
    const double longitude_b = in_radians(b.longitude);
    const double v = std::sin((longitude_b - longitude_a) / 2);
    // On one meridian it is the arc itself: Redis takes this short cut, which differs in the last
    // digit.
    if (v == 0) return earth_radius * std::abs(latitude_b - latitude_a);
    const double u = std::sin((latitude_b - latitude_a) / 2);
    return 2.0 * earth_radius *
           std::asin(std::sqrt(u * u + std::cos(latitude_a) * std::cos(latitude_b) * v * v));
}

geo_cell cell_of(geo_point place, unsigned steps) noexcept {
    return {interleave(cell_in(map, place, steps)), steps};
}

geo_bounds bounds_of(const geo_cell& cell) noexcept {
    const column_and_row at = split(cell.bits);
    const auto edge = [&](double least, double most, std::uint32_t number) {
        return least + (number * 1.0 / cells_across(cell.steps)) * (most - least);
    };
    const auto longitude = [&](std::uint32_t column) {
        return edge(map.least.longitude, map.most.longitude, column);
    };
    const auto latitude = [&](std::uint32_t row) {
        return edge(map.least.latitude, map.most.latitude, row);
    };
    return {{longitude(at.column), latitude(at.row)},
            {longitude(at.column + 1), latitude(at.row + 1)}};
}

geo_cell neighbor_of(const geo_cell& cell, int east, int north) noexcept {
    const std::uint32_t mask = (std::uint32_t{1} << cell.steps) - 1;
    column_and_row at = split(cell.bits);
    // Only where it moves: what lies behind the last cell stays there otherwise.
    if (east != 0) at.column = (at.column + static_cast<std::uint32_t>(east)) & mask;
    if (north != 0) at.row = (at.row + static_cast<std::uint32_t>(north)) & mask;
    return {interleave(at), cell.steps};
}

cell_scores scores_in(const geo_cell& cell) noexcept {
    const unsigned missing = 2 * (most_steps - cell.steps);
    return {static_cast<double>(cell.bits << missing),
            static_cast<double>((cell.bits + 1) << missing)};
}

double score_of(geo_point place) noexcept {
    return static_cast<double>(cell_of(place, most_steps).bits);
}

geo_point place_at(double score) noexcept {
    const geo_bounds cell = bounds_of({bits_of(score), most_steps});
    return {
        std::clamp((cell.least.longitude + cell.most.longitude) / 2, -most_longitude,
                   most_longitude),
        std::clamp((cell.least.latitude + cell.most.latitude) / 2, -most_latitude, most_latitude)};
}

std::array<char, 11> geohash_text(double score) noexcept {
    static constexpr char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    const geo_bounds globe{{-180, -90}, {180, 90}};
    const std::uint64_t bits = interleave(cell_in(globe, place_at(score), most_steps));
    std::array<char, 11> text{};
    for (unsigned i = 0; i < 10; ++i)
        text[i] = alphabet[bits >> (52 - (i + 1) * 5) & 31];
    text[10] = '0'; // of its five bits only two are there; Redis has always said this
    return text;
}

} // namespace mini_redis
