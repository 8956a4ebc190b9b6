// What the keyspace counts as its memory: all of it comes back.
#include <chrono>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

void wait_for_garbage(const sharded_store& store) {
    while (store.garbage().pending() != 0)
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

} // namespace

TEST_CASE("every kind of value is counted while it is there, and not afterwards") {
    command_fixture redis;
    const auto bytes = [&] {
        wait_for_garbage(redis.store);
        return redis.store.memory().bytes();
    };
    REQUIRE(bytes() == 0);
    const std::string large(5000, 'x');
    const auto both = [&](int i) { return i % 3 == 0 ? large : std::to_string(i); };
    const auto check = [&](auto&& fill) {
        for (int i = 0; i < 2000; ++i)
            fill(std::to_string(i), both(i));
        const std::int64_t held = bytes();
        CHECK(held > 5000 * 600);
        CHECK(held < 5000 * 3 * 1500);
        // A copy takes as much, and moving takes nothing.
        redis.run({"COPY", "k", "copy"});
        redis.run({"RENAME", "k", "other"});
        redis.run({"EXPIRE", "other", "1000"});
        redis.run({"MOVE", "copy", "1"});
        redis.run({"FLUSHALL"});
        CHECK(bytes() == 0);
    };
    check([&](const std::string& i, const std::string& value) {
        redis.run({"SET", i, value});
        redis.run({"APPEND", i, value});
        redis.run({"SETRANGE", i, "6000", "x"});
        redis.run({"SET", i, value, "KEEPTTL"});
        redis.run({"BITOP", "NOT", "bits" + i, i});
        redis.run({"PFADD", "hll" + std::to_string(i.size()), value, i});
    });
    check([&](const std::string& i, const std::string& value) {
        redis.run({"HSET", "k", i, value});
        redis.run({"HSET", "small" + i, "field", value});
        if (i.ends_with('7')) redis.run({"HDEL", "k", i});
    });
    check([&](const std::string& i, const std::string& value) {
        redis.run({"RPUSH", "k", value});
        redis.run({"LPUSH", "k", i, value});
        redis.run({"LINSERT", "k", "BEFORE", i, value});
        if (i.ends_with('7')) redis.run({"LPOP", "k", "2"});
    });
    check([&](const std::string& i, const std::string& value) {
        redis.run({"SADD", "k", i, value + i});
        redis.run({"SADD", "integers" + std::to_string(i.size()), i});
        if (i.ends_with('7')) redis.run({"SREM", "k", i});
        if (i.ends_with("77")) redis.run({"SUNIONSTORE", "union", "k", "integers"});
    });
    check([&](const std::string& i, const std::string& value) {
        redis.run({"ZADD", "k", i, value + i});
        redis.run({"ZINCRBY", "k", "1", value});
        if (i.ends_with('7')) redis.run({"ZREM", "k", value + i});
        if (i.ends_with("77")) redis.run({"ZRANGESTORE", "range", "k", "0", "-1"});
    });
    check([&](const std::string& i, const std::string& value) {
        redis.run({"XADD", "k", "*", "field", value, "i", i});
        if (i == "0") redis.run({"XGROUP", "CREATE", "k", "group", "0"});
        redis.run(
            {"XREADGROUP", "GROUP", "group", "reader" + i, "COUNT", "1", "STREAMS", "k", ">"});
        if (i.ends_with('7')) redis.run({"XTRIM", "k", "MAXLEN", "1500"});
    });
}
