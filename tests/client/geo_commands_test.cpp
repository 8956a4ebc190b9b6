// The typed commands of places, and of HyperLogLogs.
#include <cmath>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>
#include <vector>

#include "client/typed_calls.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using texts = std::vector<std::string>;

// The server rounds to a square of less than a metre; distances to a tenth of a millimetre.
bool is_near(double a, double b) {
    return std::abs(a - b) < 1e-4;
}

bool is_near(const std::optional<geo_position>& a, geo_position b) {
    return a && is_near(a->longitude, b.longitude) && is_near(a->latitude, b.latitude);
}

constexpr geo_position palermo{13.361389, 38.115556};
constexpr geo_position catania{15.087269, 37.502669};
constexpr geo_position between{15, 37};
constexpr double apart = 166274.1516;

void add_cities(blocking_client& c) {
    c.geoadd("g", std::vector<geo_place>{{"Palermo", palermo}, {"Catania", catania}});
}

} // namespace

TEST_CASE("GEOADD, GEOPOS, GEODIST, GEOHASH") {
    with_each_server_that_knows("GEOADD", [](blocking_client& c) {
        CHECK(c.geoadd("g", 13.361389, 38.115556, "Palermo", "15.087269", "37.502669", "Catania") ==
              2);
        const std::vector<geo_place> moved{{"Palermo", between}, {"Ustica", {13.18, 38.7}}};
        CHECK(c.geoadd("g", {.only = geoadd_options::members::new_ones}, moved) == 1);
        CHECK(c.geoadd("g", moved) == 0);
        CHECK(is_near(c.geopos("g", "Palermo").at(0), between));
        const geoadd_options changed{.only = geoadd_options::members::old_ones,
                                     .count_changed = true};
        CHECK(c.geoadd("g", changed, palermo.longitude, palermo.latitude, "Palermo", 1, 2, "x") ==
              1);
        CHECK(c.geoadd("g", changed, moved) == 1);
        add_cities(c);
        CHECK(is_refused(c.geoadd("g", 200, 0, "nowhere", as_result), "ERR invalid longitude"));
        CHECK(is_refused(c.geoadd("g", std::vector<geo_place>{}, as_result), "ERR wrong number"));

        const auto positions = c.geopos("g", "Palermo", texts{"absent", "Catania"});
        REQUIRE(positions.size() == 3);
        CHECK(is_near(positions[0], palermo));
        CHECK(positions[1] == std::nullopt);
        CHECK(is_near(positions[2], catania));
        CHECK(c.geopos("absent", "a").at(0) == std::nullopt);
        using pair = std::optional<std::pair<double, double>>;
        CHECK(c.geopos<std::vector<pair>>("g", "x", "Palermo").at(1)->first > 13);

        CHECK(is_near(c.geodist("g", "Palermo", "Catania").value(), apart));
        CHECK(is_near(c.geodist("g", "Palermo", "Catania", geo_unit::meters).value(), apart));
        CHECK(is_near(c.geodist("g", "Palermo", "Catania", geo_unit::kilometers).value(),
                      apart / 1000));
        CHECK(is_near(c.geodist("g", "Palermo", "Catania", geo_unit::miles).value(),
                      apart / 1609.34));
        CHECK(
            is_near(c.geodist<double>("g", "Palermo", "Catania", geo_unit::feet), apart / 0.3048));
        CHECK(c.geodist("g", "Palermo", "absent") == std::nullopt);
        CHECK(c.geodist("absent", "a", "b") == std::nullopt);

        CHECK(c.geohash("g", "Palermo", "absent") ==
              std::vector<std::optional<std::string>>{"sqc8b49rny0", std::nullopt});

        c.set("text", 1);
        CHECK(is_refused(c.geoadd("text", 1, 1, "a", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.geopos("text", "a", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.geodist("text", "a", "b", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.geohash("text", "a", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("GEOSEARCH") {
    with_each_server_that_knows("GEOSEARCH", [](blocking_client& c) {
        add_cities(c);
        const geo_radius all{200, geo_unit::kilometers};
        const geosearch_options nearest{.order = geo_order::nearest_first};
        const geosearch_options farthest{.order = geo_order::farthest_first};
        CHECK(c.geosearch("g", between, all, nearest) == texts{"Catania", "Palermo"});
        CHECK(c.geosearch("g", between, all, farthest) == texts{"Palermo", "Catania"});
        CHECK(c.geosearch("g", between, geo_radius{100'000}) == texts{"Catania"});
        CHECK(c.geosearch("g", "Palermo", geo_radius{0.001}) == texts{"Palermo"});
        CHECK(c.geosearch("g", std::string{"Palermo"}, all, {.count = 1}) == texts{"Palermo"});
        CHECK(c.geosearch("g", between, all, {.count = 1, .first_found = true}).size() == 1);
        CHECK(c.geosearch("g", between, geo_box{200, 200, geo_unit::kilometers}) ==
              texts{"Catania"});
        CHECK(c.geosearch("g", between, geo_box{400, 400, geo_unit::miles}).size() == 2);
        CHECK(c.geosearch("g", geo_position{}, all).empty());
        CHECK(c.geosearch("absent", between, all).empty());

        const geo_details everything{.distance = true, .position = true, .hash = true};
        const auto found = c.geosearch_with(everything, "g", "Palermo", all, nearest);
        REQUIRE(found.size() == 2);
        CHECK(found[0].member == "Palermo");
        CHECK(found[0].distance == 0);
        CHECK(found[0].hash == 3479099956230698);
        CHECK(is_near(found[0].position, palermo));
        CHECK(found[1].member == "Catania");
        CHECK(is_near(found[1].distance.value(), apart / 1000));
        CHECK(is_near(found[1].position, catania));

        using matches = std::vector<geo_match>;
        CHECK(c.geosearch_with({}, "g", "Palermo", geo_radius{1}) == matches{{"Palermo"}});
        CHECK(c.geosearch_with({.distance = true}, "g", "Palermo", geo_radius{1}) ==
              matches{{"Palermo", 0}});
        CHECK(c.geosearch_with({.hash = true}, "g", "Palermo", geo_radius{1}).at(0).hash ==
              3479099956230698);
        const auto where = c.geosearch_with({.position = true}, "g", catania, geo_box{9, 9});
        REQUIRE(where.size() == 1);
        CHECK(is_near(where[0].position, catania));
        CHECK(where[0].distance == std::nullopt);
        CHECK(where[0].hash == std::nullopt);
        CHECK(c.geosearch_with(everything, "absent", between, all).empty());
        using distances = std::vector<std::pair<std::string, double>>;
        CHECK(c.geosearch_with<distances>({.distance = true}, "g", "Palermo", geo_radius{1}) ==
              distances{{"Palermo", 0}});

        CHECK(c.geosearchstore("to", "g", between, all) == 2);
        CHECK(c.zscore("to", "Palermo") == 3479099956230698);
        CHECK(c.geosearchstore("to", "g", between, all, {.count = 1}) == 1);
        CHECK(c.geosearchstore_distances("to", "g", "Palermo", all) == 2);
        CHECK(is_near(c.zscore("to", "Catania").value(), apart / 1000));
        CHECK(c.geosearchstore_distances("to", "g", "Palermo", all, farthest) == 2);
        CHECK(c.geosearchstore("to", "absent", between, all) == 0);
        CHECK(c.exists("to") == 0);

        c.set("text", 1);
        CHECK(is_refused(c.geosearch("g", "absent", all, as_result), "ERR could not decode"));
        CHECK(is_refused(c.geosearch("g", between, all, {.first_found = true}, as_result),
                         "ERR the ANY argument"));
        CHECK(is_refused(c.geosearch("text", between, all, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.geosearch_with({}, "text", between, all, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.geosearchstore("to", "text", between, all, as_result), "WRONGTYPE"));
    });
}

TEST_CASE("HyperLogLogs") {
    with_each_server_that_knows("PFADD", [](blocking_client& c) {
        CHECK(c.pfadd("p", "a", "b", 3) == true);
        CHECK(c.pfadd("p", texts{"a", "b"}) == false);
        CHECK(c.pfadd("empty") == true);
        CHECK(c.pfadd("empty") == false);
        CHECK(c.pfcount("p") == 3);
        CHECK(c.pfcount("empty") == 0);
        CHECK(c.pfcount("absent") == 0);
        CHECK(c.pfadd("q", "c", "a"));
        CHECK(c.pfcount("p", "q", texts{"absent"}) == 4);
        c.pfmerge("to", "p", "q");
        CHECK(c.pfcount("to") == 4);
        c.pfmerge("q", texts{"p"});
        CHECK(c.pfcount("q") == 4);

        c.set("text", 1);
        c.sadd("set", 1);
        CHECK(is_refused(c.pfadd("set", 1, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.pfcount("text", as_result), "WRONGTYPE Key is not a valid HyperLogLog"));
        CHECK(is_refused(c.pfmerge("to", "text", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("places in pipelines and coroutines") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = start(server_kind::redis);
    auto c = blocking_client::connect(address_of(server));
    add_cities(c);
    auto [found, distance] = c.pipeline()
                                 .geosearch("g", between, geo_radius{100'000})
                                 .geodist("g", "Palermo", "absent")
                                 .execute();
    CHECK(found == texts{"Catania"});
    CHECK(distance == std::nullopt);
    run([&]() -> asio::awaitable<void> {
        client d = co_await client::connect(address_of(server));
        const auto nearest =
            co_await d.geosearch("g", geo_position{15, 37}, geo_radius{200, geo_unit::kilometers},
                                 {.order = geo_order::nearest_first, .count = 1});
        CHECK(nearest == texts{"Catania"});
        const auto with = co_await d.geosearch_with({.distance = true}, "g", "Palermo",
                                                    geo_box{10, 10, geo_unit::miles});
        CHECK(with.at(0).distance == 0);
    });
}
