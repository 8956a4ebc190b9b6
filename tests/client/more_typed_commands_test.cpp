// The typed commands that are asked for less often than those in typed_commands_test.cpp.
#include <array>
#include <map>
#include <mini_redis/client.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/typed_calls.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using texts = std::vector<std::string>;
using scored = std::vector<scored_member>;
using numbers = std::vector<std::int64_t>;

// So that it is the same in milliseconds and in seconds, which EXPIRETIME rounds.
const auto later = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + 1h;
const std::int64_t later_seconds = later.time_since_epoch().count();

} // namespace

TEST_CASE("options of SET and GETEX") {
    with_each_server([](blocking_client& c) {
        CHECK(c.set("a", 1, {.expire_at = later}));
        CHECK(c.expiretime("a") == later_seconds);
        CHECK(c.getset("a", 2, {.keep_ttl = true}) == "1");
        CHECK(c.ttl("a") > 0);
        CHECK(c.getex_persist("a") == "2");
        CHECK(c.ttl("a") == -1);
        CHECK(c.getex("a", later) == "2");
        CHECK(c.pexpiretime("a") == 1000 * later_seconds);
        CHECK(c.getset("a", 3, {.condition = set_condition::if_absent}) == "2");
        CHECK(c.get("a") == "2");
        CHECK(c.getset("b", 3, {.ttl = 1h, .condition = set_condition::if_absent}) == std::nullopt);
        CHECK(c.ttl("b") > 3000);
        CHECK(c.getex("absent", later) == std::nullopt);
        CHECK(c.getex_persist("absent") == std::nullopt);
        c.sadd("set", 1);
        CHECK(is_refused(c.getset("set", 1, {}, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.getex_persist("set", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("ranges of bits, and bit fields") {
    with_each_server([](blocking_client& c) {
        c.set("a", "foobar");
        CHECK(c.bitcount("a", 0, 0, bit_unit::bytes) == 4);
        CHECK(c.bitcount("a", 5, 30, bit_unit::bits) == 17);
        CHECK(c.bitcount("absent", 0, -1, bit_unit::bytes) == 0);
        c.set("b", std::string("\x00\xff\xf0", 3));
        CHECK(c.bitpos("b", true, 2, -1, bit_unit::bytes) == 16);
        CHECK(c.bitpos("b", true, 9, 15, bit_unit::bits) == 9);
        CHECK(c.bitpos("b", true, 22, 23, bit_unit::bits) == -1);

        using fields = std::vector<std::optional<std::int64_t>>;
        CHECK(c.bitfield("f", "SET", "u8", 0, 200, "GET", "u4", "#1", "INCRBY", "u8", 0, 5) ==
              fields{0, 8, 205});
        CHECK(c.bitfield("f", "OVERFLOW", "FAIL", "INCRBY", "u8", 0, 100) == fields{std::nullopt});
        CHECK(c.bitfield("f").empty());
        CHECK(c.bitfield_ro("f", "GET", "u8", 0, "GET", "i8", 0) == numbers{205, -51});
        CHECK(c.bitfield_ro("absent", "GET", "u8", 0) == numbers{0});
        CHECK(is_refused(c.bitfield("f", "GET", "u99", 0, as_result), "ERR Invalid bitfield type"));
        CHECK(is_refused(c.bitfield_ro("f", "SET", "u8", 0, 1, as_result), "ERR BITFIELD_RO"));
        c.sadd("set", 1);
        CHECK(is_refused(c.bitcount("set", 0, -1, bit_unit::bits, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.bitpos("set", true, 0, -1, bit_unit::bits, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.bitfield("set", "GET", "u8", 0, as_result), "WRONGTYPE"));
    });
}

TEST_CASE("LCS") {
    with_each_server([](blocking_client& c) {
        c.mset("a", "ohmytext", "b", "mynewtext");
        CHECK(c.lcs("a", "b") == "mytext");
        CHECK(c.lcs("a", "absent") == "");
        CHECK(c.lcs_len("a", "b") == 6);
        CHECK(c.lcs_idx("a", "b") == lcs_matches{{{{4, 7}, {5, 8}, 4}, {{2, 3}, {0, 1}, 2}}, 6});
        CHECK(c.lcs_idx("a", "b", {.min_length = 3}) == lcs_matches{{{{4, 7}, {5, 8}, 4}}, 6});
        CHECK(c.lcs_idx("a", "absent") == lcs_matches{});
        c.sadd("set", 1);
        CHECK(is_refused(c.lcs("a", "set", as_result), "ERR The specified keys"));
        CHECK(is_refused(c.lcs_idx("a", "set", as_result), "ERR The specified keys"));
    });
}

TEST_CASE("conditions of EXPIRE") {
    with_each_server([](blocking_client& c) {
        c.set("a", 1);
        CHECK_FALSE(c.expire("a", 10s, expire_condition::if_any));
        CHECK_FALSE(c.expire("a", 10s, expire_condition::if_later));
        CHECK(c.expire("a", 100s, expire_condition::if_none));
        CHECK(c.expire("a", 200s, expire_condition::if_later));
        CHECK(c.expire("a", 100s, expire_condition::if_sooner));
        CHECK(c.expire("a", 50s, expire_condition::always));
        CHECK(c.ttl("a") <= 50);
        CHECK_FALSE(c.expire_at("a", later, expire_condition::if_none));
        CHECK(c.expire_at("a", later, expire_condition::if_any));
        CHECK(c.expiretime("a") == later_seconds);
        CHECK_FALSE(c.expire("absent", 1s, expire_condition::always));
        CHECK(c.expiretime("absent") == -2);
        CHECK(c.persist("a"));
        CHECK(c.pexpiretime("a") == -1);
    });
}

TEST_CASE("options of COPY and RESTORE") {
    with_each_server([](blocking_client& c) {
        c.mset("a", 1, "b", 2);
        CHECK_FALSE(c.copy("a", "b", copy_options{}));
        CHECK(c.copy("a", "b", {.replace = true}));
        CHECK(c.get("b") == "1");
        CHECK(c.copy("a", "a", {.database = 1}));
        CHECK_FALSE(c.copy("a", "a", {.database = 1}));
        CHECK_FALSE(c.copy("absent", "c", {.replace = true}));

        const std::string dumped = c.dump("a").value();
        CHECK(is_refused(c.restore("b", 0ms, dumped, as_result), "BUSYKEY"));
        c.restore("b", later.time_since_epoch(), dumped, {.replace = true, .absolute_ttl = true});
        CHECK(c.expiretime("b") == later_seconds);
        c.restore("c", 0ms, dumped, {.idle = 100s});
        CHECK(c.object_idletime("c") == 100);
        CHECK(is_refused(c.restore("d", 0ms, dumped, {.frequency = 300}, as_result),
                         "ERR Invalid FREQ value"));
        CHECK(is_refused(c.restore("d", 0ms, "x", {}, as_result), "ERR DUMP payload"));
    });
}

TEST_CASE("MIGRATE") {
    with_each_server_that_knows("MIGRATE", [](blocking_client& c) {
        const redis_process there = start(server_kind::redis);
        auto other = blocking_client::connect(address_of(there));
        c.mset("a", 1, "b", 2, "c", 3);
        const std::string host = "127.0.0.1";
        const int port = there.port();
        CHECK(c.migrate(host, port, {}, "a", texts{"b"}) == "OK");
        CHECK(other.get("b") == "2");
        CHECK(c.exists("a", "b") == 0);
        CHECK(c.migrate(host, port, {.database = 1, .time_out = 5s, .copy = true}, "c") == "OK");
        CHECK(c.exists("c") == 1);
        CHECK(is_refused(c.migrate(host, port, {.database = 1}, "c", as_result), "ERR Target"));
        CHECK(c.migrate(host, port, {.database = 1, .replace = true}, "c") == "OK");
        CHECK(c.migrate(host, port, {}, "absent") == "NOKEY");
        c.set("d", 4);
        other.config_set("requirepass", "secret");
        CHECK(is_refused(c.migrate(host, port, {.password = "wrong"}, "d", as_result),
                         "ERR Target instance replied with error: WRONGPASS"));
        c.set("e", 5);
        CHECK(c.migrate(host, port, {.password = "secret"}, "e") == "OK");
        c.set("e", 5);
        CHECK(c.migrate(host, port, {.replace = true, .user = "default", .password = "secret"},
                        "e") == "OK");
    });
}

TEST_CASE("OBJECT and MEMORY USAGE") {
    with_each_server([](blocking_client& c) {
        c.set("a", 1);
        c.rpush("l", "x");
        c.zadd("z", 1, std::string(100, 'x'));
        CHECK(c.object_encoding("a") == "int");
        CHECK(c.object_encoding("z") == "skiplist");
        CHECK(c.object_encoding("absent") == std::nullopt);
        CHECK(c.object_refcount("l") == 1);
        CHECK(c.object_refcount("absent") == std::nullopt);
        CHECK(c.object_idletime("a").value() < 60);
        CHECK(c.object_idletime("absent") == std::nullopt);
        CHECK(is_refused(c.object_freq("a", as_result), "ERR An LFU maxmemory policy"));
        CHECK(c.object_freq("absent") == std::nullopt);
        CHECK(c.memory_usage("l").value() > 0);
        CHECK(c.memory_usage("l", 0).value() > 0);
        CHECK(c.memory_usage("absent") == std::nullopt);
        CHECK(c.memory_usage("absent", 5) == std::nullopt);
    });
}

TEST_CASE("SORT") {
    with_each_server([](blocking_client& c) {
        c.rpush("l", 3, 20, 1);
        c.mset("w_3", 1, "w_20", 2, "w_1", 3, "name_1", "one", "name_20", "twenty");
        CHECK(c.sort("l") == texts{"1", "3", "20"});
        CHECK(c.sort<std::vector<int>>("l", {.descending = true}) == std::vector<int>{20, 3, 1});
        CHECK(c.sort("l", {.as_texts = true}) == texts{"1", "20", "3"});
        CHECK(c.sort("l", {.by = "w_*"}) == texts{"3", "20", "1"});
        CHECK(c.sort("l", {.by = "w_*", .offset = 1, .count = 1}) == texts{"20"});
        CHECK(c.sort("l", {.offset = 1}) == texts{"3", "20"});
        CHECK(c.sort("absent").empty());
        CHECK(c.sort_ro("l") == texts{"1", "3", "20"});
        CHECK(c.sort_ro("l", {.count = 2}) == texts{"1", "3"});
        CHECK(
            c.sort_get("l", {}, "name_*", texts{"#"}) ==
            std::vector<std::optional<std::string>>{"one", "1", std::nullopt, "3", "twenty", "20"});
        CHECK(c.sort_store("to", "l", {.descending = true}) == 3);
        CHECK(c.lrange("to", 0, -1) == texts{"20", "3", "1"});
        CHECK(c.sort_store("to", "l", {}, "#", "name_*") == 6);
        CHECK(c.sort_store("to", "absent", {}) == 0);
        c.rpush("words", "b", "a");
        CHECK(is_refused(c.sort("words", as_result), "ERR One or more scores"));
        CHECK(is_refused(c.sort("name_1", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.sort_ro("name_1", {}, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.sort_get("name_1", {}, "#", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("one random field or member") {
    with_each_server([](blocking_client& c) {
        c.hset("h", "a", 1);
        c.zadd("z", 1, "a");
        CHECK(c.hrandfield("h") == "a");
        CHECK(c.hrandfield("absent") == std::nullopt);
        CHECK(c.hrandfield("absent", 2).empty());
        CHECK(c.zrandmember("z") == "a");
        CHECK(c.zrandmember("absent") == std::nullopt);
        CHECK(c.zrandmember_withscores("z", 5) == scored{{"a", 1}});
        CHECK(c.zrandmember_withscores("z", -2) == scored{{"a", 1}, {"a", 1}});
        CHECK(is_refused(c.hrandfield("z", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zrandmember("h", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("LPOS and LMPOP") {
    with_each_server([](blocking_client& c) {
        c.rpush("l", texts{"a", "b", "c", "a", "b", "a"});
        CHECK(c.lpos("l", "a", {.rank = 2}) == 3);
        CHECK(c.lpos("l", "a", {.rank = -1}) == 5);
        CHECK(c.lpos("l", "c", {.max_length = 2}) == std::nullopt);
        CHECK(c.lpos_many("l", "a", 0) == numbers{0, 3, 5});
        CHECK(c.lpos_many("l", "a", 2, {.rank = -1}) == numbers{5, 3});
        CHECK(c.lpos_many("l", "x", 0).empty());
        CHECK(c.lpos_many("absent", "x", 0).empty());

        using popped = std::pair<std::string, texts>;
        CHECK(c.lmpop(list_side::left, 2, "absent", "l") == popped{"l", {"a", "b"}});
        CHECK(c.lmpop(list_side::right, 1, texts{"l"}) == popped{"l", {"a"}});
        CHECK(c.lmpop(list_side::left, 1, "absent") == std::nullopt);
        c.set("text", 1);
        CHECK(is_refused(c.lpos_many("text", "a", 0, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.lmpop(list_side::left, 1, "text", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("ranges of sorted sets") {
    with_each_server([](blocking_client& c) {
        c.zadd("z", 1, "a", 2, "b", 3, "c", 4, "d");
        CHECK(c.zadd_incr("z", {}, 0.5, "a") == 1.5);
        CHECK(c.zadd_incr("z", {.only = zadd_options::members::new_ones}, 1, "a") == std::nullopt);
        CHECK(c.zrangebyscore("z", 2, "+inf", {.offset = 1, .count = 1}) == texts{"c"});
        CHECK(c.zrangebyscore("z", 2, "+inf", {.offset = 1}) == texts{"c", "d"});
        CHECK(c.zrangebyscore_withscores("z", 0, 2, {.count = 1}) == scored{{"a", 1.5}});
        CHECK(c.zrevrangebyscore("z", 3, "-inf") == texts{"c", "b", "a"});
        CHECK(c.zrevrangebyscore("z", "+inf", 0, {.count = 2}) == texts{"d", "c"});
        CHECK(c.zrevrangebyscore_withscores("z", "(4", 3) == scored{{"c", 3}});
        CHECK(c.zrevrangebyscore_withscores("z", 4, 0, {.offset = 3}) == scored{{"a", 1.5}});
        CHECK(c.zrevrangebyscore("absent", 1, 0).empty());

        CHECK(c.zrangestore("to", "z", 0, 1) == 2);
        CHECK(c.zrangestore("to", "z", 3, 1,
                            {.by = zrangestore_options::order::score,
                             .reverse = true,
                             .limit = {.offset = 0, .count = 2}}) == 2);
        CHECK(c.zrange("to", 0, -1) == texts{"b", "c"});
        CHECK(c.zrangestore("to", "absent", 0, -1) == 0);

        c.zadd("n", 0, "a", 0, "b", 0, "c");
        CHECK(c.zlexcount("n", "-", "(c") == 2);
        CHECK(c.zrangebylex("n", "-", "+", {.offset = 1, .count = 1}) == texts{"b"});
        CHECK(c.zrevrangebylex("n", "+", "[b") == texts{"c", "b"});
        CHECK(c.zrevrangebylex("n", "+", "-", {.offset = 2}) == texts{"a"});
        CHECK(c.zrangestore("to", "n", "[b", "+", {.by = zrangestore_options::order::name}) == 2);
        CHECK(c.zremrangebylex("n", "[b", "+") == 2);

        using popped = std::pair<std::string, scored>;
        CHECK(c.zmpop(score_end::min, 1, "absent", "z") == popped{"z", {{"a", 1.5}}});
        CHECK(c.zmpop(score_end::max, 2, texts{"z"}) == popped{"z", {{"d", 4}, {"c", 3}}});
        CHECK(c.zmpop(score_end::max, 2, "absent") == std::nullopt);

        c.set("text", 1);
        CHECK(is_refused(c.zlexcount("text", "-", "+", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zrevrangebyscore("text", 1, 0, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zrevrangebylex("text", "+", "-", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zrangestore("to", "text", 0, 1, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zremrangebylex("text", "-", "+", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zmpop(score_end::min, 1, "text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zadd_incr("text", {}, 1, "a", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("several sets and sorted sets") {
    with_each_server([](blocking_client& c) {
        c.zadd("x", 1, "a", 2, "b", 3, "c");
        c.zadd("y", 10, "b", 20, "c", 30, "d");
        const std::array weights{2.0, 0.5};
        using aggregation = zset_algebra_options::aggregation;
        const zset_algebra_options weighted{.weights = weights, .aggregate = aggregation::max};

        CHECK(c.zunion("x", "y") == texts{"a", "b", "c", "d"});
        CHECK(c.zunion(weighted, "x", "y") == texts{"a", "b", "c", "d"});
        CHECK(c.zunion_withscores(texts{"x", "y"}) ==
              scored{{"a", 1}, {"b", 12}, {"c", 23}, {"d", 30}});
        CHECK(c.zunion_withscores(weighted, "x", "y") ==
              scored{{"a", 2}, {"b", 5}, {"c", 10}, {"d", 15}});
        CHECK(c.zinter("x", "y") == texts{"b", "c"});
        CHECK(c.zinter({.aggregate = aggregation::min}, "x", texts{"y"}) == texts{"b", "c"});
        CHECK(c.zinter_withscores("x", "y") == scored{{"b", 12}, {"c", 23}});
        CHECK(c.zinter_withscores({.aggregate = aggregation::min}, "x", "y") ==
              scored{{"b", 2}, {"c", 3}});
        CHECK(c.zdiff("x", "y") == texts{"a"});
        CHECK(c.zdiff_withscores("y", "x") == scored{{"d", 30}});
        CHECK(c.zunionstore("to", "x", "y") == 4);
        CHECK(c.zunionstore("to", weighted, "x", "y") == 4);
        CHECK(c.zscore("to", "c") == 10);
        CHECK(c.zinterstore("to", "x", "y") == 2);
        CHECK(c.zinterstore("to", weighted, texts{"x", "y"}) == 2);
        CHECK(c.zdiffstore("to", "x", "y") == 1);
        CHECK(c.zintercard("x", "y") == 2);
        CHECK(c.zintercard({.limit = 1}, "x", texts{"y"}) == 1);
        CHECK(c.zunion("absent").empty());
        CHECK(c.zinter_withscores("x", "absent").empty());
        CHECK(c.zdiffstore("to", "absent") == 0);

        c.sadd("s", "a", "b");
        c.sadd("t", "a", "b", "c");
        CHECK(c.sintercard("s", "t") == 2);
        CHECK(c.sintercard({.limit = 1}, texts{"s", "t"}) == 1);
        CHECK(c.sintercard("s", "absent") == 0);
        CHECK(c.zunion_withscores("s", "x") == scored{{"a", 2}, {"b", 3}, {"c", 3}});

        c.set("text", 1);
        CHECK(is_refused(c.zunion("text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zinter_withscores("text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zdiff("text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zunionstore("to", weighted, "text", "x", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zintercard("text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.sintercard({.limit = 1}, "text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.zunion(weighted, "x", as_result), "ERR syntax error"));
    });
}

TEST_CASE("such commands in pipelines and coroutines") {
    const redis_process server = start(server_kind::mini_redis);
    auto c = blocking_client::connect(address_of(server));
    auto [added, both, popped] = c.pipeline()
                                     .zadd("z", 1, "a", 2, "b")
                                     .zunion_withscores("z", texts{"z"})
                                     .zmpop(score_end::max, 1, "absent", "z")
                                     .execute();
    CHECK(added == 2);
    CHECK(both == scored{{"a", 2}, {"b", 4}});
    CHECK(popped.value().second == scored{{"b", 2}});
    run([&]() -> asio::awaitable<void> {
        client d = co_await client::connect(address_of(server));
        co_await d.rpush("l", 3, 1, 2);
        const auto sorted = co_await d.sort("l", {.count = 2, .descending = true});
        CHECK(sorted == texts{"3", "2"});
        const std::array weights{1.0, 3.0};
        const auto scores = co_await d.zunion_withscores({.weights = weights}, "z", "z");
        CHECK(scores == scored{{"a", 4}});
        const auto refused = co_await d.zunion({.weights = weights}, "l", 5, as_result);
        CHECK(is_refused(refused, "WRONGTYPE"));
    });
}
