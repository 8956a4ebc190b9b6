#include <mini_redis/frame.hpp>

#include <cmath>

#include <fmt/format.h>

#include "resp/number.hpp"
#include "resp/output_buffer.hpp"
#include "resp/reply_writer.hpp"

namespace mini_redis {

namespace {

const std::vector<frame> no_frames;

// Of "txt:…", as a verbatim string is stored, what stands before the text.
constexpr std::size_t verbatim_prefix = 4;

} // namespace

frame frame::simple_string(std::string text) {
    return {frame_type::simple_string, std::move(text)};
}

frame frame::error(std::string text) {
    return {frame_type::error, std::move(text)};
}

frame frame::integer(std::int64_t value) {
    return {frame_type::integer, value};
}

frame frame::bulk_string(std::string bytes) {
    return {frame_type::bulk_string, std::move(bytes)};
}

frame frame::boolean(bool value) {
    return {frame_type::boolean, std::int64_t{value}};
}

frame frame::real(double value) {
    return {frame_type::real, value};
}

frame frame::big_number(std::string digits) {
    return {frame_type::big_number, std::move(digits)};
}

frame frame::bulk_error(std::string text) {
    return {frame_type::bulk_error, std::move(text)};
}

frame frame::verbatim_string(std::string_view format, std::string_view text) {
    std::string stored{format};
    stored.resize(verbatim_prefix - 1, ' ');
    stored += ':';
    stored += text;
    return {frame_type::verbatim_string, std::move(stored)};
}

frame frame::array(std::vector<frame> elements) {
    return {frame_type::array, std::move(elements)};
}

frame frame::map(std::vector<frame> elements) {
    return {frame_type::map, std::move(elements)};
}

frame frame::set(std::vector<frame> elements) {
    return {frame_type::set, std::move(elements)};
}

frame frame::push(std::vector<frame> elements) {
    return {frame_type::push, std::move(elements)};
}

frame frame::aggregate(frame_type type, std::vector<frame> elements) {
    return {type, std::move(elements)};
}

std::string_view frame::text() const noexcept {
    const auto* const stored = std::get_if<std::string>(&value_);
    if (!stored) return {};
    std::string_view text = *stored;
    if (type_ == frame_type::verbatim_string) text.remove_prefix(verbatim_prefix);
    return text;
}

std::string frame::take_text() && {
    auto* const stored = std::get_if<std::string>(&value_);
    if (!stored) return {};
    if (type_ == frame_type::verbatim_string) stored->erase(0, verbatim_prefix);
    return std::move(*stored);
}

std::string_view frame::format() const noexcept {
    if (type_ != frame_type::verbatim_string) return {};
    return std::string_view{std::get<std::string>(value_)}.substr(0, verbatim_prefix - 1);
}

std::int64_t frame::as_integer() const noexcept {
    const auto* const stored = std::get_if<std::int64_t>(&value_);
    return stored ? *stored : 0;
}

double frame::as_real() const noexcept {
    if (const auto* const stored = std::get_if<double>(&value_)) return *stored;
    return type_ == frame_type::integer ? static_cast<double>(as_integer()) : 0;
}

const std::vector<frame>& frame::elements() const noexcept {
    const auto* const stored = std::get_if<std::vector<frame>>(&value_);
    return stored ? *stored : no_frames;
}

std::vector<frame> frame::take_elements() && {
    auto* const stored = std::get_if<std::vector<frame>>(&value_);
    return stored ? std::move(*stored) : std::vector<frame>{};
}

const std::vector<frame>& frame::attributes() const noexcept {
    return attributes_ ? *attributes_ : no_frames;
}

void frame::set_attributes(std::vector<frame> key_values) {
    if (key_values.empty())
        attributes_.reset();
    else
        attributes_ = std::make_unique<std::vector<frame>>(std::move(key_values));
}

frame::frame(const frame& other) : type_{other.type_}, value_{other.value_} {
    if (other.attributes_) attributes_ = std::make_unique<std::vector<frame>>(*other.attributes_);
}

frame& frame::operator=(const frame& other) {
    return *this = frame{other};
}

bool operator==(const frame& left, const frame& right) {
    if (left.type_ != right.type_ || left.attributes() != right.attributes()) return false;
    // As values, two NaNs are the same: what was written is what was read.
    if (left.type_ == frame_type::real && std::isnan(left.as_real()))
        return std::isnan(right.as_real());
    return left.value_ == right.value_;
}

void encode(const frame& value, protocol_version protocol, std::string& out) {
    output_buffer buffer;
    reply_writer{buffer, protocol}.value(value);
    out += buffer.view();
}

namespace {

void append_quoted(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        switch (c) {
        case '\\':
        case '"':
            out += '\\';
            out += c;
            break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\a': out += "\\a"; break;
        case '\b': out += "\\b"; break;
        default:
            if (c >= ' ' && c <= '~')
                out += c;
            else
                fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    out += '"';
}

void describe(const frame& value, const std::string& indent, std::string& out);

// One numbered element a line; what nests in them is indented by the width of the number.
void describe_elements(const frame& value, const std::string& indent, std::string& out) {
    const auto& elements = value.elements();
    const bool pairs = value.type() == frame_type::map;
    const std::size_t lines = pairs ? elements.size() / 2 : elements.size();
    const std::size_t width = fmt::formatted_size("{}", lines);
    const char mark = pairs ? '#' : value.type() == frame_type::set ? '~' : ')';
    const std::string deeper = indent + std::string(width + 2, ' ');
    std::size_t line = 0;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        if (line > 0) out += '\n' + indent;
        ++line;
        fmt::format_to(std::back_inserter(out), "{:>{}}{} ", line, width, mark);
        describe(elements[i], deeper, out);
        if (pairs && i + 1 < elements.size()) {
            out += " => ";
            const std::size_t begin = out.size();
            const frame& second = elements[++i];
            describe(second, deeper, out);
            if (second.is_aggregate() && out.find('\n', begin) != std::string::npos)
                out.insert(begin, '\n' + deeper);
        }
    }
}

void describe(const frame& value, const std::string& indent, std::string& out) {
    switch (value.type()) {
    case frame_type::simple_string:
    case frame_type::verbatim_string:
    case frame_type::big_number: out += value.text(); break;
    case frame_type::bulk_string: append_quoted(value.text(), out); break;
    case frame_type::error:
    case frame_type::bulk_error: out.append("(error) ").append(value.text()); break;
    case frame_type::integer:
        out.append("(integer) ").append(fmt::to_string(value.as_integer()));
        break;
    case frame_type::real: {
        char digits[real_digits];
        out.append("(double) ").append(digits, format_real(value.as_real(), digits));
        break;
    }
    case frame_type::boolean: out += value.as_boolean() ? "(true)" : "(false)"; break;
    case frame_type::null: out += "(nil)"; break;
    case frame_type::array:
    case frame_type::map:
    case frame_type::set:
    case frame_type::push:
        if (!value.elements().empty())
            describe_elements(value, indent, out);
        else if (value.type() == frame_type::map)
            out += "(empty hash)";
        else if (value.type() == frame_type::set)
            out += "(empty set)";
        else
            out += value.type() == frame_type::push ? "(empty push)" : "(empty array)";
    }
}

} // namespace

std::string to_string(const frame& value) {
    std::string out;
    describe(value, {}, out);
    return out;
}

} // namespace mini_redis
