#include "resp/request_parser.hpp"

#include <fmt/format.h>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/resp_transcript.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace std::string_literals;
using words = std::vector<std::string>;

namespace {

const protocol_limits defaults;

std::string bulk(std::string_view bytes) {
    return fmt::format("${}\r\n{}\r\n", bytes.size(), bytes);
}

std::string multibulk(const words& arguments) {
    std::string out = fmt::format("*{}\r\n", arguments.size());
    for (const auto& argument : arguments)
        out += bulk(argument);
    return out;
}

// What the input says, after checking that it says the same in every one of many cuts.
request_transcript read(std::string_view input, const protocol_limits& limits = defaults) {
    const auto whole = read_requests(input, limits);
    CHECK(read_requests(input, limits, cut_everywhere(input)) == whole);
    if (input.size() <= 200) {
        for (std::size_t first = 0; first <= input.size(); ++first)
            for (std::size_t second = first; second <= input.size(); ++second)
                if (!(read_requests(input, limits, {first, second}) == whole))
                    FAIL("cut at " << first << " and " << second << ": " << input);
    }
    return whole;
}

} // namespace

TEST_CASE("requests are read alike in every cut") {
    struct row {
        std::string input;
        std::vector<words> requests;
        std::size_t left = 0; // bytes of a request that is not complete
    };

    const auto row_of = GENERATE(values<row>({
        {"*1\r\n$4\r\nPING\r\n", {{"PING"}}},
        {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello, world\r\n", {{"SET", "k", "hello, world"}}},
        {multibulk({"SET", std::string(16, 'k'), std::string(132, 'v')}),
         {{"SET", std::string(16, 'k'), std::string(132, 'v')}}},
        {multibulk({"ECHO", ""}) + multibulk({"PING"}) + "PING\r\n",
         {{"ECHO", ""}, {"PING"}, {"PING"}}},
        {multibulk({"a\r\n$1\r\n", "\0\xff"s, "*1\r\n"}), {{"a\r\n$1\r\n", "\0\xff"s, "*1\r\n"}}},
        {multibulk(words(12, "x")), {words(12, "x")}},
        // Nothing to do, and no reply.
        {"*0\r\n*-1\r\n*-77\r\n\r\n\n \t\r\n", {{}, {}, {}, {}, {}, {}}},
        // As lenient as Redis: any byte behind a CR, any two behind a bulk string.
        {"*1\rX$4\rYPINGzz*0\r\r", {{"PING"}, {}}},
        // Not complete.
        {"", {}},
        {"*", {}, 1},
        {"*1\r", {}, 3},
        {"*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n", {{"PING"}}, 14},
        {"*1\r\n$4\r\nPING\r", {}, 13},
        {"*1\r\n$536870912\r\n", {}, 16},
        {"*1048576\r\n", {}, 10},
        {"*1\r\nx\r", {}, 6},
        {"PING", {}, 4},
    }));
    CAPTURE(row_of.input);
    const auto transcript = read(row_of.input);
    CHECK(transcript.error == "");
    CHECK(transcript.requests == row_of.requests);
    CHECK(transcript.consumed == row_of.input.size() - row_of.left);
}

TEST_CASE("inline words are split as Redis splits them") {
    struct row {
        std::string line;
        words expected;
    };

    const auto row_of = GENERATE(values<row>({
        {"PING", {"PING"}},
        {"  SET\tk   v ", {"SET", "k", "v"}},
        {"\v\fECHO\v a\vb", {"ECHO\v", "a\vb"}},
        {"ECHO a\rb", {"ECHO", "a", "b"}},
        {"ECHO a\r", {"ECHO", "a"}},
        {"ECHO \"\" ''", {"ECHO", "", ""}},
        {R"(ECHO "a b"	'c d')", {"ECHO", "a b", "c d"}},
        {R"(ECHO "\n\r\t\b\a\q\\\"")", {"ECHO", "\n\r\t\b\aq\\\""}},
        {R"(ECHO "\x00\xfF\x41")", {"ECHO", "\0\xff\x41"s}},
        {R"(ECHO "\x4" "\xg1" "\x" "\X41")", {"ECHO", "x4", "xg1", "x", "X41"}},
        {R"(ECHO 'it\'s' '\n' '\\x' '"')", {"ECHO", "it's", "\\n", "\\\\x", "\""}},
        {R"(ECHO "'" plain)", {"ECHO", "'", "plain"}},
        {R"(ECHO a"b c" d'e f')", {"ECHO", "ab c", "de f"}},
        {R"(ECHO a\"b")", {"ECHO", "a\\b"}},
        {R"(ECHO \x41 \n)", {"ECHO", "\\x41", "\\n"}},
        {"\"PING\"\v", {"PING"}},
        {"\xff\x01 \"\xfe\"", {"\xff\x01", "\xfe"}},
    }));
    CAPTURE(row_of.line);
    const std::string input = row_of.line + "\r\n" + row_of.line + "\nPING\r\n";
    const auto transcript = read(input);
    CHECK(transcript.error == "");
    // A CR before the LF belongs to the line's end, whoever wrote it.
    CHECK(transcript.requests == std::vector<words>{row_of.expected, row_of.expected, {"PING"}});
    CHECK(transcript.consumed == input.size());
}

TEST_CASE("unbalanced quotes are a protocol error") {
    const auto line = GENERATE(values<std::string>(
        {R"(ECHO ")", R"(ECHO ')", R"(ECHO "abc)", R"(ECHO "a"b)", R"(ECHO ""a)", R"(ECHO 'a'b)",
         R"(ECHO "a"'b')", R"(ECHO "abc\")", R"(ECHO "abc\)", R"(ECHO 'abc\')", R"(ECHO 'abc\)",
         R"(ECHO ok "a" b")", R"(ECHO "\x4)"}));
    CAPTURE(line);
    const auto transcript = read("PING\r\n" + line + "\r\nPING\r\n");
    CHECK(transcript.requests == std::vector<words>{{"PING"}});
    CHECK(transcript.error == "ERR Protocol error: unbalanced quotes in request");
}

TEST_CASE("protocol errors have Redis's texts") {
    struct row {
        std::string input;
        std::string error;
    };

    const auto row_of = GENERATE(values<row>({
        {"*x\r\n", "invalid multibulk length"},
        {"*\r\n", "invalid multibulk length"},
        {"*03\r\n", "invalid multibulk length"},
        {"*+1\r\n", "invalid multibulk length"},
        {"*1 \r\n", "invalid multibulk length"},
        {"*-0\r\n", "invalid multibulk length"},
        {"*1048577\r\n", "invalid multibulk length"},
        {"*2147483648\r\n", "invalid multibulk length"},
        {"*99999999999999999999\r\n", "invalid multibulk length"},
        {"*1\r\nPING\r\n", "expected '$', got 'P'"},
        {"*1\r\n*1\r\n", "expected '$', got '*'"},
        {"*1\r\n\xff\r\n", "expected '$', got '\xff'"},
        // A line break must not end the reply.
        {"*1\r\n\r\n\r\n", "expected '$', got ' '"},
        {"*1\r\n\n\r\n", "expected '$', got ' '"},
        {"*2\r\n$4\r\nECHO\r\n:1\r\n", "expected '$', got ':'"},
        {"*1\r\n$\r\n", "invalid bulk length"},
        {"*1\r\n$-1\r\n", "invalid bulk length"},
        {"*1\r\n$04\r\n", "invalid bulk length"},
        {"*1\r\n$4 \r\n", "invalid bulk length"},
        {"*1\r\n$4\n\r\n", "invalid bulk length"},
        {"*1\r\n$536870913\r\n", "invalid bulk length"},
        {"*1\r\n$99999999999999999999\r\n", "invalid bulk length"},
        {"*2\r\n$4\r\nECHO\r\n$1x\r\nPING\r\n", "invalid bulk length"},
    }));
    CAPTURE(row_of.input);
    const auto transcript = read("*1\r\n$4\r\nPING\r\n" + row_of.input + std::string(40, 'z'));
    CHECK(transcript.requests == std::vector<words>{{"PING"}});
    CHECK(transcript.error == "ERR Protocol error: " + row_of.error);
}

TEST_CASE("a line may have 64 KiB before its end, and no more") {
    struct row {
        std::string begin;
        std::string error;
        std::string end; // makes a request, or another error, of a line that is not too long
        std::string other_error;
    };

    const auto row_of = GENERATE(values<row>({
        {"", "too big inline request", "\n", ""},
        {"*", "too big mbulk count string", "\r\n", "invalid multibulk length"},
        {"*1\r\n$", "too big bulk count string", "\r\n", "invalid bulk length"},
    }));
    const std::size_t type = row_of.begin.empty() ? 0 : 1;
    const std::string longest = row_of.begin + std::string(64 * 1024 - type, '1');
    const auto few_cuts = [](const std::string& input) {
        const auto whole = read_requests(input, defaults);
        CHECK(read_requests(input, defaults, {1, 1000, 65530, input.size() - 1}) == whole);
        return whole;
    };

    CHECK(few_cuts(longest) == request_transcript{});
    const auto ended = few_cuts(longest + row_of.end);
    if (row_of.other_error.empty()) {
        CHECK(ended.requests == std::vector<words>{{longest}});
    } else {
        CHECK(ended.error == "ERR Protocol error: " + row_of.other_error);
    }
    // Whether the end has come already makes no difference.
    CHECK(few_cuts(longest + "1").error == "ERR Protocol error: " + row_of.error);
    CHECK(few_cuts(longest + "1" + row_of.end).error == "ERR Protocol error: " + row_of.error);
}

TEST_CASE("a line with a NUL never ends, as in Redis") {
    for (const std::string& line :
         {"PING\0\r\n"s, "*1\0\r\n"s, "*1\r\n\0\r\n"s, "*1\r\n$4\0\r\n"s, "*1\r\n$\0\r\n"s}) {
        CHECK(read(line + "PING\r\n") == request_transcript{});
        CHECK(read_requests(line + std::string(65537, 'a'), defaults).error.find("too big") !=
              std::string::npos);
    }
    // Behind the line's end it is a byte like any other.
    CHECK(read("*1\r\0$4\r\0PING\0\0"s).requests == std::vector<words>{{"PING"}});
}

TEST_CASE("limits are the caller's, and stricter before the password") {
    protocol_limits limits;
    limits.arguments = 2;
    limits.bulk_size = 5;
    limits.inline_size = 8;
    CHECK(read(multibulk({"12345", ""}), limits).requests == std::vector<words>{{"12345", ""}});
    CHECK(read(multibulk({"1", "2", "3"}), limits).error ==
          "ERR Protocol error: invalid multibulk length");
    CHECK(read(multibulk({"123456"}), limits).error == "ERR Protocol error: invalid bulk length");
    CHECK(read("12345678\n", limits).requests == std::vector<words>{{"12345678"}});
    CHECK(read("1234567\r\n", limits).requests == std::vector<words>{{"1234567"}});
    CHECK(read("123456789\n", limits).error == "ERR Protocol error: too big inline request");

    protocol_limits anonymous;
    anonymous.authenticated = false;
    CHECK(read(multibulk(words(10, "x")), anonymous).requests ==
          std::vector<words>{words(10, "x")});
    CHECK(read(multibulk(words(11, "x")), anonymous).error ==
          "ERR Protocol error: unauthenticated multibulk length");
    CHECK(read("*2147483648\r\n", anonymous).error ==
          "ERR Protocol error: invalid multibulk length");
    CHECK(read("*1\r\n$16384\r\n", anonymous) == request_transcript{});
    CHECK(read("*1\r\n$16385\r\n", anonymous).error ==
          "ERR Protocol error: unauthenticated bulk length");
    CHECK(read("*1\r\n$536870913\r\n", anonymous).error ==
          "ERR Protocol error: invalid bulk length");
}

TEST_CASE("limits may change between two requests") {
    protocol_limits limits;
    limits.authenticated = false;
    request_parser parser{limits};
    argument_list arguments;
    const std::string input = multibulk(words(11, "x"));
    REQUIRE(parser.parse(input, arguments) == request_parser::result::error);
    limits.authenticated = true;
    CHECK(parser.parse(input, arguments) == request_parser::result::request);
}

TEST_CASE("arguments are views into the input") {
    request_parser parser{defaults};
    argument_list arguments;
    const std::string input = multibulk({"SET", "key", "value"}) + "GET key\r\n";
    REQUIRE(parser.parse(input, arguments) == request_parser::result::request);
    CHECK(arguments[2].data() == input.data() + input.find("value"));
    const std::string_view rest = std::string_view{input}.substr(parser.consumed());
    REQUIRE(parser.parse(rest, arguments) == request_parser::result::request);
    CHECK(arguments[1].data() == input.data() + input.rfind("key"));
}

TEST_CASE("needed() tells how far to read") {
    request_parser parser{defaults};
    argument_list arguments;
    CHECK(parser.needed() == 1);
    CHECK(parser.parse("*1\r\n$1000\r\nab", arguments) == request_parser::result::need_more);
    CHECK(parser.needed() == 11 + 1000 + 2);
    CHECK(parser.in_request());
    CHECK(parser.parse("*1\r\n$1000\r\nabc", arguments) == request_parser::result::need_more);
    CHECK(parser.needed() == 11 + 1000 + 2);

    request_parser other{defaults};
    CHECK(other.parse("", arguments) == request_parser::result::need_more);
    CHECK_FALSE(other.in_request());
    CHECK(other.parse("*1\r", arguments) == request_parser::result::need_more);
    CHECK(other.needed() == 4);
}

TEST_CASE("whole requests are parsed without an allocation") {
    request_parser parser{defaults};
    argument_list arguments;
    arguments.reserve(8);
    const auto count = [&](const std::string& input) {
        return allocations_in([&] {
                   if (parser.parse(input, arguments) != request_parser::result::request)
                       throw std::logic_error{"no request"};
               })
            .calls;
    };
    CHECK(count(multibulk({"SET", "key", std::string(10000, 'v')})) == 0);
    CHECK(count("SET key value\r\n") == 0);
    CHECK(count("*0\r\n") == 0);
    CHECK(count("SET key \"a value\"\r\n") > 0); // that the counter counts
}

TEST_CASE("an announced length takes no memory") {
    request_parser parser{defaults};
    argument_list arguments;
    for (const char* const input :
         {"*1048576\r\n", "*1\r\n$536870912\r\n", "*1048576\r\n$1\r\na\r\n"}) {
        const auto cost = allocations_in([&] {
            request_parser fresh{defaults};
            (void)fresh.parse(input, arguments);
        });
        CHECK(cost.bytes < 1024);
    }
}

// That no byte is looked at again is shown by spoiling the bytes that were seen.
TEST_CASE("a bulk string of 100 MB in pieces of 4 KB is never scanned again") {
    const std::size_t size = 100'000'000;
    std::string input = "*2\r\n$3\r\nGET\r\n$100000000\r\n";
    const std::size_t begin = input.size();
    input.resize(begin + size + 2);
    request_parser parser{defaults};
    argument_list arguments;
    std::size_t calls = 0;
    for (std::size_t seen = begin + 10; seen < input.size(); seen += 4096, ++calls) {
        REQUIRE(parser.parse({input.data(), seen}, arguments) == request_parser::result::need_more);
        REQUIRE(parser.needed() == input.size());
        std::fill_n(input.begin(), begin, '!');
    }
    CHECK(calls > 24000);
    REQUIRE(parser.parse(input, arguments) == request_parser::result::request);
    REQUIRE(arguments.size() == 2);
    CHECK(arguments[0].data() == input.data() + 8);
    CHECK(arguments[1].data() == input.data() + begin);
    CHECK(arguments[1].size() == size);
}

TEST_CASE("a million arguments in small cuts are never scanned again") {
    const std::size_t count = 1'000'000;
    std::string input = "*1000000\r\n";
    const std::size_t begin = input.size();
    const std::string argument = "$1\r\na\r\n";
    for (std::size_t i = 0; i < count; ++i)
        input += argument;
    request_parser parser{defaults};
    argument_list arguments;
    std::size_t spoiled = 0;
    for (std::size_t seen = 11; seen < input.size(); seen += 11) {
        REQUIRE(parser.parse({input.data(), seen}, arguments) == request_parser::result::need_more);
        // The argument that is being read has begun at most its own size ago.
        for (; spoiled + argument.size() < seen; ++spoiled)
            input[spoiled] = '!';
    }
    REQUIRE(parser.parse(input, arguments) == request_parser::result::request);
    REQUIRE(arguments.size() == count);
    bool right = true;
    for (std::size_t i = 0; i < count; ++i)
        right = right && arguments[i].data() == input.data() + begin + i * argument.size() + 4;
    CHECK(right);
}

TEST_CASE("a line in small cuts is never searched again") {
    struct row {
        std::string begin;
        char end;
        request_parser::result result;
    };

    const auto row_of = GENERATE(values<row>({{"", '\n', request_parser::result::request},
                                              {"*", '\r', request_parser::result::error},
                                              {"*1\r\n$", '\r', request_parser::result::error}}));
    std::string input = row_of.begin + std::string(60000, '7') + "\r\n";
    const std::string spoiled(input.size(), row_of.end);
    const std::string intact = input;
    request_parser parser{defaults};
    argument_list arguments;
    for (std::size_t seen = 100; seen < input.size() - 2; seen += 100) {
        REQUIRE(parser.parse({input.data(), seen}, arguments) == request_parser::result::need_more);
        input.replace(0, seen, spoiled, 0, seen);
    }
    CHECK(parser.parse(intact, arguments) == row_of.result);
}

TEST_CASE("random requests in random cuts") {
    const auto seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 300; ++round) {
        std::string input;
        std::vector<words> expected;
        while (random.below(8) != 0) {
            words arguments(random.one_in(20) ? random.below(300) : 1 + random.below(5));
            for (auto& argument : arguments)
                argument = random.text(random.one_in(20) ? random.below(5000) : random.below(40));
            input += multibulk(arguments);
            expected.push_back(std::move(arguments));
        }
        cut_list cuts;
        for (std::size_t at = random.below(50); at < input.size();
             at += random.below(1 + random.below(400)))
            cuts.push_back(at);
        const auto transcript = read_requests(input, defaults, cuts);
        REQUIRE(transcript.error == "");
        REQUIRE(transcript.requests == expected);
        REQUIRE(transcript.consumed == input.size());
    }
}
