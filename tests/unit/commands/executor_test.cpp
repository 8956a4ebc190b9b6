#include "commands/executor.hpp"

#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

TEST_CASE("what is no command is answered with an error") {
    command_fixture redis;
    CHECK(redis.run("NOSUCH a b") ==
          "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n");
    CHECK(redis.run("CONFIG NOSUCH") == "-ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.\r\n");
    CHECK(redis.run("CONFIG") == "-ERR wrong number of arguments for 'config' command\r\n");
    CHECK(redis.run("GET") == "-ERR wrong number of arguments for 'get' command\r\n");
    CHECK(redis.run("CONFIG GET") == "-ERR wrong number of arguments for 'config|get' command\r\n");
    CHECK(redis.count.error_replies.get() == 5);
    const auto noted = redis.server.noted.errors.all();
    REQUIRE(noted.size() == 1);
    CHECK(noted[0] == std::pair<std::string, std::uint64_t>{"ERR", 5});
}

TEST_CASE("errors of handlers are counted once") {
    command_fixture redis;
    redis.run("RENAME nokey other");
    redis.run("SET k v");
    CHECK(redis.count.error_replies.get() == 1);
}

TEST_CASE("with a password, only few commands run without it") {
    command_fixture redis;
    redis.server.config.initialize("requirepass", "secret");
    redis.client.authenticated = false;
    CHECK(redis.run("GET k") == "-NOAUTH Authentication required.\r\n");
    CHECK(redis.run("HELLO 3").starts_with("-NOAUTH HELLO must be called"));
    CHECK(redis.client.protocol == protocol_version::resp2);
    CHECK(redis.run("AUTH wrong").starts_with("-WRONGPASS"));
    CHECK(redis.run("AUTH other secret").starts_with("-WRONGPASS"));
    CHECK(redis.run("HELLO 3 AUTH default secret").starts_with("%7\r\n"));
    CHECK(redis.run("GET k") == "_\r\n");
    CHECK(redis.run("RESET") == "+RESET\r\n");
    CHECK(redis.run("GET k") == "-NOAUTH Authentication required.\r\n");
    CHECK(redis.run("AUTH secret") == "+OK\r\n");
    CHECK(redis.run("GET k") == "$-1\r\n");
}

TEST_CASE("a RESP2 subscriber may do little else") {
    command_fixture redis;
    CHECK(redis.run("SUBSCRIBE c") == "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    CHECK(redis.run("GET k").starts_with("-ERR Can't execute 'get': only"));
    CHECK(redis.run("PING") == "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    CHECK(redis.run("UNSUBSCRIBE") == "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
    CHECK(redis.run("GET k") == "$-1\r\n");

    redis.run("HELLO 3");
    CHECK(redis.run("SUBSCRIBE c") == ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    CHECK(redis.run("GET k") == "_\r\n");
    CHECK(redis.run("PING") == "+PONG\r\n");
}
