// Lua 5.1's patterns, matched by a program of our own: Lua's passes no instruction while it goes
// back and forth, so that nothing could end a script in the middle of a match.
#pragma once

#include <cstddef>
#include <string_view>

#include "scripting/lua_home.hpp"

namespace mini_redis {

/// Finds where a pattern matches. A pattern ends at its first zero byte, as in Lua 5.1.
///
/// *Errors*: Lua's, for patterns that are malformed, and for a script that has to end.
class pattern_matcher {
public:
    pattern_matcher(lua_State* lua, std::string_view subject, const char* pattern) noexcept
        : lua_{lua},
          home_{&lua_home::of(lua)},
          begin_{subject.data()},
          end_{subject.data() + subject.size()},
          pattern_{pattern} {}

    /// The end of the match that begins at `from`; null if there is none.
    const char* match(const char* from);

    /// How many captures the match has.
    int captures() const noexcept { return level_; }

    /// Pushes the match's captures and returns their number.
    int push_captures();

    /// Pushes one, counted from 0.
    void push_capture(int index);

private:
    static constexpr int most_captures = 32;
    // Quantifiers and captures that follow each other, each of which nests the calls.
    static constexpr int most_depth = 1000;

    // Sizes of captures that are none.
    static constexpr std::ptrdiff_t open = -1;
    static constexpr std::ptrdiff_t position = -2;

    struct capture {
        const char* begin;
        std::ptrdiff_t size;
    };

    // What stands for one character of the subject: x . %a [set]
    struct item {
        const char* begin;
        const char* end;

        std::size_t cost() const noexcept { return 1 + static_cast<std::size_t>(end - begin) / 8; }
    };

    const char* match_rest(const char* at, const char* pattern);
    const char* nested(const char* at, const char* pattern);
    const char* most_of(item one, const char* at, const char* rest);
    const char* fewest_of(item one, const char* at, const char* rest);
    const char* open_capture(const char* at, const char* rest, std::ptrdiff_t size);
    const char* close_capture(const char* at, const char* rest);
    const char* skip_balanced(const char* at, const char* delimiters);
    const char* skip_captured(const char* at, char digit);
    bool at_frontier(const char* at, item set) const;
    item item_at(const char* pattern);
    const char* end_of_set(const char* inside);
    bool fits(item one, const char* at) const;

    lua_State* lua_;
    lua_home* home_;
    const char* begin_;
    const char* end_;
    const char* pattern_;
    int depth_ = 0;
    int level_ = 0;
    capture captures_[most_captures];
};

} // namespace mini_redis
