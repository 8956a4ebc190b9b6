// A RESP reply as it stood on the wire: nothing is translated, so that tests can tell `$-1` from
// `*-1` and `,1` from `,1.0`. Written apart from src/resp on purpose: the checks must not share its
// errors.
//
// Invariant: a value and its bytes determine each other; a header such as `$03` is malformed.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis::test {

/// What a peer sent is not RESP.
struct malformed_reply : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct wire_value {
    char type = '_';   ///< the first byte: + - : $ * _ # , ( ! = % ~ > |
    bool null = false; ///< `$-1` or `*-1`
    std::string text;  ///< what follows the type byte, or a bulk's bytes
    std::vector<wire_value>
        elements; ///< of `%`: key, value …; of `|`: key, value …, the value itself

    bool is_aggregate() const noexcept {
        return type == '*' || type == '%' || type == '~' || type == '>' || type == '|';
    }

    friend bool operator==(const wire_value&, const wire_value&) = default;
};

/// How many bytes the first reply in `bytes` takes; 0 while it is not there whole.
std::size_t reply_size(std::string_view bytes);

/// Exactly one whole reply.
wire_value parse_reply(std::string_view bytes);

/// The reply in the transcripts' spelling (tests/wire/README.md): the lines that stand behind `< `.
std::vector<std::string> spell(const wire_value& value);

/// The same on one line, shortened to about `limit` characters, for messages.
std::string spell_line(const wire_value& value, std::size_t limit = 4096);

/// `bytes` in double quotes with escapes: \r \n \t \" \\ \xHH.
std::string quote(std::string_view bytes, std::size_t limit = static_cast<std::size_t>(-1));

/// A request as an array of bulk strings.
std::string encode_request(const std::vector<std::string>& arguments);

} // namespace mini_redis::test
