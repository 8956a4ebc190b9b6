// HyperLogLogs beside a real redis-server: after the same elements, in the same order, both have
// the same bytes and the same estimates.
#include <string>
#include <vector>

#include "pair_of_servers.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

TEST_CASE("random sets of elements make the same HyperLogLogs as Redis's") {
    if (!pair_of_servers::are_available()) return;
    pair_of_servers both;
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    const std::vector<std::string> limits{"0", "18", "100", "1000", "3000", "16000", "16000"};
    int dense = 0;
    for (int round = 0; round < 100; ++round) {
        CAPTURE(round);
        both.ask({"CONFIG", "SET", "hll-sparse-max-bytes", limits[random.below(limits.size())]});
        const std::string key = "set:" + std::to_string(round);
        // From none to some thousands, so that some are sparse, some dense, and some change.
        const std::size_t size = random.below(std::size_t{1} << (1 + round % 13));
        const std::uint64_t names = 1 + random.below(2 * size + 2); // some come again
        for (std::size_t added = 0; added < size;) {
            std::vector<std::string> request{"PFADD", key};
            for (std::size_t batch = random.below(200); batch > 0 && added < size; --batch, ++added)
                request.push_back("element " + std::to_string(random.below(names)));
            both.ask(request);
            if (random.one_in(8)) both.ask({"PFCOUNT", key});
        }
        both.ask({"GET", key});
        both.ask({"PFCOUNT", key});
        both.ask({"GET", key});
        dense += both.ask({"STRLEN", key}) == ":12304";

        const auto any = [&] {
            return "set:" + std::to_string(random.below(static_cast<std::size_t>(round) + 1));
        };
        both.ask({"PFCOUNT", any(), any(), any()});
        both.ask({"PFMERGE", "merged", any(), any()});
        both.ask({"GET", "merged"});
        both.ask({"PFCOUNT", "merged"});
        if (random.one_in(4)) both.ask({"DEL", "merged"});
    }
    CHECK(dense > 10);
    CHECK(dense < 90);
}

TEST_CASE("a sparse HyperLogLog that is full of runs is joined as Redis joins it") {
    if (!pair_of_servers::are_available()) return;
    pair_of_servers both;
    both.ask({"CONFIG", "SET", "hll-sparse-max-bytes", "100000"});
    for (int batch = 0; batch < 120; ++batch) {
        std::vector<std::string> request{"PFADD", "full"};
        for (int i = 0; i < 500; ++i)
            request.push_back(std::to_string(batch * 500 + i));
        both.ask(request);
        if (batch % 4 == 0) both.ask({"GET", "full"});
    }
    CHECK(both.ask({"PFDEBUG", "ENCODING", "full"}) == "+sparse");
}

TEST_CASE("a large set's estimates are Redis's as it grows") {
    if (!pair_of_servers::are_available()) return;
    pair_of_servers both;
    for (int batch = 0; batch < 200; ++batch) {
        std::vector<std::string> request{"PFADD", "large"};
        for (int i = 0; i < 1000; ++i)
            request.push_back(std::to_string(batch * 1000 + i));
        both.ask(request);
        both.ask({"PFCOUNT", "large"});
    }
    both.ask({"GET", "large"});
}

TEST_CASE("damaged HyperLogLogs are answered as Redis answers them") {
    if (!pair_of_servers::are_available()) return;
    pair_of_servers both;
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        both.ask({"DEL", "k", "to"});
        std::vector<std::string> request{"PFADD", "k"};
        for (std::size_t i = random.below(60); i > 0; --i)
            request.push_back(std::to_string(random.below(1000)));
        both.ask(request);
        // Zeros and long runs, too: what is beside them matters. Not the very last byte: a run that
        // is cut off is read by Redis from what lies behind it.
        for (std::size_t i = 1 + random.below(4); i > 0; --i) {
            const std::size_t at = 16 + random.below(12);
            both.ask({"SETRANGE", "k", std::to_string(at),
                      std::string(1, static_cast<char>(random.below(256)))});
        }
        both.ask({"APPEND", "k", std::string(1, '\x80')});
        both.ask({"PFCOUNT", "k", "k"});
        both.ask({"PFMERGE", "to", "k"});
        both.ask({"PFCOUNT", "k"});
        both.ask({"PFADD", "k", std::to_string(round)});
        both.ask({"GET", "k"});
        both.ask({"PFDEBUG", "DECODE", "k"});
        both.ask({"PFDEBUG", "TODENSE", "k"});
        both.ask({"GET", "k"});
    }
}
