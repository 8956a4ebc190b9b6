// Hashes and sets against std::map and std::set: random changes that cross every threshold.
#include <cstdint>
#include <map>
#include <mini_redis/clock.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "store/hash_value.hpp"
#include "store/set_value.hpp"
#include "store/sharded_store.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using mini_redis::database;
using mini_redis::hash_value;
using mini_redis::hashed_key;
using mini_redis::located;
using mini_redis::set_value;
using mini_redis::test::random_seed;
using mini_redis::test::random_source;

namespace {

struct fixture {
    mini_redis::manual_clock clock;
    mini_redis::sharded_store store{1, 1};
    mini_redis::request_time time{clock};
    database db{store, 0, time};
    hashed_key key{"key"};
};

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

} // namespace

TEST_CASE("a hash holds what a map would hold, in every form") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    fixture f;
    f.store.limits().hash_entries = 20;
    f.store.limits().hash_value = 40;
    std::map<std::string, std::string> expected;
    std::size_t wrong = 0;
    for (int step = 0; step < 60'000 && wrong == 0; ++step) {
        located at = f.db.find(f.key);
        const std::size_t names = (step / 2'000) % 3 == 0   ? 15
                                  : (step / 2'000) % 3 == 1 ? 30
                                                            : 3'000;
        std::vector<std::string> words;
        for (std::size_t i = 0; i <= random.below(3); ++i) {
            words.push_back(std::to_string(random.below(names)));
            words.push_back(
                std::string(random.one_in(100) ? random.below(3'000) : random.below(40), 'v'));
        }
        if (step % 2'000 == 1'999) { // begins anew, packed
            if (at) f.db.erase(f.key, at);
            expected.clear();
        } else if (random.below(100) < 55) {
            std::size_t added = 0;
            for (std::size_t i = 0; i < words.size(); i += 2) {
                added += expected.count(words[i]) == 0;
                expected[words[i]] = words[i + 1];
            }
            wrong += mini_redis::hash_set(f.db, f.key, at, views(words)) != added;
        } else if (at) {
            std::size_t removed = 0;
            for (const std::string& word : words)
                removed += expected.erase(word);
            wrong += mini_redis::hash_remove(f.db, f.key, at, views(words)) != removed;
        }
        at = f.db.find(f.key);
        wrong += static_cast<bool>(at) == expected.empty();
        if (!at) continue;
        const hash_value hash{*at};
        wrong += hash.size() != expected.size();
        const auto value = hash.get(words[0]);
        const auto found = expected.find(words[0]);
        wrong += value.has_value() != (found != expected.end());
        wrong += value && *value != found->second;
        if (!random.one_in(20)) continue;
        std::map<std::string, std::string> all;
        hash.for_each([&](std::string_view name, std::string_view text) {
            wrong += !all.emplace(name, text).second;
        });
        wrong += all != expected;
        hash.pick(random.below(1'000'000), [&](std::string_view name, std::string_view text) {
            wrong += expected[std::string{name}] != text;
        });
    }
    CHECK(wrong == 0);
}

TEST_CASE("a set holds what a std::set would hold, in every form") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    fixture f;
    f.store.limits().set_integers = 30;
    f.store.limits().set_entries = 20;
    f.store.limits().set_value = 12;
    std::set<std::string> expected;
    std::size_t wrong = 0;
    std::set<int> forms;
    for (int step = 0; step < 100'000 && wrong == 0; ++step) {
        located at = f.db.find(f.key);
        const bool texts = (step / 500) % 2 == 1;
        const std::size_t names = (step / 1'000) % 3 == 0   ? 25
                                  : (step / 1'000) % 3 == 1 ? 60
                                                            : 2'000;
        std::vector<std::string> words;
        for (std::size_t i = 0; i <= random.below(4); ++i) {
            static constexpr std::int64_t scales[] = {1, -1, 1'000, -1'000'000,
                                                      4'000'000'000'000'000};
            const std::int64_t number = static_cast<std::int64_t>(random.below(names)) *
                                        scales[random.one_in(20) ? random.below(5) : 0];
            words.push_back(std::to_string(number));
            if (texts && random.one_in(3)) words.back().insert(0, "m");
            if (texts && random.one_in(100)) words.back() += std::string(20, 'x');
        }
        if (step % 500 == 499) {
            if (at) f.db.erase(f.key, at);
            expected.clear();
        } else if (random.below(100) < 55) {
            std::size_t added = 0;
            for (const std::string& word : words)
                added += expected.insert(word).second;
            wrong += mini_redis::set_add(f.db, f.key, at, views(words)) != added;
        } else if (at) {
            std::size_t removed = 0;
            for (const std::string& word : words)
                removed += expected.erase(word);
            wrong += mini_redis::set_remove(f.db, f.key, at, views(words)) != removed;
        }
        at = f.db.find(f.key);
        wrong += static_cast<bool>(at) == expected.empty();
        if (!at) continue;
        forms.insert(static_cast<int>(at->kept_as()));
        const set_value all{*at};
        wrong += all.size() != expected.size();
        wrong += all.contains(words[0]) != (expected.count(words[0]) != 0);
        if (!random.one_in(20)) continue;
        std::set<std::string> members;
        all.for_each([&](std::string_view member) { wrong += !members.emplace(member).second; });
        wrong += members != expected;
        all.pick(random.below(1'000'000), [&](std::string_view member) {
            wrong += expected.count(std::string{member}) == 0;
        });
    }
    CHECK(wrong == 0);
    CHECK(forms.size() == 3);
}
