#include "store/glob.hpp"

#include <cstddef>
#include <utility>

namespace mini_redis {
namespace {

// Of stars with something behind them. What has more matches nothing, as in Redis, which takes a
// turn of recursion for each.
constexpr int most_stars = 1000;

// Bytes compare as signed numbers, as Redis's do; it matters for ranges with bytes above 127 only.
signed char fold(char c, bool ignore_case) noexcept {
    if (ignore_case && c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return static_cast<signed char>(c);
}

// Matches `c` against the set whose "[" stands before `at`, and moves `at` behind its "]".
bool match_set(std::string_view pattern, std::size_t& at, char c, bool ignore_case) noexcept {
    const bool inverted = at < pattern.size() && pattern[at] == '^';
    if (inverted) ++at;
    const signed char wanted = fold(c, ignore_case);
    bool found = false;
    while (at < pattern.size() && pattern[at] != ']') {
        const std::size_t left = pattern.size() - at;
        if (pattern[at] == '\\' && left >= 2) {
            // Escaped bytes are compared as they stand, even without regard to case.
            found = found || pattern[at + 1] == c;
            at += 2;
        } else if (left >= 3 && pattern[at + 1] == '-') {
            signed char low = fold(pattern[at], ignore_case);
            signed char high = fold(pattern[at + 2], ignore_case);
            if (low > high) std::swap(low, high);
            found = found || (wanted >= low && wanted <= high);
            at += 3;
        } else {
            found = found || fold(pattern[at], ignore_case) == wanted;
            ++at;
        }
    }
    if (at < pattern.size()) ++at;
    return found != inverted;
}

// Matches `c` against the element at `at`, which is not a star, and moves `at` behind it.
bool match_one(std::string_view pattern, std::size_t& at, char c, bool ignore_case) noexcept {
    switch (pattern[at]) {
    case '?': ++at; return true;
    case '[': return match_set(pattern, ++at, c, ignore_case);
    case '\\':
        if (at + 1 < pattern.size()) ++at;
        [[fallthrough]];
    default: return fold(pattern[at++], ignore_case) == fold(c, ignore_case);
    }
}

} // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case) noexcept {
    if (text.empty()) return pattern.empty();
    std::size_t at = 0;
    std::size_t read = 0;
    std::size_t after_star =
        std::string_view::npos; // where the pattern goes on behind the last star
    std::size_t star_end = 0;   // what the last star takes of the text ends here
    int stars = 0;
    while (read < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            while (at < pattern.size() && pattern[at] == '*')
                ++at;
            if (at == pattern.size()) return true;
            if (++stars > most_stars) return false;
            after_star = at;
            star_end = read;
            continue;
        }
        if (at < pattern.size() && match_one(pattern, at, text[read], ignore_case)) {
            ++read;
            continue;
        }
        if (after_star == std::string_view::npos) return false;
        at = after_star;
        read = ++star_end;
    }
    while (at < pattern.size() && pattern[at] == '*')
        ++at;
    return at == pattern.size();
}

} // namespace mini_redis
