// Places beside a real redis-server: the same scores, digits and distances, and the same results in
// the same order, also where nobody has asked for one.
#include <cstdio>
#include <string>
#include <vector>

#include "pair_of_servers.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

namespace {

class place_source {
public:
    explicit place_source(random_source& random) : random_{random} {}

    // Within [-most, most], mostly anywhere; at times the very end, or something round.
    std::string degrees(double most) {
        if (random_.one_in(25)) return number(random_.one_in(2) ? most : -most);
        if (random_.one_in(25)) return std::to_string(static_cast<int>(random_.below(161)) - 80);
        return number((static_cast<double>(random_.below(1'000'001)) / 500'000 - 1) * most);
    }

    void add_place(std::vector<std::string>& request) {
        if (random_.one_in(3)) { // near each other
            request.push_back(number(13 + static_cast<double>(random_.below(1000)) / 100));
            request.push_back(number(38 + static_cast<double>(random_.below(1000)) / 250));
            return;
        }
        request.push_back(degrees(180));
        request.push_back(degrees(85.05112878));
    }

    // From metres to more than the globe.
    std::string length() {
        if (random_.one_in(30)) return "0";
        double most = 1;
        for (std::size_t i = random_.below(26); i > 0; --i)
            most *= 2;
        return number(most * static_cast<double>(1 + random_.below(1000)) / 1000);
    }

    std::string unit() {
        static const std::vector<std::string> units{"m", "km", "ft", "mi", "m", "m"};
        return units[random_.below(units.size())];
    }

    void add_options(std::vector<std::string>& request, bool details) {
        const auto maybe = [&](const char* word) {
            if (random_.one_in(3)) request.emplace_back(word);
        };
        if (random_.one_in(2)) request.emplace_back(random_.one_in(2) ? "ASC" : "DESC");
        if (random_.one_in(2)) {
            request.emplace_back("COUNT");
            request.push_back(std::to_string(1 + random_.below(random_.one_in(2) ? 10 : 300)));
            maybe("ANY");
        }
        if (!details) return;
        maybe("WITHDIST");
        maybe("WITHHASH");
        maybe("WITHCOORD");
    }

private:
    static std::string number(double value) {
        char digits[64];
        std::snprintf(digits, sizeof digits, "%.8f", value);
        return digits;
    }

    random_source& random_;
};

} // namespace

TEST_CASE("searches among random places find what Redis finds, in its order") {
    if (!pair_of_servers::are_available()) return;
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    place_source places{random};
    pair_of_servers both;
    for (int round = 0; round < 40; ++round) {
        // Small sets are kept otherwise than large ones.
        const std::size_t members = 1 + random.below(round % 4 == 0   ? 30
                                                     : round % 4 == 1 ? 200
                                                                      : 2000);
        both.ask({"DEL", "places", "to"});
        const auto member = [&] { return "m" + std::to_string(random.below(members + 2)); };
        for (std::size_t i = 0; i < members; i += 50) {
            std::vector<std::string> request{"GEOADD", "places"};
            for (int k = 0; k < 50; ++k) {
                places.add_place(request);
                request.push_back(member());
                if (!random.one_in(8)) continue;
                // Another one at the same place: which comes first is seen in the results.
                request.insert(request.end(), {request.end()[-3], request.end()[-2]});
                request.push_back(member());
            }
            both.ask(request);
        }
        both.ask({"ZRANGE", "places", "0", "-1", "WITHSCORES"});
        for (int search = 0; search < 60; ++search) {
            const bool stores = random.one_in(4);
            std::vector<std::string> request{stores ? "GEOSEARCHSTORE" : "GEOSEARCH"};
            if (stores) request.emplace_back("to");
            request.emplace_back("places");
            if (random.one_in(2)) {
                request.insert(request.end(), {"FROMMEMBER", member()});
            } else {
                request.emplace_back("FROMLONLAT");
                places.add_place(request);
            }
            if (random.one_in(2))
                request.insert(request.end(), {"BYRADIUS", places.length(), places.unit()});
            else
                request.insert(request.end(),
                               {"BYBOX", places.length(), places.length(), places.unit()});
            places.add_options(request, !stores);
            if (stores && random.one_in(2)) request.emplace_back("STOREDIST");
            both.ask(request);
            if (stores) both.ask({"ZRANGE", "to", "0", "-1", "WITHSCORES"});
        }
        for (int query = 0; query < 20; ++query) {
            std::vector<std::string> request{"GEORADIUS", "places"};
            if (random.one_in(2)) {
                places.add_place(request);
            } else {
                request[0] = "GEORADIUSBYMEMBER";
                request.push_back(member());
            }
            request.insert(request.end(), {places.length(), places.unit()});
            places.add_options(request, true);
            both.ask(request);
            both.ask({"GEODIST", "places", member(), member(), places.unit()});
            both.ask({"GEOPOS", "places", member(), member()});
            both.ask({"GEOHASH", "places", member(), member()});
        }
    }
}
