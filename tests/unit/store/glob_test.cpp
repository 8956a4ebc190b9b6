#include "store/glob.hpp"

#include <string>

#include "support/catch.hpp"

using mini_redis::glob_matches;

TEST_CASE("a plain pattern matches itself only") {
    CHECK(glob_matches("", ""));
    CHECK(glob_matches("abc", "abc"));
    CHECK_FALSE(glob_matches("abc", "abcd"));
    CHECK_FALSE(glob_matches("abcd", "abc"));
    CHECK_FALSE(glob_matches("abc", "ABC"));
    CHECK(glob_matches("aBc", "AbC", true));
}

TEST_CASE("stars match any bytes, or none") {
    CHECK_FALSE(glob_matches("*", "")); // as in Redis
    CHECK(glob_matches("*", "anything"));
    CHECK(glob_matches("a*", "a"));
    CHECK(glob_matches("a*c", "abbbc"));
    CHECK(glob_matches("*b*", "abc"));
    CHECK(glob_matches("**a**", "bab"));
    CHECK(glob_matches("*ab", "aab"));
    CHECK(glob_matches("*aab*c", "aaabdc"));
    CHECK_FALSE(glob_matches("a*c", "abcd"));
    CHECK(glob_matches("h*\xff", std::string_view{"h\0\xff", 3}));
}

TEST_CASE("a question mark matches one byte") {
    CHECK(glob_matches("h?llo", "hello"));
    CHECK_FALSE(glob_matches("h?llo", "hllo"));
    CHECK_FALSE(glob_matches("?", ""));
}

TEST_CASE("brackets match one of a set") {
    CHECK(glob_matches("h[ae]llo", "hallo"));
    CHECK_FALSE(glob_matches("h[ae]llo", "hillo"));
    CHECK(glob_matches("h[^e]llo", "hallo"));
    CHECK_FALSE(glob_matches("h[^e]llo", "hello"));
    CHECK(glob_matches("[a-c]", "b"));
    CHECK(glob_matches("[c-a]", "b"));
    CHECK_FALSE(glob_matches("[a-c]", "d"));
    CHECK(glob_matches("[A-C]", "b", true));
    CHECK(glob_matches("[\\]]", "]"));
    CHECK(glob_matches("[\\^a]", "^"));
}

TEST_CASE("what is not closed ends with the pattern, as in Redis") {
    CHECK(glob_matches("[ab", "a"));
    CHECK(glob_matches("[^", "a"));
    CHECK_FALSE(glob_matches("[", "a"));
    CHECK_FALSE(glob_matches("[", "["));
    CHECK(glob_matches("[b-", "b"));
    CHECK(glob_matches("\\", "\\"));
}

TEST_CASE("a backslash takes the next byte as it is") {
    CHECK(glob_matches("\\*", "*"));
    CHECK_FALSE(glob_matches("\\*", "a"));
    CHECK(glob_matches("a\\?b", "a?b"));
}

TEST_CASE("many stars cost no more than pattern times text") {
    std::string pattern;
    for (int i = 0; i < 1'000; ++i)
        pattern += "*a";
    const std::string text(10'000, 'a');
    CHECK(glob_matches(pattern + '*', text));
    CHECK_FALSE(
        glob_matches(pattern + 'b', text)); // by trying every split, not before the stars go out
}

TEST_CASE("more than a thousand stars match nothing, as in Redis") {
    std::string pattern;
    for (int i = 0; i < 1'000; ++i)
        pattern += "*?";
    const std::string text(2'000, 'a');
    CHECK(glob_matches(pattern, text));
    CHECK(glob_matches(pattern + "***", text)); // nothing comes behind these
    CHECK_FALSE(glob_matches(pattern + "*?", text));
}
