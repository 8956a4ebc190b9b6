// SORT against a list that is sorted as a whole, and cut out of.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/command_fixture.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

namespace {

std::string as_reply(const std::vector<std::string>& elements) {
    std::string bytes = "*" + std::to_string(elements.size()) + "\r\n";
    for (const std::string& each : elements)
        bytes += "$" + std::to_string(each.size()) + "\r\n" + each + "\r\n";
    return bytes;
}

std::vector<std::string> cut(const std::vector<std::string>& elements, std::size_t offset,
                             std::size_t count) {
    offset = std::min(offset, elements.size());
    count = std::min(count, elements.size() - offset);
    const auto first = elements.begin() + static_cast<std::ptrdiff_t>(offset);
    return {first, first + static_cast<std::ptrdiff_t>(count)};
}

} // namespace

TEST_CASE("SORT gives the same with LIMIT as without") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 60; ++round) {
        command_fixture redis;
        const std::size_t size = random.one_in(4) ? random.below(5) + 1 : random.below(400) + 1;
        std::vector<std::string> elements;
        std::string words;
        for (std::size_t i = 0; i < size; ++i) { // some are there several times
            elements.push_back(std::to_string(random.below(size * 2)));
            if (random.one_in(5)) elements.back() += ".25";
            if (random.one_in(9)) elements.back() = "000000000" + elements.back();
            if (random.one_in(3)) elements.back() = "-" + elements.back();
            words += " " + elements.back();
        }
        redis.run("RPUSH list" + words);

        std::vector<std::string> numeric = elements;
        std::sort(numeric.begin(), numeric.end(), [](const std::string& a, const std::string& b) {
            const double left = std::stod(a);
            const double right = std::stod(b);
            return left != right ? left < right : a < b;
        });
        std::vector<std::string> alphabetic = elements;
        std::sort(alphabetic.begin(), alphabetic.end());
        const auto backwards = [](std::vector<std::string> all) {
            std::reverse(all.begin(), all.end());
            return all;
        };
        const std::size_t offset = random.below(size + 2);
        const std::size_t count = random.below(size + 2);
        const std::string limit = " LIMIT " + std::to_string(offset) + " " + std::to_string(count);
        const auto check = [&](const std::string& options, const std::vector<std::string>& all) {
            INFO(options << limit << " of" << words);
            CHECK(redis.run("SORT list" + options) == as_reply(all));
            CHECK(redis.run("SORT list" + options + limit) == as_reply(cut(all, offset, count)));
        };
        check("", numeric);
        check(" DESC", backwards(numeric));
        check(" ALPHA", alphabetic);
        check(" ALPHA DESC", backwards(alphabetic));
        check(" BY none", elements);
        check(" BY none DESC", backwards(elements));
        check(" ALPHA BY none*", elements); // nothing decides: they stay as they are
    }
}
