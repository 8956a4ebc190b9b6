#include "scripting/pattern_matcher.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mini_redis {
namespace {

// Errors and the end of a script leave by longjmp.
static_assert(std::is_trivially_destructible_v<pattern_matcher>);

// -- Classes of characters --------------------------------------------------------------------

// Those of ASCII, whatever the locale of the process.
enum kind : std::uint16_t {
    lower = 1,
    upper = 2,
    digit = 4,
    hex_letter = 8,
    punctuation = 16,
    space = 32,
    control = 64,
    zero = 128,
};

constexpr std::array<std::uint16_t, 256> kinds = [] {
    std::array<std::uint16_t, 256> table{};
    for (unsigned c = 0; c < 128; ++c) {
        const bool is_lower = c >= 'a' && c <= 'z';
        const bool is_upper = c >= 'A' && c <= 'Z';
        const bool is_digit = c >= '0' && c <= '9';
        if (is_lower) table[c] |= lower;
        if (is_upper) table[c] |= upper;
        if (is_digit) table[c] |= digit;
        if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) table[c] |= hex_letter;
        if (c > ' ' && c < 127 && !is_lower && !is_upper && !is_digit) table[c] |= punctuation;
        if (c == ' ' || (c >= '\t' && c <= '\r')) table[c] |= space;
        if (c < ' ' || c == 127) table[c] |= control;
    }
    table[0] |= zero;
    return table;
}();

constexpr std::uint16_t kinds_of_class(char letter) noexcept {
    switch (letter) {
    case 'a': return lower | upper;
    case 'c': return control;
    case 'd': return digit;
    case 'l': return lower;
    case 'p': return punctuation;
    case 's': return space;
    case 'u': return upper;
    case 'w': return lower | upper | digit;
    case 'x': return digit | hex_letter;
    case 'z': return zero;
    default: return 0;
    }
}

bool has_kind(unsigned char c, std::uint16_t which) noexcept {
    return (kinds[c] & which) != 0;
}

// %letter: a capital one is the complement, and what is no class stands for itself.
bool is_of_class(unsigned char c, char letter) noexcept {
    const bool complement = has_kind(static_cast<unsigned char>(letter), upper);
    const std::uint16_t which =
        kinds_of_class(complement ? static_cast<char>(letter + ('a' - 'A')) : letter);
    if (which == 0) return c == static_cast<unsigned char>(letter);
    return has_kind(c, which) != complement;
}

// [set], whose brackets are the first and the last byte.
bool is_in_set(unsigned char c, const char* begin, const char* end) noexcept {
    const char* at = begin + 1;
    const char* const last = end - 1;
    const bool complement = *at == '^';
    if (complement) ++at;
    while (at < last) {
        if (*at == '%') {
            if (is_of_class(c, at[1])) return !complement;
            at += 2;
        } else if (at[1] == '-' && at + 2 < last) {
            if (static_cast<unsigned char>(at[0]) <= c && c <= static_cast<unsigned char>(at[2]))
                return !complement;
            at += 3;
        } else {
            if (static_cast<unsigned char>(*at) == c) return !complement;
            ++at;
        }
    }
    return complement;
}

} // namespace

// -- Items ------------------------------------------------------------------------------------

// The end of a set; the first byte inside may be a bracket that stands for itself.
const char* pattern_matcher::end_of_set(const char* inside) {
    const char* at = inside;
    if (*at == '^') ++at;
    do {
        if (*at == '\0') luaL_error(lua_, "malformed pattern (missing ']')");
        if (*at == '%' && at[1] != '\0') ++at;
        ++at;
    } while (*at != ']');
    return at + 1;
}

pattern_matcher::item pattern_matcher::item_at(const char* pattern) {
    if (*pattern == '[') return {pattern, end_of_set(pattern + 1)};
    if (*pattern != '%') return {pattern, pattern + 1};
    if (pattern[1] == '\0') luaL_error(lua_, "malformed pattern (ends with '%%')");
    return {pattern, pattern + 2};
}

bool pattern_matcher::fits(item one, const char* at) const {
    if (at == end_) return false;
    const auto c = static_cast<unsigned char>(*at);
    switch (*one.begin) {
    case '.': return true;
    case '%': return is_of_class(c, one.begin[1]);
    case '[': return is_in_set(c, one.begin, one.end);
    default: return c == static_cast<unsigned char>(*one.begin);
    }
}

// -- Matching ---------------------------------------------------------------------------------

const char* pattern_matcher::match(const char* from) {
    level_ = 0;
    depth_ = 0;
    return match_rest(from, pattern_);
}

const char* pattern_matcher::nested(const char* at, const char* pattern) {
    if (++depth_ > most_depth) luaL_error(lua_, "pattern too complex");
    const char* const end = match_rest(at, pattern);
    --depth_;
    return end;
}

const char* pattern_matcher::match_rest(const char* at, const char* pattern) {
    for (;;) {
        spend_work(lua_, *home_, 1);
        switch (*pattern) {
        case '\0': return at;
        case '(':
            return pattern[1] == ')' ? open_capture(at, pattern + 2, position)
                                     : open_capture(at, pattern + 1, open);
        case ')': return close_capture(at, pattern + 1);
        case '$':
            if (pattern[1] == '\0') return at == end_ ? at : nullptr;
            break;
        case '%':
            if (pattern[1] == 'b') {
                at = skip_balanced(at, pattern + 2);
                if (at == nullptr) return nullptr;
                pattern += 4;
                continue;
            }
            if (pattern[1] == 'f') {
                if (pattern[2] != '[') luaL_error(lua_, "missing '[' after '%%f' in pattern");
                const item set = item_at(pattern + 2);
                spend_work(lua_, *home_, set.cost());
                if (!at_frontier(at, set)) return nullptr;
                pattern = set.end;
                continue;
            }
            if (has_kind(static_cast<unsigned char>(pattern[1]), digit)) {
                at = skip_captured(at, pattern[1]);
                if (at == nullptr) return nullptr;
                pattern += 2;
                continue;
            }
            break;
        default: break;
        }
        const item one = item_at(pattern);
        spend_work(lua_, *home_, one.cost());
        const bool first_fits = fits(one, at);
        switch (*one.end) {
        case '*': return most_of(one, at, one.end + 1);
        case '+': return first_fits ? most_of(one, at + 1, one.end + 1) : nullptr;
        case '-': return fewest_of(one, at, one.end + 1);
        case '?':
            if (first_fits)
                if (const char* const end = nested(at + 1, one.end + 1)) return end;
            pattern = one.end + 1;
            continue;
        default:
            if (!first_fits) return nullptr;
            ++at;
            pattern = one.end;
        }
    }
}

const char* pattern_matcher::most_of(item one, const char* at, const char* rest) {
    const std::size_t cost = one.cost();
    const char* last = at;
    for (; fits(one, last); ++last)
        spend_work(lua_, *home_, cost);
    for (;; --last) {
        if (const char* const end = nested(last, rest)) return end;
        if (last == at) return nullptr;
    }
}

const char* pattern_matcher::fewest_of(item one, const char* at, const char* rest) {
    for (;; ++at) {
        if (const char* const end = nested(at, rest)) return end;
        spend_work(lua_, *home_, one.cost());
        if (!fits(one, at)) return nullptr;
    }
}

// %bxy
const char* pattern_matcher::skip_balanced(const char* at, const char* delimiters) {
    if (delimiters[0] == '\0' || delimiters[1] == '\0') luaL_error(lua_, "unbalanced pattern");
    if (at == end_ || *at != delimiters[0]) return nullptr;
    for (std::size_t depth = 1; ++at < end_;) {
        spend_work(lua_, *home_, 1);
        if (*at == delimiters[1]) { // which may be the same as the first
            if (--depth == 0) return at + 1;
        } else if (*at == delimiters[0]) {
            ++depth;
        }
    }
    return nullptr;
}

// %f[set]: beyond both ends of the subject there are zero bytes.
bool pattern_matcher::at_frontier(const char* at, item set) const {
    const char before = at == begin_ ? '\0' : at[-1];
    const char here = at == end_ ? '\0' : *at;
    return !is_in_set(static_cast<unsigned char>(before), set.begin, set.end) &&
           is_in_set(static_cast<unsigned char>(here), set.begin, set.end);
}

// -- Captures ---------------------------------------------------------------------------------

const char* pattern_matcher::open_capture(const char* at, const char* rest, std::ptrdiff_t size) {
    if (level_ == most_captures) luaL_error(lua_, "too many captures");
    captures_[level_++] = {at, size};
    const char* const end = nested(at, rest);
    if (end == nullptr) --level_;
    return end;
}

const char* pattern_matcher::close_capture(const char* at, const char* rest) {
    int which = level_ - 1;
    while (which >= 0 && captures_[which].size != open)
        --which;
    if (which < 0) luaL_error(lua_, "invalid pattern capture");
    captures_[which].size = at - captures_[which].begin;
    const char* const end = nested(at, rest);
    if (end == nullptr) captures_[which].size = open;
    return end;
}

// %1: what has been captured, once more. Where a position has been, it never fits.
const char* pattern_matcher::skip_captured(const char* at, char digit) {
    const int which = digit - '1';
    if (which < 0 || which >= level_ || captures_[which].size == open)
        luaL_error(lua_, "invalid capture index");
    const capture& earlier = captures_[which];
    if (earlier.size == position || earlier.size > end_ - at) return nullptr;
    const auto size = static_cast<std::size_t>(earlier.size);
    spend_work(lua_, *home_, size / 16);
    return std::memcmp(earlier.begin, at, size) == 0 ? at + size : nullptr;
}

void pattern_matcher::push_capture(int index) {
    if (index < 0 || index >= level_) luaL_error(lua_, "invalid capture index");
    const capture& one = captures_[index];
    if (one.size == open) luaL_error(lua_, "unfinished capture");
    if (one.size == position)
        lua_pushinteger(lua_, one.begin - begin_ + 1);
    else
        lua_pushlstring(lua_, one.begin, static_cast<std::size_t>(one.size));
}

int pattern_matcher::push_captures() {
    luaL_checkstack(lua_, level_, "too many captures");
    for (int i = 0; i < level_; ++i)
        push_capture(i);
    return level_;
}

} // namespace mini_redis
