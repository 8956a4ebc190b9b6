// Bytes -> frames: every RESP2 and RESP3 type, nested, as a client reads replies and pushes.
//
//   frame = [ "|" pairs CRLF frames ] ( line | bulk | aggregate )
//   line = type text CRLF        type: + - : _ # , (
//   bulk = type size CRLF bytes CRLF        type: $ ! =        a size of -1 is a null ($ only)
//   aggregate = type count CRLF frames      type: * % ~ >      a count of -1 is a null (* only)
//
// The parser owns what it has read so far: it takes all bytes it is given, never looks at one
// twice, and allocates for a length header only as the bytes arrive. Streamed lengths ("$?") are
// refused.
#pragma once

#include <cstddef>
#include <mini_redis/frame.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resp/limits.hpp"

namespace mini_redis {

/// A push parser: feed it bytes in any cut, take the frames.
///
///     while (parser.parse(bytes) == frame_parser::result::frame) handle(parser.take());
class frame_parser {
public:
    enum class result { frame, need_more, error };

    explicit frame_parser(const protocol_limits& limits = {}) noexcept;

    /// Reads from the front of `input` and removes what it read: up to the end of one frame, else
    /// all.
    result parse(std::string_view& input);

    /// The frame that the last call completed; once.
    frame take() noexcept { return std::move(complete_); }

    /// What was wrong, after error; the parser is not to be used again.
    const std::string& error_text() const noexcept { return error_; }

    /// Whether a frame has begun and not ended.
    bool in_frame() const noexcept;

private:
    // What is being filled: an aggregate, or the attributes of the value that follows them.
    struct level {
        std::vector<frame>* elements; // null: those of complete_, so that a parser can be moved
        std::size_t missing;
        bool attributes;
    };

    enum class line_state { complete, cut, error };

    line_state read_line(std::string_view& input, std::string_view& line);
    bool read_body(std::string_view& input);
    bool open_value(std::string_view line, std::string_view& input);
    bool open_bulk(char type, std::size_t size, std::string_view& input);
    bool open_aggregate(char type, std::size_t size, std::size_t ahead);
    template <typename Body>
    bool close_bulk(char type, Body&& body);
    bool close_value();
    frame& place();
    std::vector<frame>& elements_of(const level& filled) noexcept;
    bool fail_at_type(char type);
    bool fail(std::string text);
    std::size_t longest_line(char type) const noexcept;

    protocol_limits limits_;
    std::size_t short_line_; // of any type; its type byte included
    frame complete_;         // or the outermost frame, as far as it has come
    bool is_complete_ = false;
    bool has_place_ = false;       // the next value's frame is there, for it has attributes
    char body_type_ = 0;           // of the bulk string that is being read; 0: none
    std::size_t body_missing_ = 0; // its bytes to come, CRLF included
    std::string body_;
    std::string line_; // the beginning of a line that was cut, its type byte first
    // Each level's elements are in the last element of the level before it, which is not touched
    // until the level is closed.
    std::vector<level> levels_;
    std::string error_;
};

} // namespace mini_redis
