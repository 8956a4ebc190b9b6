#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace std::chrono_literals;

TEST_CASE("a key is gone at its time, not a millisecond later") {
    command_fixture redis;
    redis.run("SET k v");
    CHECK(redis.run("PEXPIRE k 100") == ":1\r\n");
    redis.time.advance(99ms);
    CHECK(redis.run("PTTL k") == ":1\r\n");
    CHECK(redis.run("GET k") == bulk("v"));
    redis.time.advance(1ms);
    CHECK(redis.run("PTTL k") == ":-2\r\n");
    CHECK(redis.run("GET k") == "$-1\r\n");
    CHECK(redis.run("DBSIZE") == ":0\r\n");
}

TEST_CASE("TTL rounds to the nearest second") {
    command_fixture redis;
    redis.run("SET k v PX 1500");
    CHECK(redis.run("TTL k") == ":2\r\n");
    redis.time.advance(1ms);
    CHECK(redis.run("TTL k") == ":1\r\n");
    redis.time.advance(1000ms);
    CHECK(redis.run("TTL k") == ":0\r\n");
}

TEST_CASE("conditions compare with the expiry that is there") {
    command_fixture redis;
    redis.run("SET k v");
    CHECK(redis.run("EXPIRE k 10 XX") == ":0\r\n");
    CHECK(redis.run("EXPIRE k 10 GT") == ":0\r\n"); // no expiry counts as endless
    CHECK(redis.run("EXPIRE k 10 LT") == ":1\r\n");
    CHECK(redis.run("EXPIRE k 20 NX") == ":0\r\n");
    CHECK(redis.run("EXPIRE k 20 LT") == ":0\r\n");
    CHECK(redis.run("EXPIRE k 20 XX GT") == ":1\r\n");
    CHECK(redis.run("TTL k") == ":20\r\n");
    CHECK(redis.run("PERSIST k") == ":1\r\n");
    CHECK(redis.run("PERSIST k") == ":0\r\n");
    CHECK(redis.run("TTL k") == ":-1\r\n");
}

TEST_CASE("a time that is past removes the key") {
    command_fixture redis;
    redis.run("SET k v");
    CHECK(redis.run("EXPIRE k -1") == ":1\r\n");
    CHECK(redis.run("EXISTS k") == ":0\r\n");
    CHECK(redis.run("EXPIREAT k 1") == ":0\r\n");
}

TEST_CASE("times that do not fit are refused") {
    command_fixture redis;
    redis.run("SET k v");
    const auto invalid = [](std::string_view name) {
        return "-ERR invalid expire time in '" + std::string{name} + "' command\r\n";
    };
    CHECK(redis.run("EXPIRE k 9223372036854775807") == invalid("expire"));
    CHECK(redis.run("EXPIRE k -9223372036854775808") == invalid("expire"));
    CHECK(redis.run("PEXPIRE k 9223372036854775807") == invalid("pexpire"));
    CHECK(redis.run("EXPIREAT k 9223372036854775807") == invalid("expireat"));
    CHECK(redis.run("PEXPIREAT k 9223372036854775807") == ":1\r\n");
    CHECK(redis.run("PEXPIRETIME k") == ":9223372036854775807\r\n");
}
