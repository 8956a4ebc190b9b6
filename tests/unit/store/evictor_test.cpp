#include "store/evictor.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mini_redis/keyspace.hpp>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "support/catch.hpp"

using namespace mini_redis;
using enum eviction_policy;

namespace {

constexpr std::chrono::seconds long_enough{60};

/// A store whose limit is what it has.
struct full_store {
    explicit full_store(std::size_t shards = 8) : store{shards, 2} {
        evicting.samples = 64;
        evicting.on_evicted = [this](std::size_t, std::string_view key) { gone.emplace_back(key); };
    }

    mini_redis::database at(std::size_t database) { return {store, database, time, &log}; }

    void put(const std::string& name, std::uint32_t seconds,
             std::optional<std::int64_t> expire_at = std::nullopt, std::size_t database = 0) {
        time.set_coarse_seconds(seconds);
        const hashed_key key{name};
        const store_guard guard{store, key};
        mini_redis::database db = at(database);
        db.put_string(key, db.find(key), "value", expire_at);
    }

    void use(const std::string& name, std::uint32_t seconds) {
        time.set_coarse_seconds(seconds);
        const hashed_key key{name};
        const store_guard guard{store, key};
        mini_redis::database db = at(0);
        db.touch(*db.find(key));
    }

    bool has(const std::string& name, std::size_t database = 0) {
        const hashed_key key{name};
        const store_guard guard{store, key};
        return static_cast<bool>(at(database).find(key));
    }

    std::size_t size() {
        const store_guard guard{store, store_guard::all_shards{}};
        return store.size(0) + store.size(1);
    }

    /// Lets so many keys go, but for what a few more may weigh.
    evictor::outcome shrink_to(double share, std::uint32_t seconds) {
        store.set_limit(
            static_cast<std::int64_t>(static_cast<double>(store.memory().bytes()) * share));
        return evicting.make_room(seconds, long_enough, &log);
    }

    request_time time{system_clock::instance()};
    change_log log;
    sharded_store store;
    evictor evicting{store};
    std::vector<std::string> gone;
};

std::string name_of(int i) {
    return "key:" + std::to_string(i);
}

constexpr std::int64_t far_away = 9'000'000'000'000; // Unix ms

} // namespace

TEST_CASE("nothing is taken from a store that is within its limit") {
    full_store full;
    full.put("k", 1);
    full.evicting.set_policy(allkeys_lru);
    CHECK(full.evicting.make_room(1, long_enough, nullptr) == evictor::outcome::enough);
    full.store.set_limit(full.store.memory().bytes());
    CHECK(full.evicting.make_room(1, long_enough, nullptr) == evictor::outcome::enough);
    CHECK(full.size() == 1);
}

TEST_CASE("with noeviction, and without any key, nothing can go") {
    full_store full;
    full.store.set_limit(-1);
    full.evicting.set_policy(allkeys_lru);
    CHECK(full.evicting.make_room(1, long_enough, nullptr) == evictor::outcome::nothing_left);
    full.put("k", 1);
    full.evicting.set_policy(noeviction);
    CHECK(full.evicting.make_room(1, long_enough, nullptr) == evictor::outcome::nothing_left);
    CHECK(full.size() == 1);
    full.evicting.set_policy(allkeys_random);
    CHECK(full.evicting.make_room(1, long_enough, nullptr) == evictor::outcome::nothing_left);
    CHECK(full.size() == 0);
}

TEST_CASE("the least recently used go, whatever was used meanwhile") {
    full_store full;
    full.evicting.set_policy(allkeys_lru);
    constexpr int keys = 4000;
    for (int i = 0; i < keys; ++i)
        full.put(name_of(i), 1000 + static_cast<std::uint32_t>(i));
    for (int i = 0; i < keys; i += 2) // every other one is used again
        full.use(name_of(i), 10'000);
    REQUIRE(full.shrink_to(0.75, 10'001) == evictor::outcome::enough);
    REQUIRE(full.gone.size() > keys / 5);
    std::size_t used = 0;
    std::size_t late = 0;
    for (const std::string& each : full.gone) {
        const int number = std::stoi(each.substr(4));
        used += number % 2 == 0;
        late += number > keys * 3 / 4;
    }
    CHECK(used == 0);
    CHECK(late * 20 < full.gone.size());
}

TEST_CASE("the least frequently used go") {
    full_store full;
    full.evicting.set_policy(allkeys_lfu);
    full.store.frequency().log_factor = 1; // so that chance does not matter
    constexpr int keys = 2000;
    for (int i = 0; i < keys; ++i)
        full.put(name_of(i), 1000);
    for (int n = 0; n < 40; ++n)
        for (int i = 0; i < keys; i += 2)
            full.use(name_of(i), 1001);
    for (int i = 1; i < keys; i += 2) // later, but once only
        full.use(name_of(i), 1002);
    REQUIRE(full.shrink_to(0.7, 1003) == evictor::outcome::enough);
    REQUIRE(full.gone.size() > keys / 5);
    CHECK(std::none_of(full.gone.begin(), full.gone.end(),
                       [](const std::string& each) { return std::stoi(each.substr(4)) % 2 == 0; }));
}

TEST_CASE("volatile policies take no key without an expiry, in any database") {
    for (const eviction_policy policy :
         {volatile_lru, volatile_lfu, volatile_random, volatile_ttl}) {
        full_store full;
        full.evicting.set_policy(policy);
        for (int i = 0; i < 500; ++i)
            full.put(name_of(i), 1000);
        for (int i = 500; i < 520; ++i)
            full.put(name_of(i), 1000, far_away + i, static_cast<std::size_t>(i % 2));
        CHECK(full.shrink_to(0.1, 1001) == evictor::outcome::nothing_left);
        CHECK(full.gone.size() == 20);
        CHECK(full.size() == 500);
    }
}

TEST_CASE("what expires first goes first") {
    full_store full{1};
    full.evicting.set_policy(volatile_ttl);
    for (int i = 0; i < 64; ++i)
        full.put(name_of(i), 1000, far_away - i * 1000);
    REQUIRE(full.shrink_to(0.8, 1001) == evictor::outcome::enough);
    REQUIRE(!full.gone.empty());
    for (std::size_t i = 0; i < full.gone.size(); ++i)
        CHECK(full.gone[i] == name_of(63 - static_cast<int>(i)));
}

TEST_CASE("who watches a key that goes is told") {
    full_store full;
    full.evicting.set_policy(allkeys_random);
    full.put("k", 1);
    const auto watching = std::make_shared<watch>();
    const hashed_key key{"k"};
    {
        const store_guard guard{full.store, key};
        sharded_store::ensure_listeners(full.store.shard_of(key))
            .watches[{0, "k"}]
            .push_back(watching);
    }
    full.shrink_to(0, 1);
    CHECK(!full.has("k"));
    CHECK(watching->broken());
}

TEST_CASE("a little time is enough for a few keys only") {
    full_store full;
    full.evicting.set_policy(allkeys_lru);
    for (int i = 0; i < 1000; ++i)
        full.put(name_of(i), 1000);
    full.store.set_limit(-1);
    CHECK(full.evicting.make_room(1001, std::chrono::microseconds{0}, nullptr) ==
          evictor::outcome::unfinished);
    CHECK(full.gone.size() == full.evicting.evicted_keys());
    CHECK(full.size() + full.gone.size() == 1000);
    CHECK(full.size() > 900);
}

TEST_CASE("the frequency of use rises slower and slower, and falls with time") {
    frequency_rules rules;
    std::uint32_t bits = access_frequency::bits_of(access_frequency::initial, 60'000);
    for (int i = 0; i < 1000; ++i) // the smallest of random numbers: up each time
        bits = access_frequency{bits, 60'000, rules}.after_access(0, rules);
    CHECK(access_frequency{bits, 60'000, rules}.counter() == access_frequency::highest);
    CHECK(access_frequency{bits, 60'000 + 10 * 60, rules}.counter() == 245);
    CHECK(access_frequency{bits, 60'000 + 300 * 60, rules}.counter() == 0);
    rules.decay_minutes = 0;
    CHECK(access_frequency{bits, 60'000 + 300 * 60, rules}.counter() == 255);
    // The counter of 10 goes up once in 51 times.
    const std::uint32_t ten = access_frequency::bits_of(10, 60'000);
    constexpr std::uint32_t one_in_51 = 0xffffffffU / 51;
    CHECK((access_frequency{ten, 60'000, rules}.after_access(one_in_51 - 2, rules) & 255) == 11);
    CHECK((access_frequency{ten, 60'000, rules}.after_access(one_in_51 + 2, rules) & 255) == 10);
}

TEST_CASE("a keyspace with a limit is a cache") {
    keyspace cache{
        {.shards = 16, .max_memory = 1'000'000, .eviction = eviction_policy::allkeys_lfu}};
    cache.set("kept", "value");
    const std::string value(100, 'x');
    for (int i = 0; i < 50'000; ++i) {
        cache.set(name_of(i), value);
        if (i % 100 == 0) CHECK(cache.get("kept"));
    }
    CHECK(cache.store().memory().bytes() < 1'010'000);
    CHECK(cache.size() > 4000);
    CHECK(cache.size() < 10'000);
    CHECK(cache.get(name_of(49'999)) == value);
}
