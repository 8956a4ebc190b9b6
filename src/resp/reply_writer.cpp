#include "resp/reply_writer.hpp"

#include <cassert>

#include "resp/number.hpp"

namespace mini_redis {

namespace {

// A type byte, digits and CRLF.
constexpr std::size_t header_size = 1 + integer_digits + 2;

char* write_line_end(char* at) noexcept {
    at[0] = '\r';
    at[1] = '\n';
    return at + 2;
}

char* write_header(char* at, char type, std::uint64_t value) noexcept {
    *at++ = type;
    if (value < 10) {
        *at++ = static_cast<char>('0' + value);
    } else if (value < 100) {
        *at++ = static_cast<char>('0' + value / 10);
        *at++ = static_cast<char>('0' + value % 10);
    } else {
        at += format_unsigned(value, at);
    }
    return write_line_end(at);
}

char* write_bytes(char* at, std::string_view bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

// One line of the protocol; a line break inside would end it early, and let whoever chose the text
// write the next reply.
void write_line(output_buffer& out, char type, std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n'))
        text.remove_suffix(1);
    char* const begin = out.prepare(text.size() + 3);
    char* at = begin;
    *at++ = type;
    for (const char c : text)
        *at++ = c == '\r' || c == '\n' ? ' ' : c;
    at = write_line_end(at);
    out.commit(static_cast<std::size_t>(at - begin));
}

} // namespace

void reply_writer::header(char type, std::uint64_t value) {
    char* const begin = out_->prepare(header_size);
    out_->commit(static_cast<std::size_t>(write_header(begin, type, value) - begin));
}

void reply_writer::blob(char type, std::string_view prefix, std::string_view bytes) {
    char* const begin = out_->prepare(header_size + prefix.size() + bytes.size() + 2);
    char* at = write_header(begin, type, prefix.size() + bytes.size());
    at = write_bytes(at, prefix);
    at = write_bytes(at, bytes);
    at = write_line_end(at);
    out_->commit(static_cast<std::size_t>(at - begin));
}

void reply_writer::simple_string(std::string_view text) {
    write_line(*out_, '+', text);
}

void reply_writer::error(std::string_view text) {
    ++errors_;
    ++uncounted_errors_;
    std::string_view code = text.substr(0, text.find_last_not_of("\r\n") + 1);
    code = code.substr(0, code_.size());
    const std::size_t end = code.find_first_of(" \r\n");
    code = end != 0 && end != std::string_view::npos ? code.substr(0, end) : "ERR";
    code_size_ = static_cast<std::uint8_t>(code.copy(code_.data(), code_.size()));
    write_line(*out_, '-', text);
}

void reply_writer::integer(std::int64_t value) {
    if (value >= 0) return header(':', static_cast<std::uint64_t>(value));
    char* const begin = out_->prepare(header_size);
    *begin = ':';
    char* at = begin + 1;
    at += format_integer(value, at);
    at = write_line_end(at);
    out_->commit(static_cast<std::size_t>(at - begin));
}

void reply_writer::boolean(bool value) {
    if (resp3()) return raw(value ? "#t\r\n" : "#f\r\n");
    integer(value);
}

void reply_writer::bulk_string(std::string_view bytes) {
    char* const begin = out_->prepare(header_size + bytes.size() + 2);
    char* at = write_header(begin, '$', bytes.size());
    at = write_bytes(at, bytes);
    at = write_line_end(at);
    out_->commit(static_cast<std::size_t>(at - begin));
}

void reply_writer::null() {
    raw(resp3() ? std::string_view{"_\r\n"} : std::string_view{"$-1\r\n"});
}

void reply_writer::null_array() {
    raw(resp3() ? std::string_view{"_\r\n"} : std::string_view{"*-1\r\n"});
}

void reply_writer::array(std::size_t size) {
    header('*', size);
}

void reply_writer::map(std::size_t pairs) {
    if (resp3()) return header('%', pairs);
    header('*', pairs * 2);
}

void reply_writer::set(std::size_t size) {
    header(resp3() ? '~' : '*', size);
}

void reply_writer::push(std::size_t size) {
    header(resp3() ? '>' : '*', size);
}

void reply_writer::real(double value) {
    char digits[real_digits];
    const std::string_view text{digits, format_real(value, digits)};
    if (resp3()) return write_line(*out_, ',', text);
    bulk_string(text);
}

void reply_writer::big_number(std::string_view digits) {
    if (resp3()) return write_line(*out_, '(', digits);
    bulk_string(digits);
}

void reply_writer::bulk_error(std::string_view text) {
    if (!resp3()) return error(text);
    ++errors_;
    ++uncounted_errors_;
    blob('!', {}, text);
}

void reply_writer::verbatim_string(std::string_view format, std::string_view text) {
    assert(format.size() == 3);
    if (!resp3()) return bulk_string(text);
    const char prefix[] = {format[0], format[1], format[2], ':'};
    blob('=', {prefix, sizeof prefix}, text);
}

void reply_writer::value(const frame& value) {
    if (resp3() && !value.attributes().empty()) {
        header('|', value.attributes().size() / 2);
        for (const frame& part : value.attributes())
            this->value(part);
    }
    switch (value.type()) {
    case frame_type::simple_string: simple_string(value.text()); break;
    case frame_type::error: error(value.text()); break;
    case frame_type::integer: integer(value.as_integer()); break;
    case frame_type::bulk_string: bulk_string(value.text()); break;
    case frame_type::null: null(); break;
    case frame_type::boolean: boolean(value.as_boolean()); break;
    case frame_type::real: real(value.as_real()); break;
    case frame_type::big_number: big_number(value.text()); break;
    case frame_type::bulk_error: bulk_error(value.text()); break;
    case frame_type::verbatim_string: verbatim_string(value.format(), value.text()); break;
    case frame_type::array: array(value.elements().size()); break;
    case frame_type::map: map(value.elements().size() / 2); break;
    case frame_type::set: set(value.elements().size()); break;
    case frame_type::push: push(value.elements().size()); break;
    }
    for (const frame& element : value.elements())
        this->value(element);
}

} // namespace mini_redis
