// Sorted sets against a std::map and a sorted vector that do the same: random operations on both
// sides of the thresholds, and the tree of ranks by itself as it grows and shrinks.
#include <algorithm>
#include <cstdint>
#include <map>
#include <mini_redis/keyspace.hpp>
#include <string>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "store/rank_tree.hpp"
#include "store/sorted_set_value.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using mini_redis::entry;
using mini_redis::entry_ptr;
using mini_redis::hashed_key;
using mini_redis::located;
using mini_redis::member_bound;
using mini_redis::member_range;
using mini_redis::rank_range;
using mini_redis::rank_tree;
using mini_redis::score_range;
using mini_redis::sorted_set_editor;
using mini_redis::sorted_set_view;
using mini_redis::test::random_seed;
using mini_redis::test::random_source;

namespace {

using pairs = std::vector<std::pair<double, std::string>>;

pairs contents(const sorted_set_view& set, rank_range range) {
    pairs all;
    set.for_each(range,
                 [&](std::string_view member, double score) { all.emplace_back(score, member); });
    return all;
}

pairs sorted(const std::map<std::string, double>& model) {
    pairs all;
    for (const auto& [member, score] : model)
        all.emplace_back(score, member);
    std::sort(all.begin(), all.end());
    return all;
}

// Everything that can be asked of a view, against the pairs that it should hold.
void check_view(const sorted_set_view& set, const pairs& wanted, random_source& random) {
    REQUIRE(set.size() == wanted.size());
    REQUIRE(contents(set, set.all()) == wanted);
    pairs backward;
    set.for_each_backward(set.all(), [&](std::string_view member, double score) {
        backward.emplace_back(score, member);
    });
    REQUIRE(std::equal(backward.rbegin(), backward.rend(), wanted.begin(), wanted.end()));
    for (int i = 0; i < 5; ++i) {
        const std::size_t rank = random.below(wanted.size());
        REQUIRE(set.at(rank).member == wanted[rank].second);
        REQUIRE(set.find(wanted[rank].second)->rank == rank);
        REQUIRE(set.score(wanted[rank].second) == wanted[rank].first);
        const std::size_t last = rank + random.below(wanted.size() - rank + 1);
        const pairs part{wanted.begin() + static_cast<std::ptrdiff_t>(rank),
                         wanted.begin() + static_cast<std::ptrdiff_t>(last)};
        REQUIRE(contents(set, {rank, last}) == part);

        const score_range range{static_cast<double>(random.below(22)) - 1,
                                static_cast<double>(random.below(22)) - 1, random.one_in(2),
                                random.one_in(2)};
        const auto inside = std::count_if(wanted.begin(), wanted.end(), [&](const auto& one) {
            return !range.is_below(one.first) && range.reaches(one.first);
        });
        REQUIRE(set.ranks(range).size() == static_cast<std::size_t>(inside));
    }
}

} // namespace

TEST_CASE("random changes leave the sorted set that a map would be") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    const std::size_t names = GENERATE(3, 60, 200, 3'000);
    mini_redis::keyspace keys{{.shards = 1, .databases = 1}};
    mini_redis::request_time time{keys.time()};
    mini_redis::database db{keys.store(), 0, time};
    const hashed_key key{"key"};
    std::map<std::string, double> model;

    for (int step = 0; step < 20'000; ++step) {
        const located found = db.find(key);
        REQUIRE(static_cast<bool>(found) == !model.empty());
        sorted_set_editor set{db, key, found};
        const std::string member =
            random.one_in(2'000) ? std::string(70, 'l') : std::to_string(random.below(names));
        if (!random.one_in(3) || model.empty()) {
            const auto score = static_cast<double>(random.below(20));
            set.put(set.find(member), score);
            model[member] = score;
        } else if (random.one_in(400)) {
            const std::size_t first = random.below(model.size());
            const std::size_t last = first + random.below(model.size() - first + 1);
            set.erase({first, last});
            const pairs all = sorted(model);
            for (std::size_t i = first; i < last; ++i)
                model.erase(all[i].second);
        } else if (const auto where = set.find(member); where.there) {
            set.erase(where);
            model.erase(member);
        }
        REQUIRE(set.size() >= model.size()); // one that is emptied as a whole goes with finish()
        REQUIRE(set.finish() == model.empty());
        if (random.one_in(names) && !model.empty())
            check_view(sorted_set_view{*db.find(key)}, sorted(model), random);
    }
}

TEST_CASE("ranges of members, where scores are equal") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    const std::size_t size = GENERATE(10, 1'000);
    std::vector<std::string> members;
    for (std::size_t i = 0; i < size; ++i)
        members.push_back(random.text(1 + random.below(4), "ab\xff"));
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    std::vector<mini_redis::scored_member> all;
    for (const std::string& member : members)
        all.push_back({member, 0});
    mini_redis::compact_limits limits;
    limits.zset_entries = 20;
    const entry_ptr made = mini_redis::make_sorted_set("key", all, limits);
    const sorted_set_view set{*made};
    const auto any_bound = [&](std::string& text) {
        text = random.text(random.below(4), "ab\xff");
        return member_bound{random.one_in(5)   ? member_bound::where::lowest
                            : random.one_in(5) ? member_bound::where::highest
                                               : member_bound::where::value,
                            text, random.one_in(2)};
    };
    for (int i = 0; i < 1'000; ++i) {
        std::string low;
        std::string high;
        const member_range range{any_bound(low), any_bound(high)};
        const auto inside = std::count_if(members.begin(), members.end(), [&](const auto& one) {
            return !range.is_below(one) && range.reaches(one);
        });
        REQUIRE(set.ranks(range).size() == static_cast<std::size_t>(inside));
    }
}

TEST_CASE("the tree of ranks keeps its order as it grows to thousands and shrinks to nothing") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    enum class order { ascending, descending, mixed };
    const order how = GENERATE(order::ascending, order::descending, order::mixed);
    constexpr std::size_t count = 30'000;
    std::vector<entry_ptr> members;
    std::vector<rank_tree::item> items;
    for (std::size_t i = 0; i < count; ++i) {
        members.push_back(entry::make_string(std::to_string(i), "", {}));
        const std::size_t score = how == order::ascending    ? i
                                  : how == order::descending ? count - i
                                                             : random.below(count / 4);
        items.push_back({static_cast<double>(score), members.back().get()});
    }
    rank_tree tree;
    for (const rank_tree::item& one : items)
        tree.insert(one);
    if (how != order::mixed) CHECK(tree.memory() < count * 19); // full leaves

    const auto check = [&] {
        std::vector<rank_tree::item> wanted = items;
        std::sort(wanted.begin(), wanted.end(), rank_tree::less);
        REQUIRE(tree.size() == wanted.size());
        std::size_t rank = 0;
        bool same = true;
        tree.for_each(0, tree.size(), [&](const rank_tree::item& one) {
            same = same && one.member == wanted[rank++].member;
        });
        for (std::size_t i = 0; i < wanted.size(); i += 1 + random.below(20))
            same = same && tree.rank(wanted[i]) == i && tree.at(i).member == wanted[i].member;
        REQUIRE(same);
    };
    check();
    while (!items.empty()) {
        const std::size_t gone =
            how == order::mixed ? random.below(items.size()) : items.size() - 1;
        tree.erase(items[gone]);
        std::swap(items[gone], items.back());
        items.pop_back();
        if (!items.empty() && random.one_in(3)) { // some only move
            rank_tree::item& one = items[random.below(items.size())];
            const auto score = static_cast<double>(random.below(count));
            tree.move(one, score);
            one.score = score;
        }
        if (items.size() % 5'000 == 0) check();
    }
    CHECK(tree.memory() < 2'000); // one leaf
}
