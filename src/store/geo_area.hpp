// An area around a place: what lies within it, and the cells in which all of that is found.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "store/geohash.hpp"

namespace mini_redis {

/// A circle or, if there is no radius, a box. Lengths are in a unit of `meters` each.
struct geo_area {
    geo_point center;
    std::optional<double> radius{};
    double width = 0;
    double height = 0;
    double meters = 1;

    /// How far from the centre a place is, in metres; nothing if it lies outside.
    std::optional<double> distance_to(geo_point place) const noexcept;
};

/// At most nine cells that cover an area, in the order in which Redis visits them: so that results
/// that are not sorted come in Redis's order.
class covering_cells {
public:
    explicit covering_cells(const geo_area& area) noexcept;

    const geo_cell* begin() const noexcept { return cells_.data(); }

    const geo_cell* end() const noexcept { return cells_.data() + size_; }

private:
    std::array<geo_cell, 9> cells_{};
    std::size_t size_ = 0;
};

} // namespace mini_redis
