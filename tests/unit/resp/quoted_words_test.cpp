// Words with quotes, of which inline requests, configuration files and scripts' first lines
// consist.
#include <string>
#include <vector>

#include "resp/quoted_words.hpp"
#include "support/catch.hpp"

using namespace mini_redis;

namespace {

using words = std::vector<std::string>;

} // namespace

TEST_CASE("a line has words, with quotes or without") {
    CHECK(words_of_line("") == words{});
    CHECK(words_of_line(" \t ") == words{});
    CHECK(words_of_line("a  b\tc ") == words{"a", "b", "c"});
    CHECK(words_of_line(R"("" '')") == words{"", ""});
    CHECK(words_of_line(R"("a b" 'c d')") == words{"a b", "c d"});
    CHECK(words_of_line(R"("\n\r\t\b\a\x41\xfF\\\"\q")") == words{"\n\r\t\b\aA\xff\\\"q"});
    CHECK(words_of_line(R"("\xg1")") == words{"xg1"});
    CHECK(words_of_line(R"('a\n\'b')") == words{R"(a\n'b)"});
    CHECK(words_of_line(R"(a"b c"d)") == std::nullopt);
    CHECK(words_of_line(R"(a"b c")") == words{"ab c"});
    for (const char* const open : {"\"", "'", "\"a", "'a", "\"a\\", "'a\\", "\"a\\\"", "\"a\"b"})
        CHECK(words_of_line(open) == std::nullopt);
}

TEST_CASE("words without quotes are views into the line") {
    const std::string line = "plain 'quoted word' last";
    std::string text;
    std::vector<std::string_view> found;
    REQUIRE(split_quoted_words(line, text, found));
    REQUIRE(found.size() == 3);
    CHECK(found[0].data() == line.data());
    CHECK(found[1] == "quoted word");
    CHECK(found[1].data() == text.data());
    CHECK(found[2].data() == line.data() + line.size() - 4);
}
