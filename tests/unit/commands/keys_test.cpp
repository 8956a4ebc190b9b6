#include <map>
#include <set>
#include <string>

#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace std::chrono_literals;

namespace {

struct scan_reply {
    std::string cursor;
    std::vector<std::string> keys;
};

// Takes "*2 $n cursor *m $n key …" apart.
scan_reply parse_scan(std::string_view bytes) {
    const auto line = [&] {
        const std::size_t end = bytes.find("\r\n");
        const std::string text{bytes.substr(0, end)};
        bytes.remove_prefix(end + 2);
        return text;
    };
    scan_reply reply;
    REQUIRE(line() == "*2");
    line();
    reply.cursor = line();
    const int count = std::stoi(line().substr(1));
    for (int i = 0; i < count; ++i) {
        line();
        reply.keys.push_back(line());
    }
    CHECK(bytes.empty());
    return reply;
}

// Scans all, doing `between` after each call; returns how often each key was met.
template <class Between>
std::map<std::string, int> scan_all(command_fixture& redis, const std::string& options,
                                    Between&& between) {
    std::map<std::string, int> met;
    std::string cursor = "0";
    do {
        const scan_reply reply = parse_scan(redis.run("SCAN " + cursor + options));
        for (const std::string& key : reply.keys)
            ++met[key];
        cursor = reply.cursor;
        between();
    } while (cursor != "0");
    return met;
}

void fill(command_fixture& redis, const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i)
        redis.run("SET " + prefix + std::to_string(i) + " v");
}

void remove(command_fixture& redis, const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i)
        redis.run("DEL " + prefix + std::to_string(i));
}

} // namespace

TEST_CASE("SCAN meets every key once where nothing changes") {
    command_fixture redis;
    fill(redis, "key:", 5'000);
    for (const char* options : {"", " COUNT 1", " COUNT 777", " COUNT 1000000"}) {
        const auto met = scan_all(redis, options, [] {});
        CHECK(met.size() == 5'000);
        for (const auto& [key, times] : met)
            CHECK(times == 1);
    }
}

TEST_CASE("SCAN meets every key that stays, while the tables grow and shrink") {
    const std::size_t shards = GENERATE(1, 16);
    command_fixture redis{shards};
    fill(redis, "stays:", 1'000);
    int round = 0;
    const auto met = scan_all(redis, " COUNT 7", [&] {
        switch (round++ % 40) {
        case 5: fill(redis, "passing:", 20'000); break;
        case 25: remove(redis, "passing:", 20'000); break;
        default: break;
        }
    });
    CHECK(round > 40);
    for (int i = 0; i < 1'000; ++i)
        CHECK(met.contains("stays:" + std::to_string(i)));
}

TEST_CASE("SCAN of few keys, or none, is done in one call") {
    command_fixture redis{1024};
    CHECK(redis.run("SCAN 0") == "*2\r\n$1\r\n0\r\n*0\r\n");
    fill(redis, "k", 5);
    const scan_reply reply = parse_scan(redis.run("SCAN 0"));
    CHECK(reply.cursor == "0");
    CHECK(reply.keys.size() == 5);
}

TEST_CASE("SCAN filters by pattern and type") {
    command_fixture redis;
    fill(redis, "a", 100);
    fill(redis, "b", 100);
    CHECK(scan_all(redis, " MATCH a*", [] {}).size() == 100);
    CHECK(scan_all(redis, " TYPE STRING", [] {}).size() == 200);
    CHECK(scan_all(redis, " TYPE list", [] {}).empty());
}

TEST_CASE("KEYS, SCAN and RANDOMKEY never show an expired key") {
    command_fixture redis;
    redis.run("SET gone v PX 100");
    redis.run("SET there v");
    redis.time.advance(100ms);
    CHECK(redis.run("KEYS *") == "*1\r\n$5\r\nthere\r\n");
    CHECK(parse_scan(redis.run("SCAN 0")).keys == std::vector<std::string>{"there"});
    for (int i = 0; i < 20; ++i)
        CHECK(redis.run("RANDOMKEY") == bulk("there"));
    redis.run("DEL there");
    CHECK(redis.run("RANDOMKEY") == "$-1\r\n");
}

TEST_CASE("RANDOMKEY gives every key about the same chance") {
    command_fixture redis{8};
    constexpr int keys = 20;
    constexpr int draws = 40'000;
    fill(redis, "k", keys);
    std::map<std::string, int> drawn;
    for (int i = 0; i < draws; ++i)
        ++drawn[redis.run("RANDOMKEY")];
    CHECK(drawn.size() == keys);
    for (const auto& [key, times] : drawn) {
        INFO(key);
        CHECK(times > draws / keys * 3 / 4);
        CHECK(times < draws / keys * 5 / 4);
    }
}

TEST_CASE("renamed, copied and moved keys keep their expiry") {
    command_fixture redis;
    redis.run("SET a v PX 1000");
    CHECK(redis.run("RENAME a b") == "+OK\r\n");
    CHECK(redis.run("PTTL b") == ":1000\r\n");
    CHECK(redis.run("COPY b c") == ":1\r\n");
    CHECK(redis.run("COPY b c") == ":0\r\n");
    CHECK(redis.run("COPY b c DB 3 REPLACE") == ":1\r\n");
    CHECK(redis.run("PTTL c") == ":1000\r\n");
    CHECK(redis.run("MOVE c 3") == ":0\r\n");
    CHECK(redis.run("MOVE b 3") == ":1\r\n");
    CHECK(redis.run("EXISTS b") == ":0\r\n");
    redis.run("SELECT 3");
    CHECK(redis.run("PTTL b") == ":1000\r\n");
    CHECK(redis.run("DBSIZE") == ":2\r\n");
    redis.time.advance(1s);
    CHECK(redis.run("EXISTS b c") == ":0\r\n");
}

TEST_CASE("OBJECT IDLETIME counts from the last use") {
    command_fixture redis;
    redis.run("SET k v");
    redis.time.advance(42s);
    CHECK(redis.run("OBJECT IDLETIME k") == ":42\r\n");
    redis.run("EXISTS k");
    CHECK(redis.run("OBJECT IDLETIME k") == ":42\r\n");
    redis.run("CLIENT NO-TOUCH on");
    redis.run("GET k");
    CHECK(redis.run("OBJECT IDLETIME k") == ":42\r\n");
    redis.run("TOUCH k");
    CHECK(redis.run("OBJECT IDLETIME k") == ":0\r\n");
    redis.run("CLIENT NO-TOUCH off");
    redis.time.advance(1s);
    redis.run("GET k");
    CHECK(redis.run("OBJECT IDLETIME k") == ":0\r\n");
}
