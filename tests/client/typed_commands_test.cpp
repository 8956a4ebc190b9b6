// Each typed command, against our server and a real one, in both protocols.
#include <map>
#include <mini_redis/client.hpp>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "client/typed_calls.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using texts = std::vector<std::string>;
using text_set = std::set<std::string>;
using scored = std::vector<scored_member>;

// Has no default constructor, and throws what is none of the library's errors.
class shelf {
public:
    explicit shelf(int number) noexcept : number_{number} {}

    int number() const noexcept { return number_; }

private:
    int number_;
};

} // namespace

template <>
struct mini_redis::from_reply<shelf> {
    static shelf read(const reply_view& reply) {
        return shelf{std::stoi(read_reply<std::string>(reply))};
    }
};

TEST_CASE("a user's type among others") {
    with_each_server([](blocking_client& c) {
        c.mset("a", 12, "b", "nowhere");
        CHECK(c.get<shelf>("a").number() == 12);
        const auto both = c.mget<std::vector<std::optional<shelf>>>("a", "absent");
        CHECK(both.at(0)->number() == 12);
        CHECK_FALSE(both.at(1));
        // Whatever it throws, it is not the one that the reply fits.
        using place = std::variant<shelf, std::string>;
        CHECK(c.get<place>("a").index() == 0);
        CHECK(std::get<std::string>(c.get<place>("b")) == "nowhere");
        CHECK(c.get<shelf>("b", as_result).error().code() == errc::unexpected_reply);
    });
}

TEST_CASE("strings and bits") {
    with_each_server([](blocking_client& c) {
        CHECK(c.set("a", "text"));
        CHECK_FALSE(c.set("a", "x", {.condition = set_condition::if_absent}));
        CHECK(c.getset("a", "other") == "text");
        CHECK(c.append("a", "!") == 6);
        CHECK(c.strlen("a") == 6);
        CHECK(c.getrange("a", 0, 2) == "oth");
        CHECK(c.setrange("a", 5, "??") == 7);
        CHECK(c.getdel("a") == "other??");
        CHECK(c.get("a") == std::nullopt);
        c.mset("a", 1, "b", 2.5);
        CHECK_FALSE(c.msetnx(std::map<std::string, int>{{"b", 1}, {"c", 1}}));
        CHECK(c.mget<std::vector<double>>("a", "b") == std::vector<double>{1, 2.5});
        CHECK(c.incr("a") == 2);
        CHECK(c.incrby("a", 10) == 12);
        CHECK(c.decr("a") == 11);
        CHECK(c.decrby("a", 5) == 6);
        CHECK(c.incrbyfloat("a", 0.5) == 6.5);
        CHECK(c.getex("a", 100s) == "6.5");
        CHECK(c.ttl("a") > 90);

        CHECK_FALSE(c.setbit("bits", 7, true));
        CHECK(c.getbit("bits", 7));
        CHECK(c.bitcount("bits") == 1);
        CHECK(c.bitpos("bits", true) == 7);
        CHECK(c.bitop("NOT", "inverse", "bits") == 1);
        CHECK(c.bitcount("inverse") == 7);
    });
}

TEST_CASE("keys") {
    with_each_server([](blocking_client& c) {
        c.mset("a", 1, "b", 2, "c", 3);
        CHECK(c.dbsize() == 3);
        CHECK(c.exists("a", texts{"b", "absent"}) == 2);
        CHECK(c.touch("a") == 1);
        CHECK(c.type("a") == "string");
        CHECK(c.keys<text_set>("*") == text_set{"a", "b", "c"});
        CHECK(c.randomkey().has_value());
        CHECK(c.expire("a", 100s));
        CHECK(c.pttl("a") > 90'000);
        CHECK(c.expire_at("a", std::chrono::system_clock::now() + 1000s));
        CHECK(c.ttl("a") > 900);
        CHECK(c.persist("a"));
        CHECK(c.ttl("a") == -1);
        c.rename("a", "d");
        CHECK_FALSE(c.renamenx("d", "b"));
        CHECK(c.copy("d", "e"));
        CHECK(c.move("e", 1));
        CHECK_THROWS_AS(c.rename("absent", "x"), redis_error);
        const auto dumped = c.dump("d");
        REQUIRE(dumped);
        CHECK(c.del("d", "absent") == 1);
        c.restore("d", 0ms, *dumped);
        CHECK(c.get<int>("d") == 1);
        CHECK(c.unlink(texts{"b", "c", "d"}) == 3);
        CHECK(c.randomkey() == std::nullopt);
        c.command<void>("SELECT", 1);
        c.flushdb();
    });
}

TEST_CASE("hashes") {
    with_each_server([](blocking_client& c) {
        CHECK(c.hset("h", "a", 1, "b", "two") == 2);
        CHECK(c.hset("h", std::map<std::string, int>{{"a", 5}, {"c", 3}}) == 1);
        CHECK_FALSE(c.hsetnx("h", "a", 1));
        CHECK(c.hget("h", "b") == "two");
        CHECK(c.hget<int>("h", "a") == 5);
        CHECK(c.hget("h", "absent") == std::nullopt);
        CHECK(c.hmget("h", "a", "absent") ==
              std::vector<std::optional<std::string>>{"5", std::nullopt});
        CHECK(c.hgetall<std::map<std::string, std::string>>("h") ==
              std::map<std::string, std::string>{{"a", "5"}, {"b", "two"}, {"c", "3"}});
        CHECK(c.hgetall("absent").empty());
        CHECK(c.hexists("h", "a"));
        CHECK(c.hlen("h") == 3);
        CHECK(c.hstrlen("h", "b") == 3);
        CHECK(c.hkeys<text_set>("h") == text_set{"a", "b", "c"});
        CHECK(c.hvals<text_set>("h") == text_set{"3", "5", "two"});
        CHECK(c.hincrby("h", "a", 2) == 7);
        CHECK(c.hincrbyfloat("h", "a", 0.5) == 7.5);
        CHECK(c.hrandfield("h", -5).size() == 5);
        CHECK(c.hrandfield_withvalues("h", 5).size() == 3);
        CHECK(c.hdel("h", "a", "b", "absent") == 2);
    });
}

TEST_CASE("lists") {
    with_each_server([](blocking_client& c) {
        CHECK(c.rpush("l", "b", texts{"c", "d"}) == 3);
        CHECK(c.lpush("l", 1) == 4);
        CHECK(c.lpushx("absent", 1) == 0);
        CHECK(c.rpushx("l", "e") == 5);
        CHECK(c.lrange("l", 0, -1) == texts{"1", "b", "c", "d", "e"});
        CHECK(c.llen("l") == 5);
        CHECK(c.lindex("l", -1) == "e");
        CHECK(c.lindex("l", 9) == std::nullopt);
        CHECK(c.linsert_before("l", "b", "a") == 6);
        CHECK(c.linsert_after("l", "absent", "a") == -1);
        c.lset("l", 0, "0");
        CHECK(c.lpos("l", "c") == 3);
        CHECK(c.lpos("l", "absent") == std::nullopt);
        CHECK(c.lrem("l", 0, "a") == 1);
        CHECK(c.lmove("l", "m", list_side::left, list_side::right) == "0");
        CHECK(c.lpop("l") == "b");
        CHECK(c.rpop<std::string>("l") == "e");
        CHECK(c.lpop_many("l", 1) == texts{"c"});
        CHECK(c.rpop_many("absent", 1) == std::nullopt);
        c.rpush("l", "x", "y");
        c.ltrim("l", 0, 1);
        CHECK(c.lrange("l", 0, -1) == texts{"d", "x"});
    });
}

TEST_CASE("sets") {
    with_each_server([](blocking_client& c) {
        CHECK(c.sadd("s", "a", "b", texts{"c"}) == 3);
        CHECK(c.sadd("t", "b", 1) == 2);
        CHECK(c.scard("s") == 3);
        CHECK(c.sismember("s", "a"));
        CHECK(c.smismember("s", "a", "x") == std::vector<bool>{true, false});
        CHECK(c.smembers("s") == text_set{"a", "b", "c"});
        CHECK(c.sinter("s", "t") == text_set{"b"});
        CHECK(c.sunion("s", "t") == text_set{"1", "a", "b", "c"});
        CHECK(c.sdiff("s", "t") == text_set{"a", "c"});
        CHECK(c.sinterstore("d", "s", "t") == 1);
        CHECK(c.sunionstore("d", texts{"s", "t"}) == 4);
        CHECK(c.sdiffstore("d", "s", "t") == 2);
        CHECK(c.smove("s", "t", "a"));
        CHECK(c.srandmember("s").has_value());
        CHECK(c.srandmember_many("s", -5).size() == 5);
        CHECK(c.spop("absent") == std::nullopt);
        CHECK(c.spop_many("s", 9) == text_set{"b", "c"});
        CHECK(c.srem("t", "a", "x") == 1);
    });
}

TEST_CASE("sorted sets") {
    with_each_server([](blocking_client& c) {
        CHECK(c.zadd("z", 1, "a", 2, "b") == 2);
        CHECK(c.zadd("z", std::vector<std::pair<double, std::string>>{{3, "c"}, {4, "d"}}) == 2);
        const zadd_options changed{.greater = true, .count_changed = true};
        CHECK(c.zadd("z", changed, 0, "a", 5, "d") == 1);
        CHECK(c.zincrby("z", 0.5, "a") == 1.5);
        CHECK(c.zcard("z") == 4);
        CHECK(c.zscore("z", "a") == 1.5);
        CHECK(c.zscore("z", "absent") == std::nullopt);
        CHECK(c.zmscore("z", "b", "absent") == std::vector<std::optional<double>>{2, std::nullopt});
        CHECK(c.zrank("z", "c") == 2);
        CHECK(c.zrevrank("z", "absent") == std::nullopt);
        CHECK(c.zcount("z", "(1.5", "+inf") == 3);
        CHECK(c.zrange("z", 0, 1) == texts{"a", "b"});
        CHECK(c.zrange_withscores("z", 0, 0) == scored{{"a", 1.5}});
        CHECK(c.zrevrange("z", 0, 0) == texts{"d"});
        CHECK(c.zrevrange_withscores("z", 0, 0) == scored{{"d", 5}});
        CHECK(c.zrangebyscore("z", 2, 3) == texts{"b", "c"});
        CHECK(c.zrangebyscore_withscores("z", "-inf", "(2") == scored{{"a", 1.5}});
        CHECK(c.zrandmember("z", 9).size() == 4);
        CHECK(c.zpopmin("z", 1) == scored{{"a", 1.5}});
        CHECK(c.zpopmax("z", 2) == scored{{"d", 5}, {"c", 3}});
        CHECK(c.zrem("z", "b", "absent") == 1);
        CHECK(c.zpopmin("z", 1).empty());
        c.zadd("lex", 0, "a", 0, "b", 0, "c");
        CHECK(c.zrangebylex("lex", "[b", "+") == texts{"b", "c"});
        CHECK(c.zremrangebyrank("lex", 0, 0) == 1);
        CHECK(c.zremrangebyscore("lex", 0, 0) == 2);
    });
}

TEST_CASE("publishing") {
    with_each_server([](blocking_client& c) {
        CHECK(c.publish("channel", "message") == 0);
        CHECK(c.spublish("channel", 5) == 0);
        CHECK(c.ping() == "PONG");
        CHECK(c.ping("hello") == "hello");
    });
}

TEST_CASE("iterations give everything") {
    with_each_server([](blocking_client& c) {
        text_set names;
        for (int i = 0; i < 1000; ++i) {
            const std::string name = "user:" + std::to_string(i);
            c.set(name, i);
            c.hset("hash", name, i);
            c.sadd("set", name);
            c.zadd("zset", i, name);
            names.insert(name);
        }
        text_set seen;
        auto keys = c.scan({.match = "user:*", .type = "string", .count = 100});
        while (const auto key = keys.next())
            seen.insert(*key);
        CHECK(seen == names);
        CHECK(keys.next() == std::nullopt);

        seen.clear();
        auto members = c.sscan("set");
        while (const auto member = members.next())
            seen.insert(*member);
        CHECK(seen == names);

        std::map<std::string, std::string> fields;
        auto pairs = c.hscan("hash", {.match = "user:99*"});
        while (const auto pair = pairs.next())
            fields.insert(*pair);
        CHECK(fields.size() == 11);
        CHECK(fields["user:999"] == "999");

        std::map<std::string, double> scores;
        auto both = c.zscan("zset");
        while (const auto pair = both.next())
            scores.insert(*pair);
        CHECK(scores.size() == 1000);
        CHECK(scores["user:5"] == 5);
        CHECK(c.scan({.match = "no:*"}).next() == std::nullopt);
        CHECK_THROWS_AS(c.hscan("set").next(), redis_error);
    });
}

TEST_CASE("a coroutine iterates, too") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        for (int i = 0; i < 100; ++i)
            co_await c.set(std::to_string(i), i);
        int count = 0;
        auto keys = c.scan();
        while (const auto key = co_await keys.next())
            ++count;
        CHECK(count >= 100);
    });
}
