// Bytes -> replies: every RESP2 and RESP3 type, nested, as a client reads replies and pushes.
//
//   reply = [ "|" pairs CRLF replies ] ( line | bulk | aggregate )
//   line = type text CRLF        type: + - : _ # , (
//   bulk = type size CRLF bytes CRLF        type: $ ! =        a size of -1 is a null ($ only)
//   aggregate = type count CRLF replies     type: * % ~ >      a count of -1 is a null (* only)
//
// The bytes of a reply stay where they were received, one behind the other. The parser notes what
// stands where (an array of nodes), looks at no byte twice however the reply is cut, and takes
// memory only as the bytes arrive, whatever they announce. Streamed lengths ("$?") are refused.
#pragma once

#include <cstddef>
#include <mini_redis/reply_view.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "resp/limits.hpp"

namespace mini_redis {

/// A push parser: shows it all that is there of a reply, each time more has come.
///
///     while (parser.parse(unread) == reply_parser::result::reply) {
///         handle(parser.view(unread.data()));
///         unread.remove_prefix(parser.consumed());
///     }
class reply_parser {
public:
    enum class result { reply, need_more, error };

    explicit reply_parser(const protocol_limits& limits = {}) noexcept;

    /// `unread` begins where the reply before has ended, and has grown if more was needed; the
    /// bytes may lie elsewhere than at the call before.
    result parse(std::string_view unread);

    /// How many bytes the reply has that parse() completed.
    std::size_t consumed() const noexcept { return at_; }

    /// That reply, whose bytes begin at `bytes`; until the next parse().
    reply_view view(const char* bytes) const noexcept { return {nodes_.data(), 0, bytes}; }

    /// How many bytes are known to be needed until more can be said, those that are there included;
    /// after need_more.
    std::size_t needed() const noexcept { return needed_; }

    /// What was wrong, after error; the parser is not to be used again.
    const std::string& error_text() const noexcept { return error_; }

private:
    // What is being filled: an aggregate, or the attributes of the value that follows them.
    struct level {
        std::size_t node;
        std::size_t missing;
    };

    enum class line_state { complete, cut, error };

    bool take_whole_string(std::string_view unread);
    line_state read_line(std::string_view unread, std::string_view& line);
    bool read_body(std::string_view unread);
    bool open_value(std::string_view line);
    bool open_aggregate(char type, std::size_t size);
    bool add_text(char type, std::string_view text, const char* begin);
    bool add_number(frame_type type, std::int64_t number);
    bool close_value();
    bool fail_at_type(char type);
    bool fail(std::string text);
    std::size_t longest_line(char type) const noexcept;
    void begin_reply();

    protocol_limits limits_;
    std::size_t short_line_; // of any type; its type byte included
    std::size_t at_ = 0;     // what stands before it is parsed
    std::size_t looked_ = 0; // the line at at_ does not end before it
    std::size_t needed_ = 0;
    char body_type_ = 0; // of the bulk string that begins at at_; 0: a line does
    std::size_t body_size_ = 0;
    bool is_complete_ = false;
    const char* bytes_ = nullptr; // of the parse() under way
    std::vector<reply_node> nodes_;
    std::vector<level> levels_;
    std::string error_;
};

} // namespace mini_redis
