// A loop over lines and bodies, and a stack of the aggregates that are open: no recursion, so that
// a peer chooses neither the depth of our stack nor, before it has sent the bytes, our memory.

#include "resp/frame_parser.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "resp/number.hpp"

namespace mini_redis {

namespace {

// What is reserved at most for an aggregate before its elements come.
constexpr std::size_t most_reserved = 1024;

// The shortest frame is "_\r\n".
constexpr std::size_t shortest_frame = 3;

// A length line needs no more; nor does an integer, a boolean or a null.
constexpr std::size_t longest_short_line = 32;

// A buffer that a long line or body has grown is not kept for the next small one.
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

frame_parser::frame_parser(const protocol_limits& limits) noexcept
    : limits_{limits},
      short_line_{1 + std::min({longest_short_line, limits.inline_size,
                                static_cast<std::size_t>(limits.bulk_size)})} {}

bool frame_parser::in_frame() const noexcept {
    return body_type_ != 0 || !line_.empty() || !levels_.empty() || has_place_;
}

auto frame_parser::parse(std::string_view& input) -> result {
    if (!error_.empty()) return result::error;
    is_complete_ = false;
    while (!is_complete_) {
        if (body_type_ != 0) {
            if (!read_body(input)) break;
            continue;
        }
        if (input.empty()) return result::need_more;
        std::string_view line;
        if (line_.empty()) {
            // Nearly all lines are short and there whole.
            const std::size_t until = std::min(input.size(), short_line_);
            std::size_t at = 1;
            while (at<until&& static_cast<unsigned char>(input[at])> '\r')
                ++at;
            if (at + 1 < input.size() && input[at] == '\r' && input[at + 1] == '\n') [[likely]] {
                line = input.substr(0, at);
                input.remove_prefix(at + 2);
                if (!open_value(line, input)) break;
                continue;
            }
        }
        if (read_line(input, line) != line_state::complete) break;
        if (!open_value(line, input)) break;
        if (!line_.empty()) {
            line_.clear();
            if (line_.capacity() > most_kept) line_.shrink_to_fit();
        }
    }
    if (is_complete_) return result::frame;
    return error_.empty() ? result::need_more : result::error;
}

std::size_t frame_parser::longest_line(char type) const noexcept {
    switch (type) {
    case '+':
    case '-':
    case '(': return static_cast<std::size_t>(limits_.bulk_size); // texts: MONITOR's are long
    case ',': return limits_.inline_size;
    default: return longest_short_line;
    }
}

// Takes the rest of a line, or what there is of it. `line` is what stands before CRLF, in `input`
// or, if the line had been cut, in line_.
auto frame_parser::read_line(std::string_view& input, std::string_view& line) -> line_state {
    const char type = line_.empty() ? input[0] : line_[0];
    if (!is_type(type)) {
        fail_at_type(type);
        return line_state::error;
    }
    const std::size_t before = line_.size();
    const std::size_t longest = longest_line(type) + 1; // with the type byte
    std::size_t at = 0;
    bool ended = before > 0 && line_.back() == '\r';
    if (!ended) {
        // Control characters are rare in lines, and short lines are the rule: one look at each
        // byte.
        const std::size_t until = std::min(input.size(), longest + 1 - before);
        while (at<until&& static_cast<unsigned char>(input[at])> '\r')
            ++at;
        while (at < until && input[at] != '\r' && input[at] != '\n')
            ++at;
        if (at < until && input[at] == '\n') {
            fail("a line feed without a carriage return");
            return line_state::error;
        }
        if (before + at > longest) {
            fail("too long a line");
            return line_state::error;
        }
        if (at < input.size()) {
            ended = true;
            ++at;
        }
    }
    if (ended && at < input.size()) {
        if (input[at] != '\n') {
            fail("a carriage return without a line feed");
            return line_state::error;
        }
        ++at;
        if (before == 0) {
            line = input.substr(0, at - 2);
        } else {
            line_.append(input.substr(0, at));
            line = std::string_view{line_}.substr(0, line_.size() - 2);
        }
        input.remove_prefix(at);
        return line_state::complete;
    }
    line_.append(input);
    input.remove_prefix(input.size());
    return line_state::cut;
}

// The readers below return false to stop the loop: an error, or no more input.

bool frame_parser::open_value(std::string_view line, std::string_view& input) {
    const char type = line[0];
    line.remove_prefix(1);
    switch (type) {
    case '+': place().emplace<std::string>(frame_type::simple_string, line); return close_value();
    case '-': place().emplace<std::string>(frame_type::error, line); return close_value();
    case ':': {
        const auto value = parse_reply_integer(line);
        if (!value) return fail("invalid integer");
        place().emplace<std::int64_t>(frame_type::integer, *value);
        return close_value();
    }
    case ',': {
        const auto value = parse_reply_real(line);
        if (!value) return fail("invalid double");
        place().emplace<double>(frame_type::real, *value);
        return close_value();
    }
    case '(':
        if (!is_big_number(line)) return fail("invalid big number");
        place().emplace<std::string>(frame_type::big_number, line);
        return close_value();
    case '#':
        if (line != "t" && line != "f") return fail("invalid boolean");
        place().emplace<std::int64_t>(frame_type::boolean, line == "t");
        return close_value();
    case '_':
        if (!line.empty()) return fail("invalid null");
        place().emplace<std::monostate>(frame_type::null);
        return close_value();
    default: break;
    }

    if (!is_type(type)) return fail_at_type(type);
    if (line == "?") return fail("streamed lengths are not supported");
    if (line == "-1" && (type == '$' || type == '*')) {
        place().emplace<std::monostate>(frame_type::null);
        return close_value();
    }
    const bool bulk = type == '$' || type == '!' || type == '=';
    const auto size = line.starts_with('+') ? std::nullopt : parse_reply_integer(line);
    if (!size || *size < 0 || *size > (bulk ? limits_.bulk_size : limits_.elements))
        return fail(bulk ? "invalid bulk length" : "invalid aggregate length");
    if (bulk) return open_bulk(type, static_cast<std::size_t>(*size), input);
    return open_aggregate(type, static_cast<std::size_t>(*size), input.size());
}

bool frame_parser::open_bulk(char type, std::size_t size, std::string_view& input) {
    if (input.size() >= size + 2) {
        if (input[size] != '\r' || input[size + 1] != '\n')
            return fail("a bulk string without CRLF at its end");
        const std::string_view body = input.substr(0, size);
        input.remove_prefix(size + 2);
        return close_bulk(type, body);
    }
    body_type_ = type;
    body_missing_ = size + 2;
    body_.clear();
    return true;
}

// Appends what has come of the body; CRLF is checked as it comes and not kept.
bool frame_parser::read_body(std::string_view& input) {
    if (body_missing_ > 2) {
        const std::size_t missing = body_missing_ - 2;
        const std::string_view piece = input.substr(0, missing);
        const std::size_t held = body_.size() + piece.size();
        // Doubling, but never beyond what was announced; a new string, since reserve() may give
        // more.
        if (held > body_.capacity()) {
            std::string grown;
            grown.reserve(std::max(held, std::min(held * 2, body_.size() + missing)));
            grown += body_;
            body_ = std::move(grown);
        }
        body_ += piece;
        body_missing_ -= piece.size();
        input.remove_prefix(piece.size());
        if (body_missing_ > 2) return false;
    }
    for (; body_missing_ > 0; --body_missing_) {
        if (input.empty()) return false;
        if (input[0] != (body_missing_ == 2 ? '\r' : '\n'))
            return fail("a bulk string without CRLF at its end");
        input.remove_prefix(1);
    }
    const char type = body_type_;
    body_type_ = 0;
    return close_bulk(type, std::exchange(body_, {}));
}

template <typename Body>
bool frame_parser::close_bulk(char type, Body&& body) {
    if (type == '=' && (body.size() < 4 || body[3] != ':'))
        return fail("a verbatim string without its format");
    place().emplace<std::string>(static_cast<frame_type>(type), std::forward<Body>(body));
    return close_value();
}

bool frame_parser::open_aggregate(char type, std::size_t size, std::size_t ahead) {
    if (levels_.size() >= limits_.depth) return fail("too deeply nested");
    const bool attributes = type == '|';
    const std::size_t count = type == '%' || attributes ? size * 2 : size;
    frame& value = place();
    std::vector<frame>* elements = nullptr;
    if (!attributes) {
        elements = &value.emplace<std::vector<frame>>(static_cast<frame_type>(type));
        if (count == 0) return close_value();
    } else {
        has_place_ = true;
        if (count == 0) return true;
        // Attributes that follow attributes belong to the same value.
        if (!value.attributes_) value.attributes_ = std::make_unique<std::vector<frame>>();
        elements = value.attributes_.get();
    }
    elements->reserve(elements->size() +
                      std::min({count, most_reserved, ahead / shortest_frame + 1}));
    levels_.push_back({levels_.empty() && !attributes ? nullptr : elements, count, attributes});
    has_place_ = false;
    return true;
}

std::vector<frame>& frame_parser::elements_of(const level& filled) noexcept {
    return filled.elements ? *filled.elements : std::get<std::vector<frame>>(complete_.value_);
}

// Where the value that comes next is to be built.
frame& frame_parser::place() {
    if (levels_.empty()) {
        if (!has_place_) complete_.attributes_.reset();
        return complete_;
    }
    std::vector<frame>& elements = elements_of(levels_.back());
    return has_place_ ? elements.back() : elements.emplace_back();
}

// The value at place() is complete, and with it all the aggregates whose last element it is.
bool frame_parser::close_value() {
    has_place_ = false;
    while (!levels_.empty()) {
        if (--levels_.back().missing > 0) return true;
        has_place_ = levels_.back().attributes;
        levels_.pop_back();
        if (has_place_) return true;
    }
    is_complete_ = true;
    return true;
}

bool frame_parser::fail_at_type(char type) {
    return fail(fmt::format("expected the type of a reply, got '{}'", printable(type)));
}

bool frame_parser::fail(std::string text) {
    error_ = std::move(text);
    return false;
}

} // namespace mini_redis
