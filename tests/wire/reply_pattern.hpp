// What a transcript expects of one reply: the exact value in a readable spelling, or a pattern
// where a server may answer freely. The spelling is explained in README.md.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/wire_value.hpp"

namespace mini_redis::test {

/// A transcript that cannot be read.
struct transcript_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What `capture` took and `${name}` gives.
using variables = std::map<std::string, std::string>;

struct reply_pattern {
    enum class form {
        value,  ///< exactly this one; an aggregate: elements match in order, or in any if unordered
        glob,   ///< a text of this type in which * stands for anything
        range,  ///< an integer within [min, max]
        any,    ///< any value
        one_of, ///< one of the elements
        each,   ///< an aggregate of at least min elements that all match elements[0]
        null,   ///< the null of the protocol: $-1 or _
        null_array ///< *-1 or _
    };

    form kind = form::value;
    char type = '_';
    bool is_null = false; ///< $-1, *-1
    bool unordered = false;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::string text;
    std::string capture; ///< the variable that takes the reply's text; empty: none
    std::vector<reply_pattern> elements;
};

/// Reads one pattern from the text of consecutive `< ` lines, beginning at `lines[line]`; `line` is
/// moved behind it.
reply_pattern parse_pattern(const std::vector<std::string>& lines, std::size_t& line);

/// Whether the reply is what the pattern says. `resp3`: the connection's protocol. Captures go to
/// `names`, which also gives `${name}` in texts.
bool matches(const reply_pattern& pattern, const wire_value& reply, bool resp3, variables& names);

/// `${name}` replaced by its value; names that have none stay.
std::string substitute(std::string_view text, const variables& names);

/// Reads a quoted string at `text[position]`, a " with escapes or a ' without, and what may follow
/// it,
/// `*count`, which repeats it.
std::string parse_quoted(std::string_view text, std::size_t& position);

} // namespace mini_redis::test
