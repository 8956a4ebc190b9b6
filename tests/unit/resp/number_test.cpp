#include "resp/number.hpp"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace std::string_literals;

namespace {

std::string written(std::int64_t value) {
    char out[integer_digits];
    return {out, format_integer(value, out)};
}

std::string written(double value) {
    char out[real_digits];
    return {out, format_real(value, out)};
}

std::string written(long double value) {
    static char out[long_real_digits];
    return {out, format_long_real(value, out)};
}

double random_real(random_source& random) {
    const std::uint64_t bits = random.bits();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// What Redis does, by the C library.
std::optional<double> redis_real(const std::string& text) {
    errno = 0;
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) ||
        end != text.c_str() + text.size())
        return {};
    if (errno == ERANGE && (std::isinf(value) || value == 0)) return {};
    if (std::isnan(value)) return {};
    return value;
}

std::string redis_long_real(long double value) {
    static char out[long_real_digits];
    std::string text{out,
                     static_cast<std::size_t>(std::snprintf(out, sizeof out, "%.17Lf", value))};
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}

} // namespace

TEST_CASE("integers have one spelling") {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{7}, std::int64_t{10}, std::int64_t{-1}, std::int64_t{-999},
          most, most - 1, least, least + 1, std::int64_t{1000000000000000000}})
        CHECK(parse_integer(std::to_string(value)) == value);
    for (const auto& text : {""s,
                             "-"s,
                             "+1"s,
                             "-0"s,
                             "00"s,
                             "01"s,
                             "-01"s,
                             " 1"s,
                             "1 "s,
                             "1\0"s,
                             "1a"s,
                             "a"s,
                             "--1"s,
                             "0x1"s,
                             "1.0"s,
                             "9223372036854775808"s,
                             "-9223372036854775809"s,
                             "18446744073709551616"s,
                             "99999999999999999999"s,
                             "100000000000000000000"s,
                             "-"s + std::string(30, '1')}) {
        CAPTURE(text);
        CHECK_FALSE(parse_integer(text));
    }
    CHECK(parse_unsigned("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    CHECK(parse_unsigned("0") == 0U);
    for (const char* const text :
         {"18446744073709551616", "20000000000000000000", "-1", "", "01", "1844674407370955161x"})
        CHECK_FALSE(parse_unsigned(text));
}

TEST_CASE("integers of every length are written and read back") {
    for (std::uint64_t power = 1;; power *= 10) {
        for (const std::uint64_t value : {power - 1, power, power + 1, power * 9}) {
            char out[integer_digits];
            const std::string text{out, format_unsigned(value, out)};
            CHECK(text == std::to_string(value));
            CHECK(parse_unsigned(text) == value);
            const auto negative = static_cast<std::int64_t>(0 - value);
            CHECK(written(negative) == std::to_string(negative));
            CHECK(parse_integer(written(negative)) == negative);
        }
        if (power > std::numeric_limits<std::uint64_t>::max() / 10) break;
    }
}

TEST_CASE("doubles are read as Redis reads them") {
    struct row {
        std::string text;
        std::optional<double> value;
    };

    const double infinity = std::numeric_limits<double>::infinity();
    for (const auto& [text, value] : std::initializer_list<row>{{"1.5", 1.5},
                                                                {"+1.5", 1.5},
                                                                {"-.5", -0.5},
                                                                {"5.", 5.0},
                                                                {"1e5", 1e5},
                                                                {"1E-5", 1e-5},
                                                                {"0x10", 16.0},
                                                                {"-0X1p4", -16.0},
                                                                {"0x.8", 0.5},
                                                                {"inf", infinity},
                                                                {"-Infinity", -infinity},
                                                                {"+INF", infinity},
                                                                {"1e-320", 1e-320},
                                                                {"", {}},
                                                                {" 1", {}},
                                                                {"1 ", {}},
                                                                {".", {}},
                                                                {"1e", {}},
                                                                {"0x", {}},
                                                                {"0xinf", {}},
                                                                {"0x-1", {}},
                                                                {"+-1", {}},
                                                                {"--1", {}},
                                                                {"nan", {}},
                                                                {"-NaN", {}},
                                                                {"nan(1)", {}},
                                                                {"1e400", {}},
                                                                {"1e-400", {}},
                                                                {"1,5", {}},
                                                                {"infinit", {}},
                                                                {"1.5\0"s, {}},
                                                                {"1_0", {}}}) {
        CAPTURE(text);
        CHECK(parse_real(text) == value);
        if (text.find('\0') == std::string::npos) CHECK(redis_real(text) == value);
    }
    CHECK(std::signbit(*parse_real("-0")));
}

TEST_CASE("random texts are doubles where strtod says so") {
    const auto seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    int accepted = 0;
    for (int round = 0; round < 200'000; ++round) {
        const std::string text = random.text(
            random.below(8), random.one_in(3) ? "0123456789.-+eExXpPabfINinfat " : "0123456789.-e");
        CAPTURE(text);
        const auto value = parse_real(text);
        REQUIRE(value == redis_real(text));
        accepted += value.has_value();
    }
    CHECK(accepted > 10'000);
}

TEST_CASE("doubles are written as by %.17g") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(written(infinity) == "inf");
    CHECK(written(-infinity) == "-inf");
    CHECK(written(std::nan("")) == "nan");
    CHECK(written(-std::nan("")) == "nan");
    CHECK(written(3.0) == "3");
    CHECK(written(-0.0) == "-0");
    CHECK(written(0.1) == "0.10000000000000001");
    CHECK(written(1e17) == "1e+17");

    const auto seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    const auto check = [](double value) {
        char out[64];
        std::snprintf(out, sizeof out, "%.17g", value);
        REQUIRE(written(value) == out);
    };
    for (int round = 0; round < 100'000; ++round) {
        const double value = random_real(random);
        if (!std::isnan(value)) check(value);
        check(static_cast<double>(static_cast<std::int64_t>(random.bits()) >> random.below(64)));
        check(static_cast<double>(random.below(100'000)) / 100);
    }
}

TEST_CASE("long doubles are read and written as INCRBYFLOAT does") {
    CHECK(written(3.0L) == "3");
    CHECK(written(-0.0L) == "0");
    CHECK(written(-1e-20L) == "0");
    CHECK(written(0.1L) == "0.1");
    CHECK(written(*parse_long_real("10.50") + *parse_long_real("0.1")) == "10.6");
    CHECK(written(*parse_long_real("5.0e3") + 200) == "5200");
    CHECK(written(std::numeric_limits<long double>::infinity()) == "inf");
    CHECK(written(-std::numeric_limits<long double>::infinity()) == "-inf");
    CHECK(written(std::numeric_limits<long double>::max()) ==
          redis_long_real(std::numeric_limits<long double>::max()));
    CHECK(parse_long_real("1e400") == 1e400L);
    CHECK_FALSE(parse_long_real("1e5000"));
    CHECK_FALSE(parse_long_real("nan"));
    CHECK_FALSE(parse_long_real("1.5 "));
    CHECK(parse_long_real("1." + std::string(5000, '0')) == 1.0L);
    CHECK_FALSE(parse_long_real("1." + std::string(5 * 1024, '0')));

    const auto seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 3000; ++round) {
        const double value = random_real(random);
        if (std::isfinite(value))
            REQUIRE(written(static_cast<long double>(value)) == redis_long_real(value));
        const auto decimal = static_cast<long double>(random.below(1'000'000'000)) / 10000;
        REQUIRE(written(decimal) == redis_long_real(decimal));
    }
}
