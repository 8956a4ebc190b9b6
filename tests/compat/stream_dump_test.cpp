// Streams as bytes, to and fro: what mini-redis dumps, redis-server restores, and the other way
// round, with groups, consumers and what is pending; and both then know the same of it.
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"

using namespace mini_redis::test;

namespace {

using words = std::vector<std::string>;

std::string pick(random_source& random, const words& list) {
    return list[random.below(list.size())];
}

// Something that happens to the stream at "s"; `ms` is the time of its last entry.
words random_change(random_source& random, std::size_t& ms) {
    const std::size_t what = random.below(100);
    const std::string near = std::to_string(random.below(ms + 1));
    if (what < 60) {
        ms += random.below(3);
        words request{"XADD", "s", std::to_string(ms) + "-*"};
        for (std::size_t pairs = random.one_in(3) ? 2 : 1; pairs > 0; --pairs) {
            request.push_back(pick(random, {"field", "field", "other", "12"}));
            request.push_back(pick(random, {"", "v", "123456", "-5", std::string(90, 'x')}));
        }
        return request;
    }
    if (what < 68) return {"XDEL", "s", near + '-' + std::to_string(random.below(2))};
    if (what < 73)
        return {"XGROUP", "CREATE",  "s", pick(random, {"g", "12", std::string(40, 'n')}),
                "0",      "MKSTREAM"};
    if (what < 76) return {"XTRIM", "s", "MAXLEN", "~", "5"};
    if (what < 78) return {"XTRIM", "s", "MINID", near};
    if (what < 90)
        return {"XREADGROUP", "GROUP", "g", pick(random, {"c", "77", "d"}), "COUNT", "3",
                "STREAMS",    "s",     ">"};
    if (what < 92) return {"XGROUP", "SETID", "s", "g", near};
    return {"XACK", "s", "g", near + "-0"};
}

} // namespace

TEST_CASE("dumps of streams are understood by both") {
    if (!redis_process::find_reference_redis() || !redis_process::find_mini_redis_server()) {
        WARN("skipped: no redis-server 7.0, or no mini-redis-server");
        return;
    }
    const redis_process redis_server = redis_process::start_redis();
    const redis_process mini_redis_server = redis_process::start_mini_redis();
    raw_connection redis{redis_server.port()};
    raw_connection mini_redis{mini_redis_server.port()};
    const std::uint64_t seed = random_seed();
    INFO("seed " << seed);
    random_source random{seed};
    const auto told = [](raw_connection& from, const words& request) {
        return spell_line(from.command(request));
    };
    for (int round = 0; round < 100; ++round) {
        const std::string node_size = pick(random, {"1", "2", "3", "100"});
        for (raw_connection* const each : {&redis, &mini_redis}) {
            each->command({"FLUSHALL"});
            each->command({"CONFIG", "SET", "stream-node-max-entries", node_size});
        }
        std::size_t ms = 1;
        for (std::size_t left = random.below(60); left > 0; --left) {
            const words request = random_change(random, ms);
            CHECK(told(mini_redis, request) == told(redis, request));
        }
        for (raw_connection* const from : {&redis, &mini_redis}) {
            const auto dump = from->command({"DUMP", "s"});
            if (dump.null) continue;
            const words restore{"RESTORE", "t", "0", dump.text, "REPLACE"};
            REQUIRE(told(redis, restore) == "+OK");
            REQUIRE(told(mini_redis, restore) == "+OK");
            for (const words& question :
                 {words{"XINFO", "STREAM", "t", "FULL", "COUNT", "0"},
                  words{"XREVRANGE", "t", "+", "-"}, words{"XPENDING", "t", "g"},
                  words{"XINFO", "GROUPS", "t"}})
                CHECK(told(mini_redis, question) == told(redis, question));
        }
    }
}
