// errorstats: which codes are counted, and that scripts cannot make them fill the memory.
#include <string>
#include <utility>

#include "commands/error_counts.hpp"
#include "support/catch.hpp"
#include "support/command_fixture.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

TEST_CASE("errors are counted by code, in the order of the codes") {
    error_counts counts;
    counts.add("WRONGTYPE");
    counts.add("ERR");
    counts.add("ERR", 2);
    const auto all = counts.all();
    REQUIRE(all.size() == 2);
    CHECK(all[0] == std::pair<std::string, std::uint64_t>{"ERR", 3});
    CHECK(all[1] == std::pair<std::string, std::uint64_t>{"WRONGTYPE", 1});
    counts.clear();
    CHECK(counts.all().empty());
}

TEST_CASE("made-up codes are bounded, known ones still counted") {
    error_counts counts;
    for (int i = 0; i < 1000; ++i)
        counts.add("CODE" + std::to_string(i));
    CHECK(counts.all().size() == 128);
    counts.add("CODE0");
    CHECK(counts.all()[0] == std::pair<std::string, std::uint64_t>{"CODE0", 2});
}

TEST_CASE("the code is an error's first word, where there is one") {
    const auto code_of = [](std::string_view text) {
        output_buffer out;
        reply_writer reply{out};
        reply.error(text);
        return std::string{reply.last_error_code()};
    };
    CHECK(code_of("WRONGTYPE Operation against") == "WRONGTYPE");
    CHECK(code_of("ERR syntax error") == "ERR");
    CHECK(code_of("oneword") == "ERR");
    CHECK(code_of(" leading") == "ERR");
    CHECK(code_of("") == "ERR");
    CHECK(code_of(std::string(31, 'x') + " y") == std::string(31, 'x'));
    CHECK(code_of(std::string(40, 'x') + " y") == "ERR");
}
