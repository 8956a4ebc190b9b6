#include "commands/settings.hpp"

#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

std::string failed(std::string_view name, std::string_view why) {
    return "-ERR CONFIG SET failed (possibly related to argument '" + std::string{name} + "') - " +
           std::string{why} + "\r\n";
}

} // namespace

TEST_CASE("CONFIG SET changes all or nothing") {
    command_fixture redis;
    CHECK(redis.run("CONFIG SET timeout 7 maxclients 50") == "+OK\r\n");
    CHECK(redis.server.config.idle_timeout_seconds == 7);
    CHECK(redis.server.config.max_clients == 50);
    CHECK(redis.run("CONFIG SET timeout 8 maxclients 0") ==
          failed("maxclients", "argument must be between 1 and 4294967295 inclusive"));
    CHECK(redis.server.config.idle_timeout_seconds == 7);
    CHECK(redis.run("CONFIG SET timeout 1 TIMEOUT 2") == failed("TIMEOUT", "duplicate parameter"));
    CHECK(redis.run("CONFIG SET timeout 1 nosuch 2") ==
          "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n");
    CHECK(redis.run("CONFIG SET timeout 1 maxclients") == "-ERR syntax error\r\n");
}

TEST_CASE("sizes have units") {
    command_fixture redis;
    CHECK(redis.run("CONFIG SET proto-max-bulk-len 2mb") == "+OK\r\n");
    CHECK(redis.server.config.max_bulk_bytes == 2 * 1024 * 1024);
    CHECK(redis.run("CONFIG SET proto-max-bulk-len 2M") == "+OK\r\n");
    CHECK(redis.server.config.max_bulk_bytes == 2'000'000);
    for (const char* wrong : {"-1", "1.5mb", "1tb", "mb", "99999999999999999999", "9999999999g"})
        CHECK(redis.run({"CONFIG", "SET", "proto-max-bulk-len", wrong}) ==
              failed("proto-max-bulk-len", "argument must be a memory value"));
}

TEST_CASE("what mini-redis does not do cannot be switched on") {
    command_fixture redis;
    CHECK(redis.run("CONFIG SET appendonly no") == "+OK\r\n");
    CHECK(redis.run({"CONFIG", "SET", "save", ""}) == "+OK\r\n");
    CHECK(redis.run("CONFIG SET appendonly yes").starts_with("-ERR CONFIG SET failed"));
    CHECK(redis.run("CONFIG SET maxmemory-clients 1mb").starts_with("-ERR CONFIG SET failed"));
    CHECK(redis.run({"CONFIG", "SET", "save", "60 1"}).starts_with("-ERR CONFIG SET failed"));
    CHECK(redis.run("CONFIG SET databases 1") == failed("databases", "can't set immutable config"));
}

TEST_CASE("what turns out not to be possible leaves all settings as they were") {
    settings config;
    int asked = 0;
    config.decide("port", [&]() -> std::optional<std::string> {
        ++asked;
        if (config.value_of("port") == "1") return "not that one";
        return std::nullopt;
    });
    using pair = std::pair<std::string_view, std::string_view>;
    CHECK(config.set(std::array{pair{"maxmemory", "1mb"}, pair{"port", "1"}}) ==
          "ERR CONFIG SET failed (possibly related to argument 'port') - not that one");
    CHECK(config.value_of("maxmemory") == "0");
    CHECK(config.value_of("port") == "6379");
    CHECK(config.set(std::array{pair{"port", "6379"}}) == std::nullopt); // it is so
    CHECK(asked == 1);
    CHECK(config.set(std::array{pair{"port", "2"}}) == std::nullopt);
    CHECK(config.value_of("port") == "2");
}

TEST_CASE("CONFIG GET takes names and patterns, and shows each setting once") {
    command_fixture redis;
    CHECK(redis.run("CONFIG GET TimeOut") == "*2\r\n" + bulk("TimeOut") + bulk("0"));
    CHECK(redis.run("CONFIG GET timeout TIMEOUT time*") == "*2\r\n" + bulk("timeout") + bulk("0"));
    CHECK(redis.run("CONFIG GET nosuch") == "*0\r\n");
    CHECK(redis.run("CONFIG GET APPENDONLY save") ==
          "*4\r\n" + bulk("APPENDONLY") + bulk("no") + bulk("save") + bulk(""));
    redis.run({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 2mb 3"});
    CHECK(redis.run("CONFIG GET client-output-buffer-limit") ==
          "*2\r\n" + bulk("client-output-buffer-limit") +
              bulk("normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2097152 3"));
}

TEST_CASE("who observes a setting is told its new value") {
    settings config;
    std::string told;
    config.observe("loglevel", [&](const std::string& value) { told = value; });
    CHECK(!config.set(
        std::array{std::pair<std::string_view, std::string_view>{"loglevel", "DEBUG"}}));
    CHECK(told == "debug");
}
