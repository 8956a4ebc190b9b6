// The table of large sets and hashes: what it holds while it splits and shrinks, what a scan sees
// meanwhile, and its copies.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "store/member_table.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using mini_redis::entry;
using mini_redis::hashed_key;
using mini_redis::member_table;
using mini_redis::test::random_seed;
using mini_redis::test::random_source;

namespace {

std::string numbered(std::size_t number) {
    return "member:" + std::to_string(number);
}

void insert(member_table& table, const std::string& member) {
    table.insert(hashed_key{member}, entry::make_string(member, {}, std::nullopt));
}

void take(member_table& table, const std::string& member) {
    const hashed_key name{member};
    table.take(*table.find(name), name);
}

std::multiset<std::string> contents(const member_table& table) {
    std::multiset<std::string> all;
    table.for_each([&](const entry& each) { all.emplace(each.key()); });
    return all;
}

} // namespace

TEST_CASE("a member table holds what a set would hold while it splits and shrinks") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    member_table table;
    std::set<std::string> expected;
    std::size_t wrong = 0;
    for (int step = 0; step < 200'000 && wrong == 0; ++step) {
        // Grows to some 60,000 members, becomes small again, and grows.
        const bool grows = (step / 70'000) % 2 == 0;
        const std::string member = numbered(random.below(grows ? 1'000'000 : 100'000));
        const bool there = expected.count(member) != 0;
        wrong += table.contains(member) != there;
        if (grows && !there) {
            insert(table, member);
            expected.insert(member);
        } else if (!grows && !expected.empty()) {
            const auto near = expected.lower_bound(member);
            const std::string gone = near != expected.end() ? *near : *expected.begin();
            take(table, gone);
            expected.erase(gone);
        }
        wrong += table.size() != expected.size();
        if (step % 20'000 == 19'999)
            wrong +=
                contents(table) != std::multiset<std::string>{expected.begin(), expected.end()};
    }
    CHECK(wrong == 0);

    const std::unique_ptr<mini_redis::collection> copy = table.clone();
    CHECK((contents(static_cast<member_table&>(*copy)) == contents(table)));
    for (std::size_t i = 0; i < 1'000; ++i) {
        const std::string added = "of the copy " + std::to_string(i);
        insert(static_cast<member_table&>(*copy), added);
        wrong += !static_cast<member_table&>(*copy).contains(added) || table.contains(added);
    }
    CHECK(wrong == 0);
    CHECK(copy->size() == table.size() + 1'000);
}

TEST_CASE("a scan of a member table visits whoever stays, however it splits meanwhile") {
    member_table table;
    std::set<std::string> staying;
    for (std::size_t i = 0; i < 5'000; ++i) {
        insert(table, numbered(i));
        staying.insert(numbered(i));
    }
    std::size_t next = 5'000;
    std::uint64_t cursor = 0;
    do {
        cursor = table.visit_from(
            cursor, [&](const entry& each) { staying.erase(std::string{each.key()}); });
        for (int i = 0; i < 100 && next < 200'000; ++i) // from one segment to about thirty
            insert(table, numbered(next++));
    } while (cursor != 0);
    CHECK(staying.empty());
    CHECK(next == 200'000);
}

TEST_CASE("a copy of a member table takes about as much memory") {
    member_table table;
    for (std::size_t i = 0; i < 100'000; ++i)
        insert(table, numbered(i));
    const std::size_t original = table.memory();
    const std::size_t copied = table.clone()->memory();
    CHECK(copied < original + original / 4);
    CHECK(original < copied + copied / 4);
}

TEST_CASE("a member table grows a little at a time") {
    member_table table;
    const auto added = [&](std::size_t number) {
        const std::string name = std::to_string(1'000'000 + number); // all of the same size
        insert(table, name);
        return table.find(hashed_key{name});
    };
    const std::size_t member = member_table::at(*added(0)).memory();
    const auto own = [&] { return table.memory() - table.size() * member; };
    std::size_t largest = 0; // growth in percent while a twentieth of the members came
    for (std::size_t number = 1; number < 400'000;) {
        const std::size_t before = own();
        for (std::size_t last = number + table.size() / 20 + 1; number < last; ++number)
            added(number);
        if (number > 100'000)
            largest = std::max(largest, std::max(own(), before) * 100 / before - 100);
    }
    CHECK(largest < 25); // it would be 50 if all the segments grew at the same time
}
