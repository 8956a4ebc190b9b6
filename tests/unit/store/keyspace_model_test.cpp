// The keyspace against a std::map that does the same: random operations with a clock that is turned
// by hand; then what only the layers below show: spilling, SCAN's guarantee, purging, threads.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mini_redis/clock.hpp>
#include <mini_redis/keyspace.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "store/sharded_store.hpp"
#include "store/table.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace std::chrono_literals;
using mini_redis::keyspace;
using mini_redis::manual_clock;
using mini_redis::test::random_seed;
using mini_redis::test::random_source;

namespace {

using milliseconds = std::chrono::milliseconds;

/// What keyspace promises, said in the simplest way.
class model {
public:
    explicit model(const manual_clock& time) : time_{&time} {}

    std::optional<std::string> get(const std::string& key) {
        const auto found = find(key);
        return found == keys_.end() ? std::nullopt : std::optional{found->second.value};
    }

    void set(const std::string& key, const std::string& value, std::optional<milliseconds> ttl) {
        keys_.erase(key);
        if (!ttl || ttl->count() > 0) keys_[key] = {value, deadline(ttl)};
    }

    bool set_if_absent(const std::string& key, const std::string& value,
                       std::optional<milliseconds> ttl) {
        if (find(key) != keys_.end()) return false;
        set(key, value, ttl);
        return true;
    }

    bool erase(const std::string& key) {
        const bool there = find(key) != keys_.end();
        keys_.erase(key);
        return there;
    }

    bool expire(const std::string& key, milliseconds ttl) {
        const auto found = find(key);
        if (found == keys_.end()) return false;
        found->second.deadline = deadline(ttl);
        if (ttl.count() <= 0) keys_.erase(found);
        return true;
    }

    bool persist(const std::string& key) {
        const auto found = find(key);
        if (found == keys_.end() || !found->second.deadline) return false;
        found->second.deadline.reset();
        return true;
    }

    std::optional<milliseconds> ttl(const std::string& key) {
        const auto found = find(key);
        if (found == keys_.end() || !found->second.deadline) return std::nullopt;
        return milliseconds{*found->second.deadline - time_->now_ms()};
    }

    void clear() { keys_.clear(); }

    std::map<std::string, std::string> contents() {
        std::map<std::string, std::string> all;
        for (const auto& [key, kept] : keys_)
            if (!kept.deadline || *kept.deadline > time_->now_ms()) all[key] = kept.value;
        return all;
    }

private:
    struct held {
        std::string value;
        std::optional<std::int64_t> deadline;
    };

    std::optional<std::int64_t> deadline(std::optional<milliseconds> ttl) const {
        return ttl ? std::optional{time_->now_ms() + ttl->count()} : std::nullopt;
    }

    std::map<std::string, held>::iterator find(const std::string& key) {
        const auto found = keys_.find(key);
        if (found == keys_.end() || !found->second.deadline ||
            *found->second.deadline > time_->now_ms())
            return found;
        keys_.erase(found);
        return keys_.end();
    }

    const manual_clock* time_;
    std::map<std::string, held> keys_;
};

std::map<std::string, std::string> contents(keyspace& keys) {
    std::map<std::string, std::string> all;
    keys.for_each([&](std::string_view key, std::string_view value) {
        if (!all.emplace(key, value).second) FAIL("for_each gave a key twice");
    });
    return all;
}

// Purges until nothing is left to do; returns how many keys that took out.
std::size_t purge_all(keyspace& keys) {
    std::size_t removed = 0;
    for (mini_redis::sharded_store::purge_result round; !round.finished;) {
        round = keys.store().purge(keys.time().now_ms(), 0us);
        removed += round.removed;
    }
    return removed;
}

std::string numbered(std::size_t number) {
    std::string key = std::to_string(number);
    return key.insert(0, 16 - std::min<std::size_t>(16, key.size()), 'k');
}

} // namespace

TEST_CASE("random operations leave what a map would hold") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    const std::size_t shards = GENERATE(1, 2, 1024);

    manual_clock time;
    keyspace keys{{.shards = shards, .databases = 1, .time = &time}};
    model expected{time};

    // Names on both sides of the wide layout, which begins at 65,535 bytes.
    std::vector<std::string> names{"", std::string(65'534, 'n'), std::string(65'535, 'w'),
                                   std::string(70'000, 'w'), std::string{"\0\r\n\xff", 4}};
    while (names.size() < 300)
        names.push_back(random.text(1 + random.below(40)));
    const std::vector<std::size_t> sizes{0, 1, 24, 32, 100, 1023, 1024, 1025, 5'000, 100'000};

    const auto any_value = [&] {
        return random.text(sizes[random.one_in(10) ? random.below(sizes.size()) : random.below(5)]);
    };
    const auto any_ttl = [&]() -> std::optional<milliseconds> {
        if (random.one_in(2)) return std::nullopt;
        return milliseconds{static_cast<std::int64_t>(random.below(1'000)) - 20};
    };

    std::size_t different = 0;
    const auto same = [&](const char* what, const auto& got, const auto& wanted) {
        if (got == wanted) return;
        ++different;
        UNSCOPED_INFO(what);
    };
    for (int step = 0; step < 20'000 && different == 0; ++step) {
        // Some keys are used much more than others, and the very large ones seldom.
        const std::string& name =
            names[random.one_in(50) ? random.below(5)
                                    : 5 + random.below(random.one_in(2) ? 10 : 295)];
        switch (random.below(14)) {
        case 0:
        case 1:
        case 2: {
            const std::string value = any_value();
            const auto ttl = any_ttl();
            keys.set(name, value, ttl);
            expected.set(name, value, ttl);
            break;
        }
        case 3: {
            const std::string value = any_value();
            const auto ttl = any_ttl();
            same("set_if_absent", keys.set_if_absent(name, value, ttl),
                 expected.set_if_absent(name, value, ttl));
            break;
        }
        case 4:
        case 5: same("get", keys.get(name), expected.get(name)); break;
        case 6: same("erase", keys.erase(name), expected.erase(name)); break;
        case 7: {
            const milliseconds ttl = any_ttl().value_or(5ms);
            same("expire", keys.expire(name, ttl), expected.expire(name, ttl));
            break;
        }
        case 8: same("persist", keys.persist(name), expected.persist(name)); break;
        case 9: same("ttl", keys.ttl(name), expected.ttl(name)); break;
        case 10: same("contains", keys.contains(name), expected.get(name).has_value()); break;
        case 11: time.advance(milliseconds{random.below(50)}); break;
        case 12: keys.purge(0us); break;
        default:
            if (!random.one_in(200)) break;
            if (random.one_in(3)) {
                keys.clear();
                expected.clear();
            }
            purge_all(keys);
            same("for_each", contents(keys), expected.contents());
            same("size", keys.size(), expected.contents().size());
        }
    }
    CHECK(different == 0);
    CHECK((contents(keys) == expected.contents()));
    purge_all(keys);
    CHECK(keys.size() == expected.contents().size());
    time.advance(1h); // no key has a longer time to live
    purge_all(keys);
    CHECK(keys.store().expiring(0) == 0);
    CHECK((contents(keys) == expected.contents()));
}

TEST_CASE("a table grows to 100,000 keys and gives its memory back") {
    const std::size_t shards = GENERATE(1, 1024);
    keyspace keys{{.shards = shards, .databases = 1}};
    constexpr std::size_t count = 100'000;
    for (std::size_t i = 0; i < count; ++i)
        keys.set(numbered(i), numbered(i));
    REQUIRE(keys.size() == count);

    const auto table_bytes = [&] {
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < keys.store().shard_count(); ++i)
            bytes += keys.store().shard_at(i).at(0).memory();
        return bytes;
    };
    const std::size_t full = table_bytes();
    CHECK(full < count * 20); // 9 to 15 bytes a key, as the fill wanders between 57 % and 86 %
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i)
        wrong += keys.get(numbered(i)) != numbered(i);
    CHECK(wrong == 0);

    for (std::size_t i = 100; i < count; ++i)
        wrong += !keys.erase(numbered(i));
    CHECK(wrong == 0);
    CHECK(keys.size() == 100);
    CHECK(table_bytes() < full / 20);
    for (std::size_t i = 0; i < 100; ++i)
        wrong += keys.get(numbered(i)) != numbered(i);
    CHECK(wrong == 0);
    for (std::size_t i = 0; i < 100; ++i)
        keys.erase(numbered(i));
    CHECK(table_bytes() == 0);
}

TEST_CASE("keys spill over full buckets, round the end, and are found and forgotten") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    mini_redis::table keys;
    const auto insert = [&](const std::string& key) {
        return keys.insert(mini_redis::hash_key(key), mini_redis::entry::make_string(key, "v", {}));
    };
    const auto find = [&](const std::string& key) {
        return keys.find(mini_redis::hash_key(key), key);
    };

    // Ten buckets, and only keys whose home is the last one: they fill it and go on at the first.
    std::vector<std::string> others;
    std::vector<std::string> crowd;
    while (keys.bucket_count() < 10)
        insert(others.emplace_back(random.text(12)));
    const std::uint32_t buckets = keys.bucket_count();
    for (const std::string& key : others)
        keys.take(*find(key), mini_redis::hash_key(key));
    while (crowd.size() < 40) {
        std::string key = random.text(12);
        const std::uint64_t position = keys.position_of(mini_redis::hash_key(key));
        if ((position * buckets) >> 32 == buckets - 1) insert(crowd.emplace_back(std::move(key)));
    }
    REQUIRE(keys.bucket_count() == buckets);
    std::size_t visited = 0;
    keys.visit_from(mini_redis::table::end_position - 1, [&](const mini_redis::entry&) {});
    for (std::uint64_t at = 0; at != mini_redis::table::end_position;)
        at = keys.visit_from(at, [&](const mini_redis::entry&) { ++visited; });
    CHECK(visited == crowd.size());
    for (std::size_t gone = 0; gone < crowd.size(); ++gone) {
        std::swap(crowd[gone], crowd[gone + random.below(crowd.size() - gone)]);
        REQUIRE(find(crowd[gone]) != nullptr);
        keys.take(*find(crowd[gone]), mini_redis::hash_key(crowd[gone]));
        for (std::size_t i = 0; i < crowd.size(); ++i)
            if ((find(crowd[i]) != nullptr) != (i > gone))
                FAIL("key " << i << " after " << gone << " were taken");
    }
    CHECK(keys.size() == 0);
}

TEST_CASE("a walk by position visits every key that stays, however the table changes meanwhile") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 60; ++round) {
        mini_redis::table keys;
        std::set<std::string> staying;
        std::vector<std::string> passing;
        const auto insert = [&](const std::string& key) {
            keys.insert(mini_redis::hash_key(key), mini_redis::entry::make_string(key, "v", {}));
        };
        const std::size_t stays = 1 + random.below(400);
        while (staying.size() < stays) {
            std::string key = 's' + random.text(10);
            if (staying.insert(key).second) insert(key);
        }
        std::size_t number = 0;
        for (std::uint64_t at = 0; at != mini_redis::table::end_position;) {
            at = keys.visit_from(
                at, [&](const mini_redis::entry& e) { staying.erase(std::string{e.key()}); });
            // Grows or shrinks, each for a while, so that the number of buckets wanders widely.
            const bool grows = (number / 64) % 2 == 0;
            for (std::size_t i = 0; i < 100; ++i, ++number) {
                if (grows) {
                    insert(passing.emplace_back('p' + std::to_string(round) + ' ' +
                                                std::to_string(number)));
                } else if (!passing.empty()) {
                    const std::uint64_t hash = mini_redis::hash_key(passing.back());
                    keys.take(*keys.find(hash, passing.back()), hash);
                    passing.pop_back();
                    keys.shrink_if_sparse();
                }
            }
            if (number > 200'000) FAIL("the walk does not end");
        }
        if (!staying.empty())
            FAIL(staying.size() << " of " << stays << " keys were not visited, round " << round);
    }
    SUCCEED();
}

TEST_CASE("the order of one table is not that of another") {
    // Of what is walked first, about half has its place in the lower half of the other table. Some
    // pairs of tables may be alike, most are not.
    std::size_t unlike = 0;
    for (int pair = 0; pair < 20; ++pair) {
        mini_redis::table walked;
        const mini_redis::table other;
        for (std::size_t i = 0; i < 5'000; ++i)
            walked.insert(mini_redis::hash_key(numbered(i)),
                          mini_redis::entry::make_string(numbered(i), "v", {}));
        std::size_t first = 0;
        std::size_t low = 0;
        walked.for_each_while([&](const mini_redis::entry& each) {
            low += other.position_of(mini_redis::hash_key(each.key())) < (1U << 31);
            return ++first < 500;
        });
        unlike += low > 150 && low < 350;
    }
    CHECK(unlike > 15);
}

TEST_CASE("a pass of purge that time overtakes is not the last") {
    manual_clock time;
    keyspace keys{{.shards = 1, .databases = 1, .time = &time}};
    for (std::size_t i = 0; i < 10'000; ++i)
        keys.set(numbered(i), "v", milliseconds{i == 0 ? 1 : 2});
    time.advance(1ms);
    CHECK_FALSE(keys.store().purge(time.now_ms(), 0us).finished); // it saw keys that had time left
    time.advance(1ms);
    purge_all(keys);
    CHECK(keys.size() == 0);
}

TEST_CASE("purge takes out what has expired and nothing else, also when tables move meanwhile") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    manual_clock time;
    keyspace keys{{.shards = 2, .databases = 2, .time = &time}};
    std::size_t short_lived = 0;
    std::size_t removed = 0;
    std::set<std::string> lasting;
    for (std::size_t i = 0; i < 30'000; ++i) {
        const std::string key = numbered(i);
        if (random.one_in(2)) {
            keys.set(key, "v", milliseconds{1 + random.below(1'000)});
            ++short_lived;
        } else {
            keys.set(key, "v", random.one_in(2) ? std::nullopt : std::optional<milliseconds>{1h});
            lasting.insert(key);
        }
        if (random.one_in(10)) removed += keys.purge(0us); // a few buckets
        if (random.one_in(10)) time.advance(1ms);
    }
    time.advance(1s);
    removed += purge_all(keys);
    CHECK(removed == short_lived);
    CHECK(keys.store().expired_keys() == short_lived);
    CHECK(keys.size() == lasting.size());
    CHECK(purge_all(keys) == 0);
    time.advance(1h);
    purge_all(keys);
    CHECK(keys.store().expiring(0) == 0);
}

TEST_CASE("a purge begins again when the table was made anew at the same size in between") {
    manual_clock time;
    keyspace keys{{.shards = 1, .databases = 1, .time = &time}};
    mini_redis::table& table = keys.store().shard_at(0).at(0);
    std::size_t number = 0;
    // Tables have 1, 2, 4, 7, 11, 17, 26 buckets as they grow, then 27 to 40: how many, each has
    // for itself, and again when it has been empty.
    while (table.bucket_count() < 40)
        keys.set(numbered(number++), "v");
    const std::uint32_t buckets = table.bucket_count();
    while (number > 0)
        keys.erase(numbered(--number));
    REQUIRE(table.bucket_count() == 0);

    const auto key_with_home = [&](bool in_bucket_31) {
        while (true) {
            std::string key = numbered(number++);
            const std::uint64_t position = table.position_of(mini_redis::hash_key(key));
            if (((position * buckets) >> 32 == 31) == in_bucket_31) return key;
        }
    };
    std::vector<std::string> lasting;
    const auto fill = [&] {
        while (table.bucket_count() < 40)
            keys.set(lasting.emplace_back(key_with_home(false)), "v");
    };
    fill();
    REQUIRE(table.bucket_count() == buckets);
    for (int i = 0; i < 14; ++i) // more than fit into the bucket
        keys.set(lasting.emplace_back(key_with_home(true)), "v");
    const std::string spilled = key_with_home(true); // bucket 31 is full: it stands in the next one
    keys.set(spilled, "v", 1ms);
    time.advance(1s);
    CHECK(keys.purge(0us) == 0); // buckets 0 to 31

    for (const std::string& key : lasting)
        keys.erase(key);
    REQUIRE(table.bucket_count() < 10);
    lasting.clear();
    fill();
    REQUIRE(table.bucket_count() == buckets);
    CHECK(keys.size() == lasting.size() + 1);
    CHECK(purge_all(keys) == 1); // it stands in bucket 31 now
    CHECK(keys.size() == lasting.size());
}

TEST_CASE("threads on the same keys see whole values, and transfers keep the sum") {
    keyspace keys{{.shards = 8, .databases = 2}};
    constexpr int accounts = 40;
    constexpr std::int64_t each_begins_with = 1'000;
    const auto account = [](std::size_t number) { return "account " + std::to_string(number); };
    for (std::size_t i = 0; i < accounts; ++i)
        keys.set(account(i), std::to_string(each_begins_with));

    const auto transfer = [&](random_source& random) {
        mini_redis::request_time time{keys.time()};
        mini_redis::database db{keys.store(), 0, time};
        const std::string from = account(random.below(accounts));
        const std::string to = account(random.below(accounts));
        if (from == to) return;
        const std::vector<mini_redis::hashed_key> both{mini_redis::hashed_key{from},
                                                       mini_redis::hashed_key{to}};
        const mini_redis::store_guard guard{keys.store(), both};
        const auto add = [&](const mini_redis::hashed_key& key, std::int64_t amount) {
            const mini_redis::located at = db.find(key);
            const std::int64_t held = std::stoll(std::string{at->string()});
            db.put_string(key, at, std::to_string(held + amount), {});
        };
        const auto amount = static_cast<std::int64_t>(random.below(100));
        add(both[0], -amount);
        add(both[1], amount);
    };
    const auto total = [&] {
        std::int64_t sum = 0;
        mini_redis::request_time time{keys.time()};
        mini_redis::database db{keys.store(), 0, time};
        const mini_redis::store_guard guard{keys.store(), mini_redis::store_guard::all_shards{}};
        for (std::size_t i = 0; i < accounts; ++i) {
            const std::string name = account(i);
            sum += std::stoll(std::string{db.find(mini_redis::hashed_key{name})->string()});
        }
        return sum;
    };

    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    std::atomic<int> torn{0};
    std::atomic<int> wrong_sums{0};
    const auto work = [&](std::uint64_t number) {
        random_source random{seed + number};
        for (int i = 0; i < 3'000; ++i) {
            transfer(random);
            if (i % 50 == 0 && total() != accounts * each_begins_with) ++wrong_sums;
            // Values of one letter over and over, of sizes on both sides of every layout.
            const std::string key = "shared " + std::to_string(random.below(20));
            const std::string name(1 + random.below(1'500),
                                   static_cast<char>('a' + random.below(26)));
            switch (random.below(6)) {
            case 0: keys.set(key, name, 1ms); break;
            case 1: keys.set(key, name); break;
            case 2: keys.erase(key); break;
            case 3: keys.expire(key, milliseconds{random.below(3)}); break;
            case 4: keys.purge(50us); break;
            default:
                if (const auto value = keys.get(key))
                    if (value->find_first_not_of(value->front()) != std::string::npos) ++torn;
            }
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 4; ++i)
        threads.emplace_back(work, i);
    for (std::thread& each : threads)
        each.join();
    CHECK(torn == 0);
    CHECK(wrong_sums == 0);
    CHECK(total() == accounts * each_begins_with);
}

TEST_CASE("clear returns while the memory is still being freed") {
    keyspace keys{{.shards = 1024, .databases = 1}};
    for (std::size_t i = 0; i < 1'000'000; ++i)
        keys.set(numbered(i), "v");
    keys.clear();
    // A million blocks are not freed in the time of a call: so they are freed by another thread.
    CHECK(keys.store().garbage().pending() == 1);
    CHECK(keys.size() == 0);
    keys.set("after", "v");
    CHECK(keys.get("after") == "v");
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (keys.store().garbage().pending() != 0 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(1ms);
    CHECK(keys.store().garbage().pending() == 0);
    CHECK(keys.size() == 1);
}
