// A loop over lines and bodies, and a stack of the aggregates that are open: no recursion, so that
// a peer chooses neither the depth of our stack nor, before it has sent the bytes, our memory.

#include "resp/reply_parser.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "resp/number.hpp"

namespace mini_redis {

namespace {

// A length line needs no more; nor does an integer, a boolean or a null.
constexpr std::size_t longest_short_line = 32;

// Nodes that a large reply has left are not kept for the next small one.
constexpr std::size_t most_kept = 4096;

bool is_type(char c) noexcept {
    switch (c) {
    case '+':
    case '-':
    case ':':
    case '$':
    case '*':
    case '_':
    case '#':
    case ',':
    case '(':
    case '!':
    case '=':
    case '%':
    case '~':
    case '>':
    case '|': return true;
    default: return false;
    }
}

std::string printable(char c) {
    if (c >= ' ' && c <= '~') return {c};
    return fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
}

bool is_big_number(std::string_view text) noexcept {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Unlike an argument of a command, a double in a reply may be NaN, and is never hexadecimal.
std::optional<double> parse_reply_real(std::string_view text) noexcept {
    if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
    if (text.find_first_of("xX") != std::string_view::npos) return {};
    return parse_real(text);
}

// Nearly all numbers are short and have no sign; the protocol allows a plus sign where canonical
// integers have none.
inline std::optional<std::int64_t> parse_reply_integer(std::string_view text) noexcept {
    if (text.size() - 1 < 18 && text[0] != '0') {
        std::int64_t value = 0;
        for (const char c : text) {
            const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
            if (digit > 9) break;
            value = value * 10 + digit;
            if (&c == &text.back()) return value;
        }
    }
    if (text.size() >= 2 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    return parse_integer(text);
}

} // namespace

reply_parser::reply_parser(const protocol_limits& limits) noexcept
    : limits_{limits},
      short_line_{1 + std::min({longest_short_line, limits.inline_size,
                                static_cast<std::size_t>(limits.bulk_size)})} {}

auto reply_parser::parse(std::string_view unread) -> result {
    if (!error_.empty()) return result::error;
    if (is_complete_) begin_reply();
    bytes_ = unread.data();
    if (at_ == 0 && nodes_.empty() && take_whole_string(unread)) return result::reply;
    while (!is_complete_) {
        if (body_type_ != 0) {
            if (!read_body(unread)) break;
            continue;
        }
        if (at_ == unread.size()) {
            needed_ = at_ + 1;
            break;
        }
        std::string_view line;
        if (read_line(unread, line) != line_state::complete || !open_value(line)) break;
    }
    if (is_complete_) return result::reply;
    return error_.empty() ? result::need_more : result::error;
}

// The most frequent reply by far in one step: a bulk string, all of it there. What is unusual about
// it, or wrong, is left to the loop.
bool reply_parser::take_whole_string(std::string_view unread) {
    constexpr std::size_t shortest = 6; // "$0", CRLF, CRLF
    if (unread.size() < shortest || unread[0] != '$') return false;
    std::size_t size = 0;
    std::size_t at = 1;
    for (; at < shortest; ++at) {
        const unsigned digit = static_cast<unsigned char>(unread[at]) - unsigned{'0'};
        if (digit > 9) break;
        size = size * 10 + digit;
    }
    const std::size_t begin = at + 2;
    const std::size_t end = begin + size;
    if (unread.size() < end + 2 || (unread[1] == '0' ? at != 2 : at == 1)) return false;
    if (unread[at] != '\r' || unread[at + 1] != '\n' || unread[end] != '\r' ||
        unread[end + 1] != '\n' || size > static_cast<std::size_t>(limits_.bulk_size))
        return false;
    nodes_.push_back({static_cast<std::int64_t>(begin), size, 1, '$'});
    at_ = looked_ = end + 2;
    is_complete_ = true;
    return true;
}

void reply_parser::begin_reply() {
    is_complete_ = false;
    at_ = looked_ = 0;
    nodes_.clear();
    if (nodes_.capacity() > most_kept) nodes_.shrink_to_fit();
}

std::size_t reply_parser::longest_line(char type) const noexcept {
    switch (type) {
    case '+':
    case '-':
    case '(': return static_cast<std::size_t>(limits_.bulk_size); // texts: MONITOR's are long
    case ',': return limits_.inline_size;
    default: return longest_short_line;
    }
}

// Passes the line at at_; `line` is what stands before CRLF.
auto reply_parser::read_line(std::string_view unread, std::string_view& line) -> line_state {
    const char type = unread[at_];
    std::size_t at = std::max(at_ + 1, looked_);
    // Nearly all lines are short and there whole. Control characters are rare in them.
    const std::size_t shortly = std::min(unread.size(), at_ + short_line_);
    while (at<shortly&& static_cast<unsigned char>(unread[at])> '\r')
        ++at;
    if (at >= shortly || unread[at] != '\r') {
        if (!is_type(type)) {
            fail_at_type(type);
            return line_state::error;
        }
        const std::size_t longest = at_ + 1 + longest_line(type);
        const std::size_t until = std::min(unread.size(), longest + 1);
        while (at < until && unread[at] != '\r' && unread[at] != '\n')
            ++at;
        if (at < until && unread[at] == '\n') {
            fail("a line feed without a carriage return");
            return line_state::error;
        }
        if (at > longest) {
            fail("too long a line");
            return line_state::error;
        }
    }
    if (at + 1 >= unread.size()) {
        if (!is_type(type)) { // as it would have been found if the line had been cut before
            fail_at_type(type);
            return line_state::error;
        }
        looked_ = at;
        needed_ = unread.size() + 1;
        return line_state::cut;
    }
    if (unread[at + 1] != '\n') {
        if (is_type(type))
            fail("a carriage return without a line feed");
        else
            fail_at_type(type);
        return line_state::error;
    }
    line = unread.substr(at_, at - at_);
    at_ = looked_ = at + 2;
    return line_state::complete;
}

// The readers below return false to stop the loop: an error, or no more input.

bool reply_parser::open_value(std::string_view line) {
    const char type = line[0];
    const char* const begin = line.data() + 1;
    line.remove_prefix(1);
    switch (type) {
    case '+':
    case '-': return add_text(type, line, begin);
    case ':': {
        const auto value = parse_reply_integer(line);
        if (!value) return fail("invalid integer");
        return add_number(frame_type::integer, *value);
    }
    case ',': {
        const auto value = parse_reply_real(line);
        if (!value) return fail("invalid double");
        return add_number(frame_type::real, std::bit_cast<std::int64_t>(*value));
    }
    case '(':
        if (!is_big_number(line)) return fail("invalid big number");
        return add_text(type, line, begin);
    case '#':
        if (line != "t" && line != "f") return fail("invalid boolean");
        return add_number(frame_type::boolean, line == "t");
    case '_':
        if (!line.empty()) return fail("invalid null");
        return add_number(frame_type::null, 0);
    default: break;
    }

    if (!is_type(type)) return fail_at_type(type);
    if (line == "?") return fail("streamed lengths are not supported");
    if (line == "-1" && (type == '$' || type == '*')) return add_number(frame_type::null, 0);
    const bool bulk = type == '$' || type == '!' || type == '=';
    const auto size = line.starts_with('+') ? std::nullopt : parse_reply_integer(line);
    if (!size || *size < 0 || *size > (bulk ? limits_.bulk_size : limits_.elements))
        return fail(bulk ? "invalid bulk length" : "invalid aggregate length");
    if (!bulk) return open_aggregate(type, static_cast<std::size_t>(*size));
    body_type_ = type;
    body_size_ = static_cast<std::size_t>(*size);
    return true;
}

bool reply_parser::read_body(std::string_view unread) {
    const std::size_t end = at_ + body_size_;
    if (unread.size() < end + 2) {
        needed_ = end + 2;
        return false;
    }
    if (unread[end] != '\r' || unread[end + 1] != '\n')
        return fail("a bulk string without CRLF at its end");
    const std::string_view body = unread.substr(at_, body_size_);
    if (body_type_ == '=' && (body.size() < 4 || body[3] != ':'))
        return fail("a verbatim string without its format");
    at_ = looked_ = end + 2;
    return add_text(std::exchange(body_type_, char{0}), body, body.data());
}

bool reply_parser::add_text(char type, std::string_view text, const char* begin) {
    nodes_.push_back({begin - bytes_, text.size(), nodes_.size() + 1, type});
    return close_value();
}

bool reply_parser::add_number(frame_type type, std::int64_t number) {
    nodes_.push_back({number, 0, nodes_.size() + 1, static_cast<char>(type)});
    return close_value();
}

bool reply_parser::open_aggregate(char type, std::size_t size) {
    if (levels_.size() >= limits_.depth) return fail("too deeply nested");
    const bool attributes = type == '|';
    const std::size_t count = type == '%' || attributes ? size * 2 : size;
    nodes_.push_back({0, count, nodes_.size() + 1, type});
    if (count > 0)
        levels_.push_back({nodes_.size() - 1, count});
    else if (!attributes)
        return close_value();
    return true;
}

// A value is complete, and with it all the aggregates whose last element it is. Attributes are no
// value: the one that they belong to is still to come.
bool reply_parser::close_value() {
    while (!levels_.empty()) {
        if (--levels_.back().missing > 0) return true;
        reply_node& filled = nodes_[levels_.back().node];
        filled.end = nodes_.size();
        levels_.pop_back();
        if (filled.type == '|') return true;
    }
    is_complete_ = true;
    return true;
}

bool reply_parser::fail_at_type(char type) {
    return fail(fmt::format("expected the type of a reply, got '{}'", printable(type)));
}

bool reply_parser::fail(std::string text) {
    error_ = std::move(text);
    return false;
}

} // namespace mini_redis
