#include "client/address.hpp"

#include <mini_redis/error.hpp>
#include <string>
#include <system_error>

#include "support/catch.hpp"

using namespace mini_redis;

namespace {

std::string parts(std::string_view text) {
    const server_address address = parse_address(text);
    std::string out =
        address.path.empty() ? address.host + " " + std::to_string(address.port) : address.path;
    if (address.tls) out += " tls";
    if (address.user) out += " user=" + *address.user;
    if (address.password) out += " password=" + *address.password;
    if (address.database) out += " database=" + std::to_string(*address.database);
    return out;
}

} // namespace

TEST_CASE("hosts and ports") {
    CHECK(parts("localhost") == "localhost 6379");
    CHECK(parts("localhost:1") == "localhost 1");
    CHECK(parts("127.0.0.1:65535") == "127.0.0.1 65535");
    CHECK(parts("[::1]:7000") == "::1 7000");
    CHECK(parts("[::1]") == "::1 6379");
    CHECK(parts("fe80::1") == "fe80::1 6379");
}

TEST_CASE("URLs") {
    CHECK(parts("redis://localhost") == "localhost 6379");
    CHECK(parts("redis://localhost/") == "localhost 6379");
    CHECK(parts("redis://[::1]:7000/3") == "::1 7000 database=3");
    CHECK(parts("redis://ada:secret@db.example:1/15") ==
          "db.example 1 user=ada password=secret database=15");
    CHECK(parts("redis://:secret@localhost") == "localhost 6379 password=secret");
    CHECK(parts("redis://a%3Ab:p%40%2f%25@localhost") == "localhost 6379 user=a:b password=p@/%");
    CHECK(parts("redis://ada:with@sign@localhost") == "localhost 6379 user=ada password=with@sign");
    CHECK(parts("rediss://localhost:6380") == "localhost 6380 tls");
    CHECK(parts("unix:///run/redis.sock") == "/run/redis.sock");
    CHECK(parts("unix:///run/my%20redis.sock?db=2") == "/run/my redis.sock database=2");
}

TEST_CASE("what is no address is refused, without telling the password") {
    for (const char* bad : {"",
                            ":",
                            "host:",
                            ":1",
                            "host:0",
                            "host:65536",
                            "host:-1",
                            "host:+1",
                            "host:1x",
                            "[::1",
                            "[::1]x",
                            "[::1]:",
                            "[]:1",
                            "http://localhost",
                            "redis://",
                            "redis://host/x",
                            "redis://host/-1",
                            "redis://user@host",
                            "redis://:%zz@host",
                            "redis://:%1",
                            "unix://",
                            "unix:///a?x=1",
                            "unix:///a?db=",
                            "redis://ada:secret@host:x"}) {
        INFO(bad);
        try {
            parse_address(bad);
            FAIL("taken for an address");
        } catch (const std::system_error& error) {
            CHECK(error.code() == errc::bad_address);
            CHECK(std::string{error.what()}.find("secret") == std::string::npos);
        }
    }
}

TEST_CASE("an address is shown without its login") {
    const auto shown = [](std::string_view text) { return shown_address(parse_address(text)); };
    CHECK(shown("redis://ada:secret@localhost/1") == "localhost:6379");
    CHECK(shown("::1") == "[::1]:6379");
    CHECK(shown("rediss://localhost") == "rediss://localhost:6379");
    CHECK(shown("unix:///run/redis.sock?db=1") == "unix:///run/redis.sock");
}
