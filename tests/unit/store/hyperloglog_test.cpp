// HyperLogLogs beside plain registers: both forms hold what was added, whichever way they came to
// it.
#include "store/hyperloglog.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using mini_redis::hyperloglog::observation;
using mini_redis::hyperloglog::registers;
using mini_redis::hyperloglog::sparse_change;

namespace {

// As a command does it.
sparse_change::kind add(std::string& value, observation seen, std::size_t most) {
    if (!hyperloglog::is_sparse(value)) {
        hyperloglog::raise_dense(value, seen);
        return sparse_change::kind::none;
    }
    const sparse_change change = hyperloglog::raise_sparse(value, seen, most);
    if (change.what == sparse_change::kind::edit) {
        value.replace(change.offset, change.erased, change.inserted());
    } else if (change.what == sparse_change::kind::promote) {
        value = hyperloglog::to_dense(value).value();
        hyperloglog::raise_dense(value, seen);
    }
    return change.what;
}

void check_holds(const std::string& value, const registers& expected) {
    REQUIRE(hyperloglog::has_form(value));
    registers held{};
    REQUIRE(hyperloglog::merge(held, value));
    REQUIRE(held == expected);
    REQUIRE(hyperloglog::count(value) == hyperloglog::count(expected));
}

} // namespace

TEST_CASE("a HyperLogLog has the registers that its elements give") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 30; ++round) {
        std::string value{hyperloglog::empty()};
        registers expected{};
        check_holds(value, expected);
        const std::size_t most = random.one_in(2) ? 3000 : random.below(400);
        // Registers beside each other make runs of values; few of them are raised again and again.
        const std::size_t places = random.one_in(2) ? hyperloglog::register_count : 40;
        for (std::size_t i = random.below(1200); i > 0; --i) {
            observation seen = hyperloglog::observe(random.text(random.below(20)));
            seen.index %= static_cast<std::uint32_t>(places);
            if (random.one_in(200)) seen.value = static_cast<std::uint8_t>(30 + random.below(22));
            REQUIRE(add(value, seen, most) != sparse_change::kind::corrupt);
            expected[seen.index] = std::max(expected[seen.index], seen.value);
            if (random.one_in(20)) check_holds(value, expected);
        }
        check_holds(value, expected);
        if (!hyperloglog::is_sparse(value)) continue;
        CHECK(value.size() <= std::max<std::size_t>(most, 18));
        check_holds(hyperloglog::to_dense(value).value(), expected);
    }
}

TEST_CASE("an estimate is near the number of elements") {
    registers all{};
    for (int elements = 1; elements <= 200'000; ++elements) {
        const observation seen = hyperloglog::observe(std::to_string(elements));
        all[seen.index] = std::max(all[seen.index], seen.value);
        if (elements % 5'000 != 0) continue;
        const auto count = static_cast<double>(hyperloglog::count(all));
        CHECK(std::abs(count - elements) < 0.04 * elements); // five times the standard error
    }
}

TEST_CASE("the header keeps an estimate until it is forgotten") {
    std::string value{hyperloglog::empty()};
    CHECK(hyperloglog::known_count(value) == 0u);
    hyperloglog::note_count(value, 0x0102030405060708);
    CHECK(hyperloglog::known_count(value) == 0x0102030405060708u);
    CHECK(value[8] == 8);
    hyperloglog::forget_count(value);
    CHECK(hyperloglog::known_count(value) == std::nullopt);
}

TEST_CASE("any bytes may stand in a HyperLogLog") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 3'000; ++round) {
        std::string value{hyperloglog::empty().substr(0, 16)};
        value += random.text(random.below(round % 2 == 0 ? 12 : 300));
        if (random.one_in(3)) value += "\x7f"; // cut off
        REQUIRE(hyperloglog::has_form(value));
        hyperloglog::count(value);
        hyperloglog::describe(value);
        hyperloglog::to_dense(value);
        registers all{};
        hyperloglog::merge(all, value);
        for (int i = 0; i < 20; ++i)
            add(value,
                {static_cast<std::uint32_t>(random.below(hyperloglog::register_count)),
                 static_cast<std::uint8_t>(1 + random.below(32))},
                3000);
    }
    CHECK(!hyperloglog::has_form(""));
    CHECK(!hyperloglog::has_form(hyperloglog::empty().substr(0, 15)));
    CHECK(!hyperloglog::has_form(std::string{"HYLL\0", 5} + std::string(100, '\0')));
}
