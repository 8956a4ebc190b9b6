// The transcripts' own spelling and patterns: a check that nothing passes which ought not to.

#include "reply_pattern.hpp"
#include "support/catch.hpp"
#include "support/wire_value.hpp"
#include "transcript.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace mini_redis::test;

namespace {

reply_pattern pattern_of(const std::vector<std::string>& lines) {
    std::size_t line = 0;
    reply_pattern pattern = parse_pattern(lines, line);
    REQUIRE(line == lines.size());
    return pattern;
}

bool fits(const std::string& pattern, const std::string& bytes, bool resp3 = false) {
    variables names;
    return matches(pattern_of({pattern}), parse_reply(bytes), resp3, names);
}

// A transcript file that is gone when the test is over.
class temporary_transcript {
public:
    explicit temporary_transcript(const std::string& text)
        : path_{std::filesystem::temp_directory_path() /
                ("mini-redis-transcript-" + std::to_string(::getpid()))} {
        std::ofstream{path_} << text;
    }

    ~temporary_transcript() { std::filesystem::remove(path_); }

    transcript read() const { return read_transcript(path_); }

private:
    std::filesystem::path path_;
};

} // namespace

TEST_CASE("a reply ends where its bytes end") {
    CHECK(reply_size("+OK\r\n:1\r\n") == 5);
    CHECK(reply_size("+OK\r") == 0);
    CHECK(reply_size("$3\r\na\r\n\r\n") == 9);
    CHECK(reply_size("$3\r\na\r\n\r") == 0);
    CHECK(reply_size("$-1\r\n") == 5);
    CHECK(reply_size("*2\r\n*1\r\n:1\r\n$0\r\n\r\n+x\r\n") == 18);
    CHECK(reply_size("%1\r\n+a\r\n+b\r\n") == 12);
    CHECK(reply_size("%1\r\n+a\r\n") == 0);
    CHECK(reply_size("|1\r\n+a\r\n+b\r\n:1\r\n") == 16);
    CHECK(reply_size("*-1\r\n") == 5);
}

TEST_CASE("what is not canonical RESP is malformed") {
    for (const char* bytes : {"OK\r\n", "$03\r\nabc\r\n", "$+3\r\nabc\r\n", "*-2\r\n", "%-1\r\n",
                              "$3\r\nabcd\r\n", "$\r\n", "\r\n"}) {
        INFO(quote(bytes));
        CHECK_THROWS_AS(reply_size(bytes), malformed_reply);
    }
}

TEST_CASE("every wire type has a spelling of its own") {
    for (const char* bytes :
         {"+OK\r\n", "-ERR no\r\n", "-ERR ends in \r\n", ":-1\r\n", "$1\r\na\r\n", "$-1\r\n",
          "*-1\r\n", "_\r\n", "*0\r\n", "*2\r\n+a b\r\n$0\r\n\r\n", "%1\r\n+a\r\n*1\r\n:1\r\n",
          "~1\r\n#t\r\n", ">2\r\n+a\r\n,1.5\r\n", "(123\r\n", "=5\r\ntxt:a\r\n", "!3\r\nERR\r\n",
          "|1\r\n+a\r\n+b\r\n:1\r\n", "$4\r\n\r\n\"\xff\r\n"}) {
        INFO(quote(bytes));
        const wire_value value = parse_reply(bytes);
        variables names;
        CHECK(matches(pattern_of(spell(value)), value, false, names));
    }
    CHECK_FALSE(fits("$-1", "*-1\r\n"));
    CHECK_FALSE(fits("$-1", "_\r\n"));
    CHECK_FALSE(fits("\"\"", "$-1\r\n"));
    CHECK_FALSE(fits("*0", "*-1\r\n"));
    CHECK_FALSE(fits("+1", ":1\r\n"));
    CHECK_FALSE(fits("\"1\"", "+1\r\n"));
    CHECK_FALSE(fits("%1 +a +b", "*2\r\n+a\r\n+b\r\n"));
    CHECK_FALSE(fits(",1", ",1.0\r\n"));
}

TEST_CASE("patterns match what they say") {
    CHECK(fits("nil", "$-1\r\n"));
    CHECK(fits("nil", "_\r\n", true));
    CHECK_FALSE(fits("nil", "_\r\n"));
    CHECK_FALSE(fits("nil", "$-1\r\n", true));
    CHECK(fits("nil-array", "*-1\r\n"));
    CHECK_FALSE(fits("nil-array", "$-1\r\n"));
    CHECK(fits(":1..3", ":3\r\n"));
    CHECK_FALSE(fits(":1..3", ":4\r\n"));
    CHECK_FALSE(fits(":1..3", "$1\r\n2\r\n"));
    CHECK(fits(":..0", ":-5\r\n"));
    CHECK(fits("glob \"a*c\"", "$4\r\nabbc\r\n"));
    CHECK_FALSE(fits("glob \"a*c\"", "$4\r\nabbd\r\n"));
    CHECK_FALSE(fits("glob \"a*\"", "+abc\r\n"));
    CHECK(fits("glob -ERR * no", "-ERR oh no\r\n"));
    CHECK(fits("unordered *2 :1 :2", "*2\r\n:2\r\n:1\r\n"));
    CHECK_FALSE(fits("unordered *2 :1 :2", "*2\r\n:2\r\n:2\r\n"));
    CHECK_FALSE(fits("unordered *2 :1 :2", "*3\r\n:2\r\n:1\r\n:1\r\n"));
    CHECK(fits("unordered %2 +a :1 +b :2", "%2\r\n+b\r\n:2\r\n+a\r\n:1\r\n"));
    CHECK_FALSE(fits("unordered %2 +a :1 +b :2", "%2\r\n+b\r\n:1\r\n+a\r\n:2\r\n"));
    CHECK(fits("one-of 2 :1 :2", ":2\r\n"));
    CHECK_FALSE(fits("one-of 2 :1 :2", ":3\r\n"));
    CHECK(fits("*1.. :1..", "*2\r\n:2\r\n:1\r\n"));
    CHECK_FALSE(fits("*3.. :1..", "*2\r\n:2\r\n:1\r\n"));
    CHECK_FALSE(fits("*1.. :1..", "*2\r\n:2\r\n:0\r\n"));
    CHECK(fits("\"ab\"*3", "$6\r\nababab\r\n"));
}

TEST_CASE("an aggregate may go on over lines, and captured texts come back") {
    variables names;
    const auto first = pattern_of({"*3 \"id\"", "  capture id :1..", "  -ERR with spaces"});
    CHECK(
        matches(first, parse_reply("*3\r\n$2\r\nid\r\n:7\r\n-ERR with spaces\r\n"), false, names));
    CHECK(names.at("id") == "7");
    CHECK(substitute("id=${id} ${none}", names) == "id=7 ${none}");
    CHECK(matches(pattern_of({"\"is ${id}\""}), parse_reply("$4\r\nis 7\r\n"), false, names));
}

TEST_CASE("a transcript is read as it is written") {
    const transcript text = temporary_transcript{R"(# comment
@protocol 2 3
== first
> SET k "a\x00"
< +OK
[2]> GET k
[2]< "a\x00"
< >3 "message" "c" "m"
>> "QUIT\r\n"
< +OK
< close
== second
@protocol 3
@only redis: because
> PING
@version >= 7.2: since then
> ECHO "x"*3
< "xxx"
)"}
                                .read();
    REQUIRE(text.sections.size() == 2);
    const section& first = text.sections[0];
    CHECK(first.title == "first");
    CHECK(first.protocols == std::vector<int>{2, 3});
    REQUIRE(first.steps.size() == 4);
    CHECK(first.steps[0].arguments == std::vector<std::string>{"SET", "k", {"a\0", 2}});
    CHECK(first.steps[1].connection == "2");
    CHECK(first.steps[2].kind == step::action::replies_only);
    CHECK(first.steps[3].bytes == "QUIT\r\n");
    CHECK(first.steps[3].replies.size() == 1);
    CHECK(first.steps[3].expects_close);
    const section& second = text.sections[1];
    CHECK(second.protocols == std::vector<int>{3});
    CHECK(second.where.redis_only == true);
    CHECK(second.steps[0].replies.empty());
    CHECK_FALSE(second.steps[1].where.holds({true, {7, 0, 15}}, replay_mode::whole));
    CHECK(second.steps[1].where.holds({true, {7, 2}}, replay_mode::whole));
    CHECK(second.steps[1].arguments.at(1) == "xxx");
}

TEST_CASE("what a transcript cannot mean is refused") {
    for (const char* text :
         {"> PING\n", "== a\n> \"open\n", "== a\n> PING\n< foo\n", "== a\n> PING\n< *2 :1\n",
          "== a\n> PING\n< :1 :2\n", "== a\n@only redis\n> PING\n", "== a\n@foo\n", "== a\nPING\n",
          "== a\n> PING\n@eventually\n"}) {
        INFO(text);
        const temporary_transcript file{text};
        CHECK_THROWS_AS(file.read(), transcript_error);
    }
}
