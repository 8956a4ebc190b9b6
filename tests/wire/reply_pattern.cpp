#include "reply_pattern.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>

namespace mini_redis::test {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Reads one escape behind its backslash.
void append_escape(std::string_view text, std::size_t& position, std::string& out) {
    const char c = text[position++];
    switch (c) {
    case 'n': out += '\n'; break;
    case 'r': out += '\r'; break;
    case 't': out += '\t'; break;
    case 'b': out += '\b'; break;
    case 'a': out += '\a'; break;
    case 'x':
        if (position + 1 < text.size()) {
            const int high = hex_digit(text[position]);
            const int low = hex_digit(text[position + 1]);
            if (high >= 0 && low >= 0) {
                out += static_cast<char>(high * 16 + low);
                position += 2;
                break;
            }
        }
        throw transcript_error{"\\x wants two hexadecimal digits"};
    default: out += c;
    }
}

template <class Number>
Number parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        throw transcript_error{"not a number: " + std::string{text}};
    return number;
}

bool is_aggregate_type(char c) {
    return c == '*' || c == '%' || c == '~' || c == '>' || c == '|';
}

// The words of consecutive lines; texts behind + and - at a line's beginning run to its end.
class pattern_reader {
public:
    pattern_reader(const std::vector<std::string>& lines, std::size_t line)
        : lines_{lines},
          line_{line} {
        skip_space();
    }

    // The line behind the last one that was begun.
    std::size_t next_line() const { return position_ > 0 ? line_ + 1 : line_; }

    bool at_line_end() const { return position_ == 0 || position_ >= current().size(); }

    reply_pattern read() {
        if (line_ >= lines_.size()) throw transcript_error{"the expected reply is not complete"};
        const bool opens_line = line_opens_;
        line_opens_ = false;
        const char c = peek();
        if (c == '"') return text_pattern('$', parse_text());
        if (c == '+' || c == '-') {
            ++position_;
            if (peek() == '"') return text_pattern(c, parse_text());
            return text_pattern(c, opens_line ? rest_of_line() : word());
        }
        if ((c == '=' || c == '!') && position_ + 1 < current().size() &&
            current()[position_ + 1] == '"') {
            ++position_;
            return text_pattern(c, parse_text());
        }
        const std::string token = word();
        if (c == ':') return integer_pattern(token.substr(1));
        if (c == '#' || c == ',' || c == '(') return text_pattern(c, token.substr(1));
        if (token == "$-1") return null_pattern('$');
        if (token == "*-1") return null_pattern('*');
        if (token == "_") return text_pattern('_', "");
        if (is_aggregate_type(c)) return aggregate_pattern(token);
        return worded_pattern(token, opens_line);
    }

private:
    const std::string& current() const { return lines_[line_]; }

    char peek() const { return position_ < current().size() ? current()[position_] : '\0'; }

    void skip_space() {
        while (line_ < lines_.size()) {
            while (position_ < current().size() && current()[position_] == ' ')
                ++position_;
            if (position_ < current().size()) return;
            ++line_;
            position_ = 0;
            line_opens_ = true;
        }
    }

    // A token was read; what follows may stand on the next line, but is only looked for when
    // needed.
    std::string word() {
        const std::size_t begin = position_;
        while (position_ < current().size() && current()[position_] != ' ')
            ++position_;
        return current().substr(begin, position_ - begin);
    }

    std::string rest_of_line() {
        std::string rest = current().substr(position_);
        position_ = current().size();
        return rest;
    }

    std::string parse_text() { return parse_quoted(current(), position_); }

    reply_pattern next() {
        skip_space();
        return read();
    }

    static reply_pattern text_pattern(char type, std::string text) {
        reply_pattern pattern;
        pattern.type = type;
        pattern.text = std::move(text);
        return pattern;
    }

    static reply_pattern null_pattern(char type) {
        reply_pattern pattern;
        pattern.type = type;
        pattern.is_null = true;
        return pattern;
    }

    static reply_pattern integer_pattern(const std::string& digits) {
        const std::size_t dots = digits.find("..");
        if (dots == std::string::npos) return text_pattern(':', digits);
        reply_pattern pattern;
        pattern.kind = reply_pattern::form::range;
        pattern.type = ':';
        const std::string low = digits.substr(0, dots);
        const std::string high = digits.substr(dots + 2);
        using limits = std::numeric_limits<std::int64_t>;
        pattern.min = low.empty() ? limits::min() : parse_number<std::int64_t>(low);
        pattern.max = high.empty() ? limits::max() : parse_number<std::int64_t>(high);
        return pattern;
    }

    reply_pattern aggregate_pattern(const std::string& header) {
        reply_pattern pattern;
        pattern.type = header[0];
        if (header.ends_with("..")) {
            pattern.kind = reply_pattern::form::each;
            pattern.min = parse_number<std::int64_t>(header.substr(1, header.size() - 3));
            pattern.elements.push_back(next());
            return pattern;
        }
        auto count = parse_number<std::size_t>(header.substr(1));
        if (pattern.type == '%') count *= 2;
        if (pattern.type == '|') count = 2 * count + 1;
        for (std::size_t i = 0; i < count; ++i)
            pattern.elements.push_back(next());
        return pattern;
    }

    reply_pattern worded_pattern(const std::string& token, bool opens_line) {
        reply_pattern pattern;
        if (token == "nil") {
            pattern.kind = reply_pattern::form::null;
        } else if (token == "nil-array") {
            pattern.kind = reply_pattern::form::null_array;
        } else if (token == "any") {
            pattern.kind = reply_pattern::form::any;
        } else if (token == "glob") {
            skip_space();
            line_opens_ = opens_line;
            pattern = read();
            if (pattern.kind != reply_pattern::form::value || is_aggregate_type(pattern.type))
                throw transcript_error{"glob stands before a text"};
            pattern.kind = reply_pattern::form::glob;
        } else if (token == "unordered") {
            pattern = next();
            if (!is_aggregate_type(pattern.type))
                throw transcript_error{"unordered stands before an aggregate"};
            pattern.unordered = true;
        } else if (token == "one-of") {
            skip_space();
            pattern.kind = reply_pattern::form::one_of;
            const auto count = parse_number<std::size_t>(word());
            for (std::size_t i = 0; i < count; ++i)
                pattern.elements.push_back(next());
        } else if (token == "capture") {
            skip_space();
            std::string name = word();
            pattern = next();
            pattern.capture = std::move(name);
        } else {
            throw transcript_error{"not an expected reply: " + token};
        }
        return pattern;
    }

    const std::vector<std::string>& lines_;
    std::size_t line_;
    std::size_t position_ = 0;
    bool line_opens_ = true;
};

// * stands for any run of bytes.
bool glob_matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::optional<std::size_t> star;
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_text = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star) {
            p = *star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

// Pairs patterns and groups of elements (one, or key and value) in any order, trying all ways.
bool match_unordered(const std::vector<reply_pattern>& patterns, const wire_value& reply,
                     std::size_t group, bool resp3, variables& names, std::size_t done,
                     std::vector<bool>& used) {
    if (done == patterns.size()) return true;
    for (std::size_t i = 0; i < reply.elements.size(); i += group) {
        if (used[i]) continue;
        bool fits = true;
        for (std::size_t k = 0; k < group && fits; ++k)
            fits = matches(patterns[done + k], reply.elements[i + k], resp3, names);
        if (!fits) continue;
        used[i] = true;
        if (match_unordered(patterns, reply, group, resp3, names, done + group, used)) return true;
        used[i] = false;
    }
    return false;
}

bool match_value(const reply_pattern& pattern, const wire_value& reply, bool resp3,
                 variables& names) {
    if (reply.type != pattern.type || reply.null != pattern.is_null) return false;
    if (!reply.is_aggregate()) return reply.text == substitute(pattern.text, names);
    if (reply.elements.size() != pattern.elements.size()) return false;
    if (pattern.unordered) {
        std::vector<bool> used(reply.elements.size());
        return match_unordered(pattern.elements, reply, reply.type == '%' ? 2 : 1, resp3, names, 0,
                               used);
    }
    for (std::size_t i = 0; i < reply.elements.size(); ++i)
        if (!matches(pattern.elements[i], reply.elements[i], resp3, names)) return false;
    return true;
}

bool match_form(const reply_pattern& pattern, const wire_value& reply, bool resp3,
                variables& names) {
    using form = reply_pattern::form;
    switch (pattern.kind) {
    case form::value: return match_value(pattern, reply, resp3, names);
    case form::glob:
        return reply.type == pattern.type && !reply.null &&
               glob_matches(substitute(pattern.text, names), reply.text);
    case form::range: {
        std::int64_t number = 0;
        const char* end = reply.text.data() + reply.text.size();
        const auto [rest, error] = std::from_chars(reply.text.data(), end, number);
        return reply.type == ':' && error == std::errc{} && rest == end && number >= pattern.min &&
               number <= pattern.max;
    }
    case form::any: return true;
    case form::one_of:
        return std::ranges::any_of(pattern.elements, [&](const reply_pattern& one) {
            return matches(one, reply, resp3, names);
        });
    case form::each:
        return reply.type == pattern.type && !reply.null &&
               reply.elements.size() >= static_cast<std::size_t>(pattern.min) &&
               std::ranges::all_of(reply.elements, [&](const wire_value& element) {
                   return matches(pattern.elements[0], element, resp3, names);
               });
    case form::null: return resp3 ? reply.type == '_' : reply.type == '$' && reply.null;
    case form::null_array: return resp3 ? reply.type == '_' : reply.type == '*' && reply.null;
    }
    return false;
}

} // namespace

reply_pattern parse_pattern(const std::vector<std::string>& lines, std::size_t& line) {
    pattern_reader reader{lines, line};
    reply_pattern pattern = reader.read();
    if (!reader.at_line_end()) throw transcript_error{"something follows the expected reply"};
    line = reader.next_line();
    return pattern;
}

bool matches(const reply_pattern& pattern, const wire_value& reply, bool resp3, variables& names) {
    if (!match_form(pattern, reply, resp3, names)) return false;
    if (!pattern.capture.empty()) names[pattern.capture] = reply.text;
    return true;
}

std::string substitute(std::string_view text, const variables& names) {
    std::string out;
    while (true) {
        const std::size_t begin = text.find("${");
        const std::size_t end = begin == text.npos ? text.npos : text.find('}', begin);
        if (end == text.npos) return out.append(text);
        out += text.substr(0, begin);
        const auto name = names.find(std::string{text.substr(begin + 2, end - begin - 2)});
        out += name != names.end() ? std::string_view{name->second}
                                   : text.substr(begin, end + 1 - begin);
        text.remove_prefix(end + 1);
    }
}

std::string parse_quoted(std::string_view text, std::size_t& position) {
    const char mark = text[position++];
    std::string out;
    while (true) {
        if (position >= text.size()) throw transcript_error{"a quote does not end"};
        const char c = text[position++];
        if (c == mark) break;
        if (c == '\\' && mark == '"' && position < text.size())
            append_escape(text, position, out);
        else
            out += c;
    }
    if (position < text.size() && text[position] == '*') {
        const std::size_t begin = ++position;
        while (position < text.size() && std::isdigit(static_cast<unsigned char>(text[position])))
            ++position;
        const auto count = parse_number<std::size_t>(text.substr(begin, position - begin));
        std::string repeated;
        repeated.reserve(out.size() * count);
        for (std::size_t i = 0; i < count; ++i)
            repeated += out;
        out = std::move(repeated);
    }
    return out;
}

} // namespace mini_redis::test
