// The snippets of the client's commands.
#include <mini_redis/script.hpp>

#include "surroundings.hpp"

using namespace snippets;

TEST_CASE("commands/blocking.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        const auto work = [](const std::string& job) { print(job); };
        co_await c.rpush("jobs", "one");
#include "mini_redis/commands/blocking.hpp.1"
        CHECK(take_printed() == "one\n");
    });
}

TEST_CASE("commands/composed.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
#include "mini_redis/commands/composed.hpp.1"
        CHECK(name == std::nullopt);
        CHECK(visits == 1);
    });
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("stock", 10);
#include "mini_redis/commands/composed.hpp.2"
        CHECK(left == 5);
    });
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.mset("report", "all well", "name", "Ada", "user:1", "Ada");
#include "mini_redis/commands/composed.hpp.3"
#include "mini_redis/commands/composed.hpp.4"
#include "mini_redis/commands/composed.hpp.5"
        CHECK(report == "all well");
        CHECK(name == "Ada");
        CHECK(take_printed() == "user:1\n");
    });
}

TEST_CASE("commands/generic.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("key", "four");
        co_await c.rpush("list", "a", "b");
#include "mini_redis/commands/generic.hpp.1"
        CHECK(idle == 0);
        {
#include "mini_redis/commands/generic.hpp.2"
            CHECK(reply.elements().size() == 2);
        }
#include "mini_redis/commands/generic.hpp.3"
        CHECK(size == 4);
    });
}

TEST_CASE("commands/geo.hpp") {
    with_client("GEOSEARCH", [](client& c) -> asio::awaitable<void> {
        const geo_position here{13.361389, 38.115556};
        co_await c.command<int>("GEOADD", "cafés", 13.3614, 38.1155, "near", 15.0873, 37.5027,
                                "far");
#include "mini_redis/commands/geo.hpp.1"
        CHECK(near == std::vector<std::string>{"near"});
    });
}

TEST_CASE("commands/scripts.hpp") {
    with_client("EVAL", [](client& c) -> asio::awaitable<void> {
        const script compare_and_delete{"return redis.call('GET', KEYS[1]) == ARGV[1]"};
        const std::string token = "token";
        co_await c.set("lock", token);
#include "mini_redis/commands/scripts.hpp.1"
        CHECK(deleted);
    });
}

TEST_CASE("commands/server.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
#include "mini_redis/commands/server.hpp.1"
        CHECK_FALSE(used.empty());
    });
}

TEST_CASE("commands/streams.hpp") {
    with_client("XREAD", [](client& c) -> asio::awaitable<void> {
        const std::string id = co_await c.xadd("log", "field", "value");
        std::string last = "0";
#include "mini_redis/commands/streams.hpp.1"
        CHECK(last == id);
    });
}
