#include "store/geo_area.hpp"

#include <cmath>

namespace mini_redis {
namespace {

// How many steps make cells that are about as large as the area: with its neighbours, the cell of
// the centre then mostly covers it.
unsigned steps_for(double radius, double latitude) noexcept {
    constexpr double half_equator = 20037726.37; // metres, of the projection
    if (radius == 0) return most_steps;
    int steps = 1;
    for (; radius < half_equator; radius *= 2)
        ++steps;
    steps -= 2;
    // Cells get narrower towards the poles.
    if (latitude > 66 || latitude < -66) --steps;
    if (latitude > 80 || latitude < -80) --steps;
    if (steps < 1) return 1;
    return steps > static_cast<int>(most_steps) ? most_steps : static_cast<unsigned>(steps);
}

// What the area reaches to. Its edges in the east and west are as far out as at the latitude
// furthest from the equator; those numbers may lie outside the map.
geo_bounds edges_of(const geo_area& area) noexcept {
    const double height = area.meters * (area.radius ? *area.radius : area.height / 2);
    const double width = area.meters * (area.radius ? *area.radius : area.width / 2);
    const double up = height / earth_radius / radians_per_degree;
    const double latitude = area.center.latitude;
    const double widest = latitude < 0 ? latitude - up : latitude + up;
    const double aside =
        width / earth_radius / std::cos(widest * radians_per_degree) / radians_per_degree;
    return {{area.center.longitude - aside, latitude - up},
            {area.center.longitude + aside, latitude + up}};
}

double reach_of(const geo_area& area) noexcept {
    const double reach = area.radius ? *area.radius
                                     : std::sqrt((area.width / 2) * (area.width / 2) +
                                                 (area.height / 2) * (area.height / 2));
    return reach * area.meters;
}

// Whether the cell and its neighbours end within the bounds: then larger cells are needed.
bool is_too_small(const geo_cell& cell, const geo_bounds& wanted) noexcept {
    const auto beside = [&](int east, int north) {
        return bounds_of(neighbor_of(cell, east, north));
    };
    return beside(0, 1).most.latitude < wanted.most.latitude ||
           beside(0, -1).least.latitude > wanted.least.latitude ||
           beside(1, 0).most.longitude < wanted.most.longitude ||
           beside(-1, 0).least.longitude > wanted.least.longitude;
}

struct direction {
    int east;
    int north;
};

constexpr direction visited[] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                                 {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};

} // namespace

std::optional<double> geo_area::distance_to(geo_point place) const noexcept {
    const double distance = distance_between(center, place);
    if (radius) return distance > *radius * meters ? std::nullopt : std::optional{distance};
    const double aside = distance_between(place, {center.longitude, place.latitude});
    const double above = distance_between(place, {place.longitude, center.latitude});
    if (aside > width * meters / 2 || above > height * meters / 2) return std::nullopt;
    return distance;
}

covering_cells::covering_cells(const geo_area& area) noexcept {
    const geo_bounds wanted = edges_of(area);
    unsigned steps = steps_for(reach_of(area), area.center.latitude);
    geo_cell middle = cell_of(area.center, steps);
    if (steps > 1 && is_too_small(middle, wanted)) middle = cell_of(area.center, --steps);
    const geo_bounds inner = bounds_of(middle);
    // A neighbour on a side where the cell in the middle reaches further than the area has nothing
    // of it.
    const auto is_needed = [&](direction to) {
        if (steps < 2) return true;
        return !(to.north < 0 && inner.least.latitude < wanted.least.latitude) &&
               !(to.north > 0 && inner.most.latitude > wanted.most.latitude) &&
               !(to.east < 0 && inner.least.longitude < wanted.least.longitude) &&
               !(to.east > 0 && inner.most.longitude > wanted.most.longitude);
    };
    for (const direction to : visited) {
        if (!is_needed(to)) continue;
        const geo_cell cell = neighbor_of(middle, to.east, to.north);
        // Where there are only four cells, neighbours on either side are the same.
        if (size_ > 1 && cells_[size_ - 1] == cell) continue;
        cells_[size_++] = cell;
    }
}

} // namespace mini_redis
