#include <mini_redis/from_reply.hpp>

#include <cmath>
#include <map>
#include <string>

#include "resp/reply_parser.hpp"
#include "support/catch.hpp"

using namespace mini_redis;
using namespace std::string_literals;

namespace {

// The reply `wire` as a T.
template <class T>
T as(std::string_view wire) {
    reply_parser parser;
    if (parser.parse(wire) != reply_parser::result::reply || parser.consumed() != wire.size())
        throw std::logic_error{"no reply: " + std::string{wire}};
    return read_reply<T>(parser.view(wire.data()));
}

// What the message says of a reply that does not fit.
template <class T>
std::string refusal(std::string_view wire) {
    try {
        (void)as<T>(wire);
    } catch (const std::system_error& error) {
        CHECK(error.code() == errc::unexpected_reply);
        const std::string text = error.what();
        return text.substr(0, text.find(": " + error.code().message()));
    } catch (const redis_error& error) {
        return "redis_error: "s + error.what();
    }
    return "(it fits)";
}

using pairs = std::vector<std::pair<std::string, double>>;

struct point {
    double x = 0;
    double y = 0;
};

} // namespace

template <>
struct mini_redis::from_reply<point> {
    static point read(const reply_view& reply) {
        const auto [x, y] = read_reply<std::pair<double, double>>(reply);
        return {x, y};
    }
};

TEST_CASE("single values are read from what servers send for them") {
    CHECK(as<std::string>("$3\r\na\0b\r\n"s) == "a\0b"s);
    CHECK(as<std::string>("+OK\r\n") == "OK");
    CHECK(as<std::string>("=8\r\ntxt:some\r\n") == "some");
    CHECK(as<std::string>(":-7\r\n") == "-7");
    CHECK(as<std::string>(",0.5\r\n") == "0.5");
    CHECK(as<std::string>("(12345678901234567890\r\n") == "12345678901234567890");

    CHECK(as<int>(":-7\r\n") == -7);
    CHECK(as<long long>("$20\r\n-9223372036854775808\r\n") == INT64_MIN);
    CHECK(as<std::uint64_t>("(18446744073709551615\r\n") == UINT64_MAX);
    CHECK(as<std::uint8_t>("+255\r\n") == 255);

    CHECK(as<double>(",1.5\r\n") == 1.5);
    CHECK(as<double>(":3\r\n") == 3);
    CHECK(as<float>("$4\r\n-inf\r\n") == -HUGE_VALF);
    CHECK(std::isnan(as<double>("$3\r\nnan\r\n")));

    CHECK(as<bool>("#t\r\n"));
    CHECK_FALSE(as<bool>("#f\r\n"));
    CHECK(as<bool>(":1\r\n"));
    CHECK_FALSE(as<bool>(":0\r\n"));
    CHECK(as<bool>("+OK\r\n"));
    CHECK_FALSE(as<bool>("$-1\r\n"));
    CHECK_FALSE(as<bool>("_\r\n"));

    CHECK(as<std::optional<int>>("_\r\n") == std::nullopt);
    CHECK(as<std::optional<int>>("*-1\r\n") == std::nullopt);
    CHECK(as<std::optional<int>>("$1\r\n5\r\n") == 5);
    CHECK(as<frame>("*1\r\n#t\r\n") == frame::array({frame::boolean(true)}));
}

TEST_CASE("containers are read from arrays, sets and maps") {
    CHECK(as<std::vector<int>>("*3\r\n:1\r\n$1\r\n2\r\n:3\r\n") == std::vector<int>{1, 2, 3});
    CHECK(as<std::vector<int>>("*0\r\n").empty());
    CHECK(as<std::vector<std::optional<std::string>>>("*2\r\n$1\r\na\r\n$-1\r\n") ==
          std::vector<std::optional<std::string>>{"a", std::nullopt});
    CHECK(as<std::set<std::string>>("~2\r\n+b\r\n+a\r\n") == std::set<std::string>{"a", "b"});
    CHECK(as<std::unordered_set<int>>("*2\r\n:1\r\n:1\r\n").size() == 1);

    // A map as it comes in RESP3, in RESP2, and as an array of pairs.
    const std::map<std::string, int> expected{{"a", 1}, {"b", 2}};
    CHECK(as<std::map<std::string, int>>("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n") == expected);
    CHECK(as<std::map<std::string, int>>("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n") ==
          expected);
    CHECK(as<std::map<std::string, int>>("*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n") == expected);
    CHECK(as<std::unordered_map<std::string, int>>("%1\r\n+a\r\n:1\r\n").at("a") == 1);

    // Members with their scores.
    const pairs scored{{"a", 1}, {"b", 0.5}};
    CHECK(as<pairs>("*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,0.5\r\n") == scored);
    CHECK(as<pairs>("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n0.5\r\n") == scored);
    CHECK(as<pairs>("*0\r\n").empty());

    CHECK(as<std::pair<std::string, int>>("*2\r\n+a\r\n:1\r\n") == std::pair{"a"s, 1});
    CHECK(as<std::tuple<int, std::string, bool>>("*3\r\n:1\r\n+a\r\n#t\r\n") ==
          std::tuple{1, "a"s, true});
    CHECK(as<std::array<int, 2>>("*2\r\n:1\r\n:2\r\n") == std::array{1, 2});

    using entries = std::vector<std::pair<std::string, std::map<std::string, std::string>>>;
    CHECK(as<entries>("*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n") ==
          entries{{"1-1", {{"f", "v"}}}});
}

TEST_CASE("a variant takes the first type that fits") {
    using value = std::variant<std::int64_t, std::vector<std::string>, std::string>;
    CHECK(as<value>(":5\r\n") == value{std::int64_t{5}});
    CHECK(as<value>("*1\r\n+a\r\n") == value{std::vector<std::string>{"a"}});
    CHECK(as<value>("+a\r\n") == value{"a"s});
    CHECK(refusal<value>("_\r\n") == "expected a string, got null");
}

TEST_CASE("user types are read as they say") {
    const point p = as<point>("*2\r\n$3\r\n1.5\r\n,2\r\n");
    CHECK(p.x == 1.5);
    CHECK(p.y == 2);
    CHECK(as<std::vector<std::optional<point>>>("*2\r\n*2\r\n:1\r\n:2\r\n*-1\r\n").size() == 2);
}

TEST_CASE("an error is no value, unless a result has room for it") {
    CHECK(refusal<int>("-ERR no\r\n") == "redis_error: ERR no");
    CHECK(refusal<std::string>("!6\r\nERR no\r\n") == "redis_error: ERR no");
    CHECK(refusal<std::optional<int>>("-ERR no\r\n") == "redis_error: ERR no");
    CHECK(refusal<std::vector<int>>("*2\r\n:1\r\n-ERR no\r\n") == "redis_error: ERR no");

    using both = std::tuple<result<int>, result<std::string>, result<void>>;
    const auto [number, text, nothing] = as<both>("*3\r\n:1\r\n-ERR no\r\n+OK\r\n");
    CHECK(number.value() == 1);
    REQUIRE_FALSE(text);
    CHECK(text.error().code() == errc::error_reply);
    CHECK(text.error().message() == "ERR no");
    CHECK_THROWS_AS(text.value(), redis_error);
    CHECK(nothing.has_value());
}

TEST_CASE("another shape is refused with words that tell") {
    CHECK(refusal<int>("$3\r\nabc\r\n") == "expected an integer in range, got the string \"abc\"");
    CHECK(refusal<int>(":3000000000\r\n") ==
          "expected an integer in range, got the integer 3000000000");
    CHECK(refusal<unsigned>(":-1\r\n") == "expected an integer in range, got the integer -1");
    CHECK(refusal<int>("$3\r\n1.5\r\n") == "expected an integer in range, got the string \"1.5\"");
    CHECK(refusal<int>("_\r\n") == "expected an integer in range, got null");
    CHECK(refusal<double>("+1.5x\r\n") == "expected a number, got the simple string \"1.5x\"");
    CHECK(refusal<bool>(":2\r\n") == "expected a yes or no, got the integer 2");
    CHECK(refusal<std::string>("*1\r\n:1\r\n") == "expected a string, got an array of 1");
    CHECK(refusal<std::vector<int>>("+OK\r\n") ==
          "expected an array, got the simple string \"OK\"");
    CHECK(refusal<std::vector<int>>("*-1\r\n") == "expected an array, got null");
    CHECK(refusal<std::map<std::string, int>>("*3\r\n+a\r\n:1\r\n+b\r\n") ==
          "expected pairs, got an array of 3");
    CHECK(refusal<std::map<std::string, int>>("*2\r\n*2\r\n+a\r\n:1\r\n*1\r\n+b\r\n") ==
          "expected a pair, got an array of 1");
    CHECK(refusal<std::pair<int, int>>("*3\r\n:1\r\n:2\r\n:3\r\n") ==
          "expected an array of 2, got an array of 3");
    CHECK(refusal<std::array<int, 1>>("%1\r\n:2\r\n:3\r\n") ==
          "expected an array of 1, got a map of 1");
    CHECK(refusal<std::vector<int>>("*1\r\n+" + std::string(50, 'x') + "\r\n") ==
          "expected an integer in range, got the simple string \"" + std::string(40, 'x') + "…\"");
}
