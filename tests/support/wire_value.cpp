#include "support/wire_value.hpp"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace mini_redis::test {
namespace {

// A cursor over the bytes of one reply.
class reader {
public:
    explicit reader(std::string_view bytes) : bytes_{bytes} {}

    std::size_t position() const noexcept { return position_; }

    // The next line without its CRLF; nothing when it is not there whole.
    std::optional<std::string_view> line() {
        const std::size_t end = bytes_.find("\r\n", position_);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view text = bytes_.substr(position_, end - position_);
        position_ = end + 2;
        return text;
    }

    std::optional<std::string_view> bulk(std::size_t size) {
        if (bytes_.size() - position_ < size + 2) return std::nullopt;
        const std::string_view text = bytes_.substr(position_, size);
        if (bytes_.substr(position_ + size, 2) != "\r\n")
            throw malformed_reply{"a bulk string does not end in CRLF"};
        position_ += size + 2;
        return text;
    }

private:
    std::string_view bytes_;
    std::size_t position_ = 0;
};

long long parse_length(std::string_view header) {
    long long length = 0;
    const std::string_view digits = header.substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() ||
        std::to_string(length) != digits || length < -1)
        throw malformed_reply{"bad length header " + quote(header, 80)};
    return length;
}

// How many elements the aggregate with this header holds.
std::size_t element_count(std::string_view header) {
    const long long length = parse_length(header);
    if (length < 0) {
        if (header[0] != '*') throw malformed_reply{"bad length header " + quote(header, 80)};
        return 0;
    }
    const auto count = static_cast<std::size_t>(length);
    if (header[0] == '%') return 2 * count;
    if (header[0] == '|') return 2 * count + 1;
    return count;
}

void check_header(std::string_view header) {
    constexpr std::string_view types = "+-:$*_#,(!=%~>|";
    if (header.empty() || types.find(header[0]) == std::string_view::npos)
        throw malformed_reply{"not a reply: " + quote(header, 80)};
}

wire_value read_value(reader& from) {
    const auto header = from.line();
    if (!header) throw malformed_reply{"the reply is cut"};
    check_header(*header);
    wire_value value;
    value.type = (*header)[0];
    if (value.is_aggregate()) {
        value.null = *header == "*-1";
        const std::size_t count = element_count(*header);
        for (std::size_t i = 0; i < count; ++i)
            value.elements.push_back(read_value(from));
    } else if (value.type == '$' || value.type == '!' || value.type == '=') {
        const long long length = parse_length(*header);
        value.null = length < 0;
        if (value.null) return value;
        const auto bytes = from.bulk(static_cast<std::size_t>(length));
        if (!bytes) throw malformed_reply{"the reply is cut"};
        value.text = *bytes;
    } else {
        value.text = header->substr(1);
    }
    return value;
}

bool prints_plainly(std::string_view text) {
    if (!text.empty() && (text.front() == '"' || text.back() == ' ')) return false;
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
            return false;
    return true;
}

std::string spell_scalar(const wire_value& value) {
    switch (value.type) {
    case '$': return value.null ? "$-1" : quote(value.text);
    case '=':
    case '!': return value.type + quote(value.text);
    case '+':
    case '-': return value.type + (prints_plainly(value.text) ? value.text : quote(value.text));
    default: return value.type + value.text;
    }
}

std::string spell_header(const wire_value& value) {
    if (value.null) return "*-1";
    std::size_t count = value.elements.size();
    if (value.type == '%' || value.type == '|') count /= 2;
    return fmt::format("{}{}", value.type, count);
}

// Short values without spaces that would end at the line's end stay on their aggregate's line.
bool fits_on_line(const wire_value& value) {
    if ((value.type == '+' || value.type == '-') &&
        (value.text.find(' ') != std::string::npos || !prints_plainly(value.text)))
        return false;
    for (const wire_value& element : value.elements)
        if (!fits_on_line(element)) return false;
    return true;
}

void spell_on_line(const wire_value& value, std::string& out) {
    if (!value.is_aggregate()) {
        out += spell_scalar(value);
        return;
    }
    out += spell_header(value);
    for (const wire_value& element : value.elements) {
        out += ' ';
        spell_on_line(element, out);
    }
}

void spell_indented(const wire_value& value, std::size_t indent, std::vector<std::string>& out) {
    constexpr std::size_t line_width = 96;
    if (!value.is_aggregate()) {
        out.push_back(std::string(indent, ' ') + spell_scalar(value));
        return;
    }
    if (fits_on_line(value)) {
        std::string line(indent, ' ');
        spell_on_line(value, line);
        if (line.size() <= line_width) {
            out.push_back(std::move(line));
            return;
        }
    }
    out.push_back(std::string(indent, ' ') + spell_header(value));
    for (const wire_value& element : value.elements)
        spell_indented(element, indent + 2, out);
}

} // namespace

std::size_t reply_size(std::string_view bytes) {
    reader from{bytes};
    std::size_t pending = 1;
    while (pending > 0) {
        const auto header = from.line();
        if (!header) {
            if (from.position() < bytes.size()) check_header(bytes.substr(from.position(), 1));
            return 0;
        }
        check_header(*header);
        --pending;
        switch ((*header)[0]) {
        case '*':
        case '%':
        case '~':
        case '>':
        case '|': pending += element_count(*header); break;
        case '$':
        case '!':
        case '=': {
            const long long length = parse_length(*header);
            if (length >= 0 && !from.bulk(static_cast<std::size_t>(length))) return 0;
            break;
        }
        default: break;
        }
    }
    return from.position();
}

wire_value parse_reply(std::string_view bytes) {
    reader from{bytes};
    wire_value value = read_value(from);
    if (from.position() != bytes.size()) throw malformed_reply{"bytes behind the reply"};
    return value;
}

std::vector<std::string> spell(const wire_value& value) {
    std::vector<std::string> lines;
    spell_indented(value, 0, lines);
    return lines;
}

std::string spell_line(const wire_value& value, std::size_t limit) {
    std::string text;
    spell_on_line(value, text);
    if (text.size() > limit) text = text.substr(0, limit) + "…";
    return text;
}

std::string quote(std::string_view bytes, std::size_t limit) {
    std::string out = "\"";
    for (const char c : bytes.substr(0, limit)) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
        case '\r': out += "\\r"; break;
        case '\n': out += "\\n"; break;
        case '\t': out += "\\t"; break;
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        default:
            if (byte < 0x20 || byte >= 0x7f)
                out += fmt::format("\\x{:02x}", byte);
            else
                out += c;
        }
    }
    out += '"';
    if (bytes.size() > limit) out += fmt::format("… ({} bytes)", bytes.size());
    return out;
}

std::string encode_request(const std::vector<std::string>& arguments) {
    std::string out = fmt::format("*{}\r\n", arguments.size());
    for (const std::string& argument : arguments) {
        out += fmt::format("${}\r\n", argument.size());
        out += argument;
        out += "\r\n";
    }
    return out;
}

} // namespace mini_redis::test
