// MONITOR's lines, and what CLIENT PAUSE lets wait, without a network.
#include "commands/monitor.hpp"

#include <array>
#include <string>
#include <vector>

#include "commands/client_pause.hpp"
#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

TEST_CASE("a monitor's line can be read again by redis-cli") {
    const registry& all = registry::built_in();
    const std::string bytes{"a \0\"\\\n\r\t\a\b\xff~", 12};
    const std::array<std::string_view, 3> words{"SET", "k", bytes};
    CHECK(monitor_line(*all.find("set"), words, 3, "127.0.0.1:5", 1'339'518'083'000'412) ==
          R"(1339518083.000412 [3 127.0.0.1:5] "SET" "k" "a \x00\"\\\n\r\t\a\b\xff~")");
    const std::array<std::string_view, 2> secret{"AUTH", "p"};
    CHECK(monitor_line(*all.find("auth"), secret, 0, "x", 0) ==
          R"~(0.000000 [0 x] "AUTH" "(redacted)")~");
}

TEST_CASE("monitors are fed what is executed, in a transaction too") {
    command_fixture redis;
    redis.run("SET a 1");
    CHECK(redis.server.fed.empty());
    redis.server.noted.monitors = 1;
    for (const char* const request :
         {"SET a 2", "GET", "NOSUCH", "CONFIG GET port", "MULTI", "INCR a", "EXEC"})
        redis.run(request);
    std::vector<std::string> fed;
    for (const std::string& line : redis.server.fed)
        fed.push_back(line.substr(line.find(']') + 2));
    CHECK(fed ==
          std::vector<std::string>{R"("SET" "a" "2")", R"("MULTI")", R"("INCR" "a")", R"("EXEC")"});
}

TEST_CASE("a pause within another is as strict and as long as the stricter and longer one") {
    client_pause pause;
    CHECK(!pause.may_hold());
    CHECK(pause.at(0).kind == pause_kind::none);
    pause.begin(pause_kind::all, 200, 100);
    pause.begin(pause_kind::writes, 300, 100);
    CHECK(pause.may_hold());
    CHECK(pause.at(299).kind == pause_kind::all);
    CHECK(pause.at(299).until_ms == 300);
    CHECK(pause.at(300).kind == pause_kind::none);
    CHECK(!pause.may_hold());
    pause.begin(pause_kind::writes, 400, 300);
    pause.begin(pause_kind::writes, 350, 300);
    CHECK(pause.at(399).kind == pause_kind::writes);
    pause.end();
    CHECK(!pause.may_hold());
    pause.begin(pause_kind::all, 500, 300);
    pause.begin(pause_kind::writes, 700, 600); // the first one is over
    CHECK(pause.at(650).kind == pause_kind::writes);
}

TEST_CASE("what a pause holds back") {
    command_fixture redis;
    const auto waits = [&](std::vector<std::string_view> words) {
        request one;
        one.args.assign(words.begin(), words.end());
        redis.commands.prepare(one, redis.client);
        return redis.commands.holds_back(redis.client, one);
    };
    CHECK(!waits({"SET", "k", "v"}));
    redis.run("CLIENT PAUSE 1000 WRITE");
    CHECK(waits({"SET", "k", "v"}));
    CHECK(waits({"PUBLISH", "c", "m"}));
    CHECK(!waits({"SET"}));
    CHECK(!waits({"NOSUCH"}));
    CHECK(!waits({"GET", "k"}));
    CHECK(!waits({"CONFIG", "NOSUCH"}));
    redis.run("MULTI");
    redis.run("GET k");
    CHECK(!waits({"EXEC"}));
    redis.run("SET k v"); // as if it had been queued before the pause
    CHECK(waits({"EXEC"}));
    CHECK(!waits({"DISCARD"}));
    redis.run("DISCARD");
    redis.run("CLIENT PAUSE 10 ALL");
    CHECK(waits({"PING"}));
    CHECK(waits({"CLIENT", "UNPAUSE"}));
    redis.client.authenticated = false;
    redis.server.config.initialize("requirepass", "secret");
    CHECK(!waits({"PING"}));
    CHECK(waits({"AUTH", "secret"}));
    redis.client.authenticated = true;
    redis.time.advance(std::chrono::milliseconds{1000});
    CHECK(!waits({"PING"}));
}
