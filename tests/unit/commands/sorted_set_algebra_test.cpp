// ZUNION of many sorted sets against a map.
#include <cstdint>
#include <map>
#include <string>

#include "support/catch.hpp"
#include "support/command_fixture.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

TEST_CASE("a union has every member once, with all its scores") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 30; ++round) {
        command_fixture redis;
        std::map<std::string, std::int64_t> sums;
        const std::size_t inputs = 1 + random.below(6);
        const std::size_t names = random.one_in(2) ? 50 : 3'000; // they share most, or few
        std::string keys;
        for (std::size_t i = 0; i < inputs; ++i) {
            std::map<std::string, std::int64_t> scores;
            for (std::size_t left = random.below(400) + 1; left > 0; --left)
                scores["member:" + std::to_string(random.below(names))] =
                    static_cast<std::int64_t>(random.below(1'000));
            const std::string key = "z" + std::to_string(i);
            std::string words;
            for (const auto& [member, score] : scores) {
                words += " " + std::to_string(score) + " " + member;
                sums[member] += score;
            }
            redis.run("ZADD " + key + words);
            keys += " " + key;
        }
        const std::string request = std::to_string(inputs) + keys;
        CHECK(redis.run("ZUNIONSTORE to " + request) == ":" + std::to_string(sums.size()) + "\r\n");
        CHECK(redis.run("ZCARD to") == ":" + std::to_string(sums.size()) + "\r\n");
        std::size_t wrong = 0;
        for (const auto& [member, sum] : sums) {
            const std::string text = std::to_string(sum);
            wrong += redis.run("ZSCORE to " + member) !=
                     "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
        }
        CHECK(wrong == 0);
        CHECK(redis.run("ZUNION " + request + " WITHSCORES") ==
              redis.run("ZRANGE to 0 -1 WITHSCORES"));
    }
}
