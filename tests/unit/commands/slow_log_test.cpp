// SLOWLOG's list, what it shows of requests, and that the executor finds every slow command.
#include "commands/slow_log.hpp"

#include <string>
#include <vector>

#include "commands/secrets.hpp"
#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

slow_log::entry named(const std::string& name) {
    slow_log::entry one;
    one.words = {name};
    return one;
}

std::vector<std::string> first_words(const slow_log& log, std::size_t most = SIZE_MAX) {
    std::vector<std::string> words;
    for (const slow_log::entry& each : log.latest(most))
        words.push_back(each.words.at(0));
    return words;
}

} // namespace

TEST_CASE("the slow log keeps the latest entries, and gives no number twice") {
    slow_log log;
    for (const char* const name : {"a", "b", "c", "d"})
        log.add(named(name), 3);
    CHECK(first_words(log) == std::vector<std::string>{"d", "c", "b"});
    CHECK(first_words(log, 1) == std::vector<std::string>{"d"});
    CHECK(log.latest(1)[0].id == 3);
    log.clear();
    CHECK(log.size() == 0);
    log.add(named("e"), 3);
    CHECK(log.latest(1)[0].id == 4);
    log.add(named("f"), 0);
    CHECK(log.size() == 0);
}

TEST_CASE("the slow log cuts long requests and long words") {
    const std::string long_word(200, 'x');
    const std::vector<std::string_view> many(40, "word");
    CHECK(cut_request(std::vector<std::string_view>(32, "word")).size() == 32);
    CHECK(cut_request(std::vector<std::string_view>(32, "word")).back() == "word");
    const std::vector<std::string> cut = cut_request(many);
    REQUIRE(cut.size() == 32);
    CHECK(cut.back() == "... (9 more arguments)");
    CHECK(cut_request(std::vector<std::string_view>{long_word})[0] ==
          std::string(128, 'x') + "... (72 more bytes)");
}

TEST_CASE("every command that is slow enough is noted, with who sent it") {
    command_fixture redis;
    const auto set = [&](std::int64_t us) { redis.server.config.slowlog_slower_than_us = us; };
    set(-1);
    redis.run("SET k v");
    CHECK(redis.server.noted.slow.size() == 0);
    set(0);
    redis.run("CLIENT SETNAME bob");
    redis.run("GET k");
    redis.run("NOSUCH");
    set(5000);
    redis.run("GET k");
    redis.run("DEBUG SLEEP 0.006");
    redis.run("GET k");
    const std::vector<slow_log::entry> entries = redis.server.noted.slow.latest(10);
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].words == std::vector<std::string>{"DEBUG", "SLEEP", "0.006"});
    CHECK(entries[0].microseconds >= 6000);
    CHECK(entries[0].address == "127.0.0.1:1");
    CHECK(entries[0].client_name == "bob");
    CHECK(entries[0].unix_seconds == redis.time.now_ms() / 1000);
    CHECK(entries[1].words == std::vector<std::string>{"GET", "k"});
    CHECK(entries[2].words == std::vector<std::string>{"CLIENT", "SETNAME", "bob"});
}

TEST_CASE("passwords are nobody's business") {
    const auto shown = [](std::vector<std::string_view> words) {
        const registry& all = registry::built_in();
        const command* row = all.find(words[0]);
        if (!row->subcommands.empty()) row = find_subcommand(*row, words[1]);
        std::string text;
        for (const std::string_view word : without_secrets(*row, words))
            text += std::string{word} + ' ';
        return text;
    };
    CHECK(shown({"AUTH", "secret"}) == "AUTH (redacted) ");
    CHECK(shown({"AUTH", "user", "secret"}) == "AUTH (redacted) (redacted) ");
    CHECK(shown({"HELLO", "3", "SETNAME", "auth", "AUTH", "u", "p"}) ==
          "HELLO 3 SETNAME auth AUTH (redacted) (redacted) ");
    CHECK(shown({"HELLO", "3", "AUTH"}) == "HELLO 3 AUTH ");
    CHECK(shown({"CONFIG", "SET", "RequirePass", "p", "hz", "10"}) ==
          "CONFIG SET RequirePass (redacted) hz 10 ");
    CHECK(shown({"SET", "requirepass", "p"}) == "SET requirepass p ");
    CHECK(shown({"CONFIG", "GET", "requirepass"}) == "CONFIG GET requirepass ");
}
