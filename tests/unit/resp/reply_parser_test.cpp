#include "resp/reply_parser.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/resp_transcript.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace std::string_literals;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// What the input says, after checking that it says the same in every one of many cuts.
reply_transcript read(std::string_view input, const protocol_limits& limits = {}) {
    const auto whole = read_replies(input, limits);
    CHECK(read_replies(input, limits, cut_everywhere(input)) == whole);
    if (input.size() <= 200) {
        for (std::size_t first = 0; first <= input.size(); ++first)
            for (std::size_t second = first; second <= input.size(); ++second)
                if (!(read_replies(input, limits, {first, second}) == whole))
                    FAIL("cut at " << first << " and " << second << ": " << input);
    }
    return whole;
}

frame with_attributes(frame value, std::vector<frame> attributes) {
    value.set_attributes(std::move(attributes));
    return value;
}

frame text(std::string bytes) {
    return frame::bulk_string(std::move(bytes));
}

struct spelling {
    std::string wire;
    frame value;
};

} // namespace

namespace Catch {
template <>
struct StringMaker<mini_redis::frame> {
    static std::string convert(const frame& value) { return to_string(value); }
};
} // namespace Catch

TEST_CASE("every type is read as it is written, in every cut") {
    const auto row = GENERATE(values<spelling>({
        {"+OK\r\n", frame::simple_string("OK")},
        {"+\r\n", frame::simple_string("")},
        {"+tab\tand \x01\xff\r\n", frame::simple_string("tab\tand \x01\xff")},
        {"-WRONGTYPE Operation\r\n", frame::error("WRONGTYPE Operation")},
        {":0\r\n", frame::integer(0)},
        {":-9223372036854775808\r\n", frame::integer(std::numeric_limits<std::int64_t>::min())},
        {":9223372036854775807\r\n", frame::integer(std::numeric_limits<std::int64_t>::max())},
        {"$5\r\nhello\r\n", text("hello")},
        {"$0\r\n\r\n", text("")},
        {"$8\r\n\r\n$1\r\n\0\xff\r\n"s, text("\r\n$1\r\n\0\xff"s)},
        {"_\r\n", frame::null()},
        {"#t\r\n", frame::boolean(true)},
        {"#f\r\n", frame::boolean(false)},
        {",1.5\r\n", frame::real(1.5)},
        {",10\r\n", frame::real(10)},
        {",-1.0000000000000001e-05\r\n", frame::real(-1e-5)},
        {",inf\r\n", frame::real(infinity)},
        {",-inf\r\n", frame::real(-infinity)},
        {",nan\r\n", frame::real(not_a_number)},
        {"(3492890328409238509324850943850943825024385\r\n",
         frame::big_number("3492890328409238509324850943850943825024385")},
        {"(-1\r\n", frame::big_number("-1")},
        {"!22\r\nSYNTAX invalid\r\nsyntax\r\n", frame::bulk_error("SYNTAX invalid\r\nsyntax")},
        {"=8\r\ntxt:some\r\n", frame::verbatim_string("txt", "some")},
        {"=4\r\nmkd:\r\n", frame::verbatim_string("mkd", "")},
        {"*0\r\n", frame::array({})},
        {"*3\r\n:1\r\n*1\r\n*0\r\n_\r\n",
         frame::array({frame::integer(1), frame::array({frame::array({})}), frame::null()})},
        {"%0\r\n", frame::map({})},
        {"%2\r\n$1\r\na\r\n:1\r\n*1\r\n+b\r\n~0\r\n",
         frame::map({text("a"), frame::integer(1), frame::array({frame::simple_string("b")}),
                     frame::set({})})},
        {"~2\r\n#t\r\n,0.5\r\n", frame::set({frame::boolean(true), frame::real(0.5)})},
        {">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nm\r\n",
         frame::push({text("message"), text("ch"), text("m")})},
        {"|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n",
         with_attributes(text("v"), {frame::simple_string("ttl"), frame::integer(3600)})},
        {"|1\r\n+a\r\n:1\r\n*2\r\n|1\r\n+b\r\n*1\r\n_\r\n:2\r\n:3\r\n",
         with_attributes(
             frame::array({with_attributes(frame::integer(2), {frame::simple_string("b"),
                                                               frame::array({frame::null()})}),
                           frame::integer(3)}),
             {frame::simple_string("a"), frame::integer(1)})},
        {"|1\r\n+a\r\n|1\r\n+b\r\n_\r\n:1\r\n*0\r\n",
         with_attributes(
             frame::array({}),
             {frame::simple_string("a"),
              with_attributes(frame::integer(1), {frame::simple_string("b"), frame::null()})})},
    }));
    CAPTURE(row.wire);
    const auto transcript = read(row.wire);
    CHECK(transcript.error == "");
    CHECK_FALSE(transcript.in_frame);
    REQUIRE(transcript.frames.size() == 1);
    CHECK(transcript.frames[0] == row.value);
    std::string encoded;
    encode(row.value, protocol_version::resp3, encoded);
    CHECK(encoded == row.wire);
    // All but the last byte is no frame yet.
    const auto cut = read_replies(std::string_view{row.wire}.substr(0, row.wire.size() - 1));
    CHECK(cut.frames.empty());
    CHECK(cut.in_frame);
}

TEST_CASE("other spellings") {
    const auto row = GENERATE(values<spelling>({
        {"$-1\r\n", frame::null()},
        {"*-1\r\n", frame::null()},
        {":+5\r\n", frame::integer(5)},
        {",+1.50\r\n", frame::real(1.5)},
        {",1E3\r\n", frame::real(1000)},
        {",-nan\r\n", frame::real(not_a_number)},
        {"(+12\r\n", frame::big_number("+12")},
        {"|0\r\n:1\r\n", frame::integer(1)},
        {"|1\r\n+a\r\n:1\r\n|1\r\n+b\r\n:2\r\n+v\r\n",
         with_attributes(frame::simple_string("v"),
                         {frame::simple_string("a"), frame::integer(1), frame::simple_string("b"),
                          frame::integer(2)})},
        {"|1\r\n+a\r\n:1\r\n|0\r\n+v\r\n",
         with_attributes(frame::simple_string("v"),
                         {frame::simple_string("a"), frame::integer(1)})},
        {"*2\r\n*-1\r\n$-1\r\n", frame::array({frame::null(), frame::null()})},
    }));
    CAPTURE(row.wire);
    const auto transcript = read(row.wire);
    CHECK(transcript.error == "");
    CHECK_FALSE(transcript.in_frame);
    CHECK(transcript.frames == std::vector<frame>{row.value});
}

TEST_CASE("frames follow each other") {
    const auto transcript = read("+OK\r\n$1\r\na\r\n*1\r\n:1\r\n_\r\n$3\r\nab");
    CHECK(transcript.frames == std::vector<frame>{frame::simple_string("OK"), text("a"),
                                                  frame::array({frame::integer(1)}),
                                                  frame::null()});
    CHECK(transcript.in_frame);

    reply_parser parser;
    const std::string_view input = "+a\r\n+b\r\n";
    REQUIRE(parser.parse(input) == reply_parser::result::reply);
    CHECK(parser.consumed() == 4);
    CHECK(parser.view(input.data()).text() == "a");
}

TEST_CASE("a reply is read in place") {
    const std::string_view input = "*5\r\n|1\r\n+a\r\n:1\r\n$3\r\nabc\r\n*2\r\n:1\r\n*1\r\n,0.5\r\n"
                                   "=8\r\ntxt:some\r\n#t\r\n*0\r\n";
    reply_parser parser;
    REQUIRE(parser.parse(input) == reply_parser::result::reply);
    CHECK(parser.consumed() == input.size());
    const reply_view reply = parser.view(input.data());
    CHECK(reply.type() == frame_type::array);
    REQUIRE(reply.size() == 5);
    auto element = reply.begin();
    CHECK((*element).text() == "abc");
    CHECK((*element).text().data() == input.data() + input.find("abc"));
    const reply_view nested = *++element;
    REQUIRE(nested.size() == 2);
    CHECK((*nested.begin()).as_integer() == 1);
    CHECK((*(*++nested.begin()).begin()).as_real() == 0.5);
    CHECK((*++element).text() == "some");
    CHECK((*element).format() == "txt");
    CHECK((*++element).as_boolean());
    const reply_view empty = *++element;
    CHECK(empty.begin() == empty.end());
    CHECK(++element == reply.end());

    // The bytes may have moved since they were parsed.
    const std::string copy{input};
    CHECK(parser.view(copy.data()).to_frame() == reply.to_frame());
    CHECK((*reply.begin()).to_frame().attributes() ==
          std::vector<frame>{frame::simple_string("a"), frame::integer(1)});
}

TEST_CASE("what has begun is in_frame()") {
    for (const char* const input : {"+", "$1\r\n", "$1\r\na\r", "*1\r\n", "|1\r\n", "|0\r\n",
                                    "|1\r\n+a\r\n:1\r\n", "*2\r\n:1\r\n", "$100\r"}) {
        CAPTURE(input);
        const auto transcript = read(input);
        CHECK(transcript.in_frame);
        CHECK(transcript.frames.empty());
    }
    CHECK_FALSE(read("").in_frame);
}

TEST_CASE("what is not RESP is refused, in every cut with the same words") {
    struct row {
        std::string input;
        std::string error;
    };

    const auto row_of = GENERATE(values<row>({
        {"x", "expected the type of a reply, got 'x'"},
        {"\r\n", "expected the type of a reply, got '\\x0d'"},
        {"\0"s, "expected the type of a reply, got '\\x00'"},
        {"*1\r\nHTTP/1.1", "expected the type of a reply, got 'H'"},
        {";4\r\n", "expected the type of a reply, got ';'"},
        {"+a\nb\r\n", "a line feed without a carriage return"},
        {"+a\rb\r\n", "a carriage return without a line feed"},
        {"+a\r\r\n", "a carriage return without a line feed"},
        {":1\n", "a line feed without a carriage return"},
        {":\r\n", "invalid integer"},
        {":-\r\n", "invalid integer"},
        {":+\r\n", "invalid integer"},
        {":+-1\r\n", "invalid integer"},
        {":01\r\n", "invalid integer"},
        {":1 \r\n", "invalid integer"},
        {":1.0\r\n", "invalid integer"},
        {":9223372036854775808\r\n", "invalid integer"},
        {",\r\n", "invalid double"},
        {",1.5x\r\n", "invalid double"},
        {",0x10\r\n", "invalid double"},
        {", 1\r\n", "invalid double"},
        {",1e999\r\n", "invalid double"},
        {"(\r\n", "invalid big number"},
        {"(-\r\n", "invalid big number"},
        {"(12a\r\n", "invalid big number"},
        {"#\r\n", "invalid boolean"},
        {"#true\r\n", "invalid boolean"},
        {"_x\r\n", "invalid null"},
        {"$\r\n", "invalid bulk length"},
        {"$-2\r\n", "invalid bulk length"},
        {"$+1\r\n", "invalid bulk length"},
        {"$01\r\n", "invalid bulk length"},
        {"$536870913\r\n", "invalid bulk length"},
        {"!-1\r\n", "invalid bulk length"},
        {"=-1\r\n", "invalid bulk length"},
        {"*-2\r\n", "invalid aggregate length"},
        {"*x\r\n", "invalid aggregate length"},
        {"%-1\r\n", "invalid aggregate length"},
        {"~-1\r\n", "invalid aggregate length"},
        {">-1\r\n", "invalid aggregate length"},
        {"|-1\r\n", "invalid aggregate length"},
        {"*2147483648\r\n", "invalid aggregate length"},
        {"*9223372036854775808\r\n", "invalid aggregate length"},
        {"$?\r\n", "streamed lengths are not supported"},
        {"*?\r\n", "streamed lengths are not supported"},
        {"%?\r\n", "streamed lengths are not supported"},
        {"$1\r\nab\r\n", "a bulk string without CRLF at its end"},
        {"$1\r\na\rb", "a bulk string without CRLF at its end"},
        {"$0\r\n\n\r", "a bulk string without CRLF at its end"},
        {"=3\r\ntxt\r\n", "a verbatim string without its format"},
        {"=5\r\ntxt-a\r\n", "a verbatim string without its format"},
        {"*1" + std::string(40, '0') + "\r\n", "too long a line"},
        {":" + std::string(33, '1'), "too long a line"},
    }));
    CAPTURE(row_of.input);
    const auto transcript = read("+OK\r\n" + row_of.input + std::string(40, '\r'));
    CHECK(transcript.frames == std::vector<frame>{frame::simple_string("OK")});
    CHECK(transcript.error == row_of.error);
}

TEST_CASE("a wrong type is found at once, however long the line") {
    for (const char* const input : {"x", "xy", "xy\r"}) {
        CAPTURE(input);
        CHECK(read(input).error == "expected the type of a reply, got 'x'");
    }
}

TEST_CASE("an error is final") {
    reply_parser parser;
    CHECK(parser.parse("x+OK\r\n") == reply_parser::result::error);
    CHECK(parser.parse("+OK\r\n") == reply_parser::result::error);
}

TEST_CASE("reply limits are the caller's") {
    protocol_limits limits;
    limits.depth = 3;
    limits.bulk_size = 5;
    limits.elements = 4;
    limits.inline_size = 6;
    CHECK(read("*1\r\n*1\r\n*0\r\n", limits).frames.size() == 1);
    CHECK(read("*1\r\n*1\r\n*1\r\n*0\r\n", limits).error == "too deeply nested");
    CHECK(read("*1\r\n|1\r\n+a\r\n*1\r\n*0\r\n", limits).error == "too deeply nested");
    CHECK(read("$5\r\n12345\r\n", limits).frames.size() == 1);
    CHECK(read("$6\r\n", limits).error == "invalid bulk length");
    CHECK(read("!6\r\n", limits).error == "invalid bulk length");
    CHECK(read("*4\r\n_\r\n_\r\n_\r\n_\r\n", limits).frames.size() == 1);
    CHECK(read("*5\r\n", limits).error == "invalid aggregate length");
    CHECK(read("+12345\r\n", limits).frames.size() == 1);
    CHECK(read("+123456\r\n", limits).error == "too long a line");
    CHECK(read("+123456\n", limits).error == "too long a line");
    CHECK(read(",1.5000\r\n", limits).frames.size() == 1);
    CHECK(read(",1.50000\r\n", limits).error == "too long a line");
}

TEST_CASE("a frame as deep as allowed is read, copied, compared, written and destroyed") {
    const protocol_limits limits;
    std::string input;
    for (std::size_t i = 0; i < limits.depth; ++i)
        input += i % 2 ? "*1\r\n" : "|1\r\n_\r\n";
    input += ":1\r\n";
    for (std::size_t i = 0; i < limits.depth; i += 2)
        input += "_\r\n"; // what the attributes belong to
    const auto transcript = read_replies(input, limits, cut_everywhere(input));
    REQUIRE(transcript.error == "");
    REQUIRE(transcript.frames.size() == 1);
    const frame copy = transcript.frames[0];
    CHECK(copy == transcript.frames[0]);
    std::string encoded;
    encode(copy, protocol_version::resp3, encoded);
    CHECK(encoded == input);
}

TEST_CASE("an announced length takes no memory of the client") {
    const auto cost = [](std::string_view input) {
        return allocations_in([&] {
                   reply_parser parser;
                   if (parser.parse(input) != reply_parser::result::need_more)
                       throw std::logic_error{"no need of more"};
               })
            .bytes;
    };
    CHECK(cost("$536870912\r\nabc") < 256);
    CHECK(cost("*2147483647\r\n") < 512);
    CHECK(cost("%1073741823\r\n:1\r\n") < 1024);
    std::string nested;
    for (int i = 0; i < 100; ++i)
        nested += "*2147483647\r\n";
    CHECK(cost(nested) < 20'000);
    CHECK(cost("*2147483647\r\n" + std::string(1 << 20, '+')) < 1024);
}

TEST_CASE("reading a reply costs no allocation") {
    reply_parser parser;
    const auto calls = [&](std::string_view input) {
        return allocations_in([&] {
                   if (parser.parse(input) != reply_parser::result::reply)
                       throw std::logic_error{"no reply"};
               })
            .calls;
    };
    calls("*2\r\n*1\r\n:1\r\n:2\r\n"); // what it notes is kept, so it is paid for once
    CHECK(calls("+OK\r\n") == 0);
    CHECK(calls(":12345\r\n") == 0);
    CHECK(calls("$32\r\n01234567890123456789012345678901\r\n") == 0);
    CHECK(calls(fmt::format("$100000\r\n{:100000}\r\n", "")) == 0);
    CHECK(calls("*2\r\n:1\r\n:2\r\n") == 0);
}

TEST_CASE("what a cut reply needs is known") {
    const auto needed = [](std::string_view input) {
        reply_parser parser;
        REQUIRE(parser.parse(input) == reply_parser::result::need_more);
        return parser.needed();
    };
    CHECK(needed("") == 1);
    CHECK(needed("$5") == 3);
    CHECK(needed("$5\r\n") == 11);
    CHECK(needed("$5\r\nabcde") == 11);
    CHECK(needed("*2\r\n:1\r\n") == 9);
    CHECK(needed("$100000000\r\n") == 100'000'014);
}

TEST_CASE("a reply of many elements in small pieces is looked at once") {
    std::string input = "*100000\r\n";
    for (int i = 0; i < 100'000; ++i)
        input += "$1\r\nx\r\n";
    reply_parser parser;
    for (std::size_t size = 1; size < input.size(); size += 7) // quadratic, it would take minutes
        REQUIRE(parser.parse(std::string_view{input}.substr(0, size)) ==
                reply_parser::result::need_more);
    REQUIRE(parser.parse(input) == reply_parser::result::reply);
    CHECK(parser.view(input.data()).size() == 100'000);
}

namespace {

frame random_frame(random_source& random, int depth) {
    const auto elements = [&](std::size_t bound) {
        std::vector<frame> out(random.below(bound));
        for (frame& element : out)
            element = random_frame(random, depth - 1);
        return out;
    };
    const auto pairs = [&](std::size_t bound) {
        auto out = elements(bound);
        if (out.size() % 2) out.pop_back();
        return out;
    };
    const std::string printable = "abcdefghijklmnopqrstuvwxyz -:$*";
    frame value;
    switch (random.below(depth > 0 ? 15 : 10)) {
    case 0: value = frame::simple_string(random.text(random.below(20), printable)); break;
    case 1: value = frame::error(random.text(random.below(20), printable)); break;
    case 2:
        value = frame::integer(static_cast<std::int64_t>(random.bits() >> random.below(64)));
        break;
    case 3: value = text(random.text(random.below(random.one_in(10) ? 5000 : 50))); break;
    case 4: value = frame::null(); break;
    case 5: value = frame::boolean(random.one_in(2)); break;
    case 6: {
        // Any bit pattern, but those that are too small to be read back.
        const std::uint64_t bits = random.bits();
        double real = 0;
        static_assert(sizeof real == sizeof bits);
        std::memcpy(&real, &bits, sizeof real);
        value = frame::real(real);
        break;
    }
    case 7: value = frame::big_number("-1" + random.text(random.below(40), "0123456789")); break;
    case 8: value = frame::bulk_error(random.text(random.below(50))); break;
    case 9:
        value = frame::verbatim_string(random.text(3, "abc"), random.text(random.below(50)));
        break;
    case 10:
    case 11: value = frame::array(elements(6)); break;
    case 12: value = frame::map(pairs(8)); break;
    case 13: value = frame::set(elements(6)); break;
    case 14: value = frame::push(elements(6)); break;
    }
    if (depth > 0 && random.one_in(10)) value.set_attributes(pairs(6));
    return value;
}

} // namespace

TEST_CASE("random frames are written and read back in random cuts") {
    const auto seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    std::size_t bytes = 0;
    for (int round = 0; round < 2000; ++round) {
        std::vector<frame> frames(random.below(5));
        std::string input;
        for (frame& value : frames) {
            value = random_frame(random, 4);
            encode(value, protocol_version::resp3, input);
        }
        bytes += input.size();
        cut_list cuts;
        for (std::size_t at = random.below(50); at < input.size();
             at += random.below(1 + random.below(200)))
            cuts.push_back(at);
        const auto transcript = read_replies(input, {}, cuts);
        REQUIRE(transcript.error == "");
        REQUIRE(transcript.frames == frames);
        REQUIRE_FALSE(transcript.in_frame);
    }
    CHECK(bytes > 100'000);
}
