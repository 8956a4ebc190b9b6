// Cells of the globe, and the areas that they cover.
#include "store/geohash.hpp"

#include <cmath>
#include <string>

#include "store/geo_area.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

constexpr geo_point palermo{13.361389, 38.115556};
constexpr geo_point catania{15.087269, 37.502669};

geo_point random_place(random_source& random) {
    const auto degrees = [&](double most) {
        return (static_cast<double>(random.below(2'000'001)) / 1'000'000 - 1) * most;
    };
    return {degrees(most_longitude), degrees(most_latitude)};
}

} // namespace

TEST_CASE("places have Redis's scores, texts and distances") {
    CHECK(score_of(palermo) == 3479099956230698);
    const auto text = geohash_text(score_of(palermo));
    CHECK(std::string(text.data(), text.size()) == "sqc8b49rny0");
    CHECK(std::abs(distance_between(palermo, catania) - 166274.26) < 0.01);
    CHECK(!is_on_map({181, 0}));
    CHECK(!is_on_map({0, -85.06}));
    CHECK(is_on_map({-180, 85.05112878}));
}

TEST_CASE("a place lies in its cell, and a cell's neighbours beside it") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 2'000; ++round) {
        const geo_point place = random_place(random);
        const unsigned steps = 1 + static_cast<unsigned>(random.below(most_steps));
        const geo_cell cell = cell_of(place, steps);
        if (std::abs(place.longitude) == most_longitude ||
            std::abs(place.latitude) == most_latitude)
            continue; // the very end comes into a cell behind the last one
        const geo_bounds bounds = bounds_of(cell);
        REQUIRE(bounds.least.longitude <= place.longitude);
        REQUIRE(bounds.most.longitude >= place.longitude);
        REQUIRE(bounds.least.latitude <= place.latitude);
        REQUIRE(bounds.most.latitude >= place.latitude);
        const cell_scores scores = scores_in(cell);
        REQUIRE(scores.least <= score_of(place));
        REQUIRE(scores.end > score_of(place));
        REQUIRE(neighbor_of(neighbor_of(cell, 1, -1), -1, 1) == cell);
        REQUIRE(distance_between(place, place_at(score_of(place))) < 0.6);
    }
}

TEST_CASE("what lies within an area lies in one of the cells that cover it") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    int inside = 0;
    for (int round = 0; round < 20'000; ++round) {
        geo_area area{.center = random_place(random)};
        // Near the poles and the date line Redis's cells do not cover everything, either.
        if (std::abs(area.center.latitude) > 60 || std::abs(area.center.longitude) > 140) continue;
        area.radius = static_cast<double>(1 + random.below(500'000));
        const geo_point near{
            area.center.longitude + (static_cast<double>(random.below(1000)) - 500) / 100,
            area.center.latitude + (static_cast<double>(random.below(1000)) - 500) / 100};
        if (!area.distance_to(near)) continue;
        ++inside;
        int covered = 0;
        for (const geo_cell& cell : covering_cells{area}) {
            const cell_scores scores = scores_in(cell);
            covered += score_of(near) >= scores.least && score_of(near) < scores.end;
        }
        REQUIRE(covered == 1);
    }
    CHECK(inside > 500);
}
