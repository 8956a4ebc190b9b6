#include <mini_redis/detail/request_traits.hpp>
#include <string_view>
#include <vector>

#include "client/connection_setup.hpp"
#include "support/catch.hpp"

using namespace mini_redis;
using namespace std::chrono_literals;
using words = std::vector<std::string_view>;

TEST_CASE("what a connection that others use may be asked") {
    CHECK(traits_of(words{"GET", "key"}).is_allowed);
    CHECK(traits_of(words{"CLIENT", "ID"}).is_allowed);
    CHECK(traits_of(words{"HELLO"}).is_allowed);
    CHECK_FALSE(traits_of(words{}).is_allowed);
    CHECK_FALSE(traits_of(words{"monitor"}).is_allowed);
    CHECK_FALSE(traits_of(words{"sUbscribe", "x"}).is_allowed);
    CHECK_FALSE(traits_of(words{"CLIENT", "reply", "OFF"}).is_allowed);
    CHECK_FALSE(traits_of(words{"hello", "2"}).is_allowed);
    CHECK_FALSE(traits_of(words{"RESET"}).is_allowed);
}

TEST_CASE("what waits, and how long") {
    const auto waits = [](const words& request, std::chrono::milliseconds expected) {
        const request_traits traits = traits_of(request);
        return traits.blocks && traits.wait == expected;
    };
    CHECK(waits({"BLPOP", "key", "0"}, 0ms));
    CHECK(waits({"brpop", "a", "b", "1.5"}, 1500ms));
    CHECK(waits({"BLMOVE", "a", "b", "LEFT", "RIGHT", "0.0001"}, 1ms));
    CHECK(waits({"BZMPOP", "2", "1", "key", "MIN"}, 2000ms));
    CHECK(waits({"XREAD", "COUNT", "2", "block", "250", "STREAMS", "s", "$"}, 250ms));
    CHECK(waits({"XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"}, 0ms));
    CHECK(waits({"BLPOP", "key", "no number"}, 0ms));
    CHECK(waits({"BLPOP", "key", "-1"}, 0ms));
    CHECK(waits({"BLPOP", "key", "1e300"}, 0ms));
    CHECK(waits({"BLPOP", "key", "nan"}, 0ms));
    CHECK_FALSE(traits_of(words{"BLPOP"}).blocks);
    CHECK_FALSE(traits_of(words{"BITCOUNT", "key", "0", "1"}).blocks);
    CHECK_FALSE(traits_of(words{"XREAD", "STREAMS", "BLOCK", "0"}).blocks);
    CHECK_FALSE(traits_of(words{"LPOP", "key", "0"}).blocks);
}

TEST_CASE("what sets up a connection is remembered by its name") {
    const auto name_of = [](const words& request) { return connection_setup::name_of(request); };
    CHECK(name_of({"select", "3"}) == "SELECT");
    CHECK(name_of({"AUTH", "password"}) == "AUTH");
    CHECK(name_of({"Client", "setname", "x"}) == "CLIENT SETNAME");
    CHECK(name_of({"CLIENT", "SETINFO", "lib-name", "x"}) == "CLIENT SETINFO lib-name");
    CHECK(name_of({"CLIENT", "ID"}).empty());
    CHECK(name_of({"SETEX", "x"}).empty());
    for (const std::string_view command : {"SELECT", "auth", "client"})
        CHECK(connection_setup::may_set_up(command));
    CHECK_FALSE(connection_setup::may_set_up("GET"));
    CHECK_FALSE(connection_setup::may_set_up(""));

    connection_setup setup;
    setup.remember("SELECT", "one");
    setup.remember("SELECT", "one");
    CHECK(setup.version() == 1);
    setup.remember("SELECT", "two");
    setup.remember("AUTH", "three");
    CHECK(setup.version() == 3);
    CHECK(setup.requests().begin()->first == "AUTH");
    CHECK(setup.requests().at("SELECT") == "two");
}
