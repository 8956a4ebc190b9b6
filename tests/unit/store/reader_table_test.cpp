#include "store/reader_table.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/sharded_store.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

/// Remembers what it was told.
struct recorder final : change_listener {
    void tell_readers(std::string_view key, const reader_list& readers, reason why,
                      const change_log*) noexcept override {
        told.emplace_back(key, readers);
        forgotten += why == reason::forgotten;
    }

    void broadcast(std::string_view key, const change_log*) noexcept override {
        broadcasts.emplace_back(key);
    }

    void tell_flushed(const change_log*) noexcept override { ++flushed; }

    void drop_gone(reader_list& readers) const noexcept override {
        std::erase_if(readers, [&](std::uint64_t id) { return id < first_alive; });
    }

    std::vector<std::pair<std::string, reader_list>> told;
    std::vector<std::string> broadcasts;
    std::uint64_t first_alive = 0;
    int forgotten = 0;
    int flushed = 0;
};

/// A store that has somebody to tell.
struct told_store {
    explicit told_store(std::size_t shards = 4) : store{shards, 2} {
        store.set_change_listener(&listener);
    }

    void read(std::string_view name, std::uint64_t client) {
        const hashed_key key{name};
        const store_guard guard{store, key};
        store.add_reader(key, client);
    }

    void write(std::string_view name, std::size_t database = 0,
               std::optional<std::int64_t> expire_at = std::nullopt) {
        const hashed_key key{name};
        const store_guard guard{store, key};
        mini_redis::database db{store, database, time};
        db.put_string(key, db.find(key), "value", expire_at);
    }

    std::size_t shards_with_listeners() {
        std::size_t count = 0;
        for (std::size_t i = 0; i < store.shard_count(); ++i)
            count += store.shard_at(i).listeners != nullptr;
        return count;
    }

    recorder listener;
    manual_clock clock;
    request_time time{clock};
    sharded_store store;
};

} // namespace

TEST_CASE("a table of readers is a map of sets") {
    reader_table table;
    std::map<std::string, std::set<std::uint64_t>> model;
    random_source random{7};
    for (int i = 0; i < 20'000; ++i) {
        const std::string key = "key" + std::to_string(random.below(50));
        if (random.below(4) != 0) {
            const std::uint64_t reader = random.below(200);
            const bool new_key = !model.contains(key);
            const bool new_reader = model[key].insert(reader).second;
            const reader_table::growth more = table.add(key, reader);
            REQUIRE(more.key == new_key);
            REQUIRE(more.reader == new_reader);
        } else if (random.below(10) == 0) {
            const reader_list taken = table.take(key);
            const std::set<std::uint64_t>& expected = model[key];
            REQUIRE(std::equal(taken.begin(), taken.end(), expected.begin(), expected.end()));
            model.erase(key);
        }
        REQUIRE(table.size() == model.size());
        REQUIRE(table.empty() == model.empty());
        if (!table.empty()) REQUIRE(model.contains(std::string{table.some_key(random.bits())}));
    }
}

TEST_CASE("readers are told once, of a key in any database") {
    told_store t;
    t.read("a", 1);
    t.read("a", 2);
    t.read("a", 1);
    t.read("b", 1);
    CHECK(t.store.read_keys() == 2);
    CHECK(t.store.readings() == 3);
    t.write("a", 1);
    t.write("a");
    t.write("c");
    REQUIRE(t.listener.told.size() == 1);
    CHECK(t.listener.told[0] == std::pair{std::string{"a"}, reader_list{1, 2}});
    CHECK(t.store.read_keys() == 1);
    CHECK(t.store.readings() == 1);
    t.write("b");
    CHECK(t.listener.told.size() == 2);
    CHECK(t.shards_with_listeners() == 0); // nobody pays for them any more
    CHECK(t.listener.forgotten == 0);
    CHECK(t.listener.broadcasts.empty());
}

TEST_CASE("the purge tells of keys whose time has come") {
    told_store t;
    t.write("a", 0, t.clock.now_ms() + 10);
    t.read("a", 1);
    t.clock.advance(std::chrono::milliseconds{11});
    t.store.purge(t.clock.now_ms(), std::chrono::seconds{1});
    REQUIRE(t.listener.told.size() == 1);
    CHECK(t.listener.told[0].first == "a");
}

TEST_CASE("flushing tells all at once and forgets who has read what") {
    told_store t;
    t.read("a", 1);
    t.read("b", 2);
    {
        const store_guard guard{t.store, store_guard::all_shards{}};
        t.store.clear(1);
        t.store.clear_all();
    }
    CHECK(t.listener.flushed == 2);
    CHECK(t.listener.told.empty());
    CHECK(t.store.read_keys() == 0);
    CHECK(t.store.readings() == 0);
    CHECK(t.shards_with_listeners() == 0);
}

TEST_CASE("as many keys are forgotten as are too many") {
    told_store t{64};
    for (int i = 0; i < 1000; ++i)
        t.read("key" + std::to_string(i), 1);
    t.store.limit_read_keys(990, 5, 1, nullptr);
    CHECK(t.store.read_keys() == 995);
    t.store.limit_read_keys(990, 100, 2, nullptr);
    CHECK(t.store.read_keys() == 990);
    t.store.limit_read_keys(3, 10'000, 3, nullptr);
    CHECK(t.store.read_keys() == 3);
    CHECK(t.listener.forgotten == 997);
    CHECK(t.listener.told.size() == 997);
    std::set<std::string> names;
    for (const auto& [key, readers] : t.listener.told)
        names.insert(key);
    CHECK(names.size() == 997);
}

TEST_CASE("readers that are gone are dropped where a key has many") {
    told_store t;
    for (std::uint64_t id = 1; id <= 1000; ++id) {
        t.listener.first_alive = id; // the others are gone
        t.read("a", id);
        REQUIRE(t.store.readings() <= 64);
    }
    t.listener.first_alive = 0;
    for (std::uint64_t id = 2001; id <= 3000; ++id)
        t.read("b", id);
    CHECK(t.store.readings() >= 1000); // none of these is
}

TEST_CASE("a broadcaster is told of every change") {
    told_store t;
    t.store.add_broadcaster(false);
    t.store.add_broadcaster(false);
    t.write("a");
    t.write("b", 1);
    t.store.remove_broadcaster(false);
    t.write("c");
    CHECK(t.listener.broadcasts == std::vector<std::string>{"a", "b", "c"});
    t.store.remove_broadcaster(false);
    t.write("d");
    CHECK(t.listener.broadcasts.size() == 3);
    CHECK(t.shards_with_listeners() == 0);
}
