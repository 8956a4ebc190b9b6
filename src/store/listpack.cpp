#include "store/listpack.hpp"

#include <optional>
#include <utility>

#include "resp/number.hpp"
#include "store/byte_reader.hpp"
#include "store/listpack_element.hpp"

namespace mini_redis {
namespace {

std::string digits_of(std::int64_t value) {
    char digits[integer_digits];
    return {digits, format_integer(value, digits)};
}

bool fits(std::int64_t value, unsigned bits) noexcept {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    return value >= -half && value < half;
}

void append_integer(std::string& out, std::int64_t value) {
    const auto raw = static_cast<std::uint64_t>(value);
    if (value >= 0 && value <= 127) {
        out.push_back(static_cast<char>(value));
    } else if (fits(value, 13)) {
        append_big_endian(out, 0xc000 | (raw & 0x1fff), 2);
    } else {
        const unsigned bytes = fits(value, 16) ? 2 : fits(value, 24) ? 3 : fits(value, 32) ? 4 : 8;
        out.push_back(static_cast<char>(0xf1 + (bytes == 8 ? 3 : bytes - 2)));
        append_little_endian(out, raw, bytes);
    }
}

void append_text(std::string& out, std::string_view text) {
    if (text.size() < 64) {
        out.push_back(static_cast<char>(0x80 | text.size()));
    } else if (text.size() < 4096) {
        append_big_endian(out, 0xe000 | text.size(), 2);
    } else {
        out.push_back(static_cast<char>(0xf0));
        append_little_endian(out, text.size(), 4);
    }
    out += text;
}

void append_back_length(std::string& out, std::size_t length) {
    const std::size_t bytes = back_length_size(length);
    for (std::size_t i = bytes; i > 0; --i) {
        const auto part = static_cast<unsigned>(length >> (7 * (i - 1)) & 0x7f);
        out.push_back(static_cast<char>(i == bytes ? part : part | 0x80));
    }
}

std::string take_text(byte_reader& in, std::uint64_t length) {
    return std::string{in.take(length)};
}

std::string take_listpack_element(byte_reader& in) {
    const unsigned first = in.byte();
    if (first < 0x80) return digits_of(first);
    if (first < 0xc0) return take_text(in, first & 0x3f);
    if (first < 0xe0) {
        const unsigned raw = (first & 0x1f) << 8 | in.byte();
        return digits_of(raw < 0x1000 ? static_cast<int>(raw) : static_cast<int>(raw) - 0x2000);
    }
    if (first < 0xf0) {
        const unsigned high = (first & 0x0f) << 8;
        return take_text(in, high | in.byte());
    }
    switch (first) {
    case 0xf0: return take_text(in, in.little_endian(4));
    case 0xf1: return digits_of(in.little_endian_signed(2));
    case 0xf2: return digits_of(in.little_endian_signed(3));
    case 0xf3: return digits_of(in.little_endian_signed(4));
    case 0xf4: return digits_of(in.little_endian_signed(8));
    default: in.refuse(); return {};
    }
}

std::string take_ziplist_element(byte_reader& in) {
    if (in.byte() == 0xfe) in.take(4); // the length of what stands before
    const unsigned first = in.byte();
    switch (first >> 6) {
    case 0: return take_text(in, first);
    case 1: {
        const unsigned high = (first & 0x3f) << 8;
        return take_text(in, high | in.byte());
    }
    case 2: return take_text(in, in.big_endian(4));
    default: break;
    }
    switch (first) {
    case 0xc0: return digits_of(in.little_endian_signed(2));
    case 0xd0: return digits_of(in.little_endian_signed(4));
    case 0xe0: return digits_of(in.little_endian_signed(8));
    case 0xf0: return digits_of(in.little_endian_signed(3));
    case 0xfe: return digits_of(in.little_endian_signed(1));
    default: break;
    }
    if (first > 0xf0 && first < 0xfe) return digits_of((first & 0x0f) - 1);
    in.refuse();
    return {};
}

// Whether the reader stands at the end, which a 0xff marks.
bool at_end(const byte_reader& in) noexcept {
    return in.left() == "\xff";
}

} // namespace

void listpack_builder::append(std::string_view element) {
    const std::size_t before = entries_.size();
    if (const std::optional<std::int64_t> number = parse_integer(element))
        append_integer(entries_, *number);
    else
        append_text(entries_, element);
    append_back_length(entries_, entries_.size() - before);
    ++count_;
}

std::string listpack_builder::finish() {
    constexpr std::size_t unknown = 0xffff;
    std::string whole;
    whole.reserve(size());
    append_little_endian(whole, size(), 4);
    append_little_endian(whole, count_ < unknown ? count_ : unknown, 2);
    whole += entries_;
    whole.push_back('\xff');
    entries_.clear();
    count_ = 0;
    return whole;
}

bool read_listpack(std::string_view block, std::vector<std::string>& elements) {
    byte_reader in{block};
    const bool right_size = in.little_endian(4) == block.size();
    const std::uint64_t count = in.little_endian(2);
    const std::size_t before = elements.size();
    while (!in.broken() && !at_end(in)) {
        const std::size_t begin = in.left().size();
        elements.push_back(take_listpack_element(in));
        in.take(back_length_size(begin - in.left().size()));
    }
    return right_size && !in.broken() && (count == 0xffff || count == elements.size() - before);
}

bool read_ziplist(std::string_view block, std::vector<std::string>& elements) {
    byte_reader in{block};
    const bool right_size = in.little_endian(4) == block.size();
    in.take(4); // where the last element stands
    const std::uint64_t count = in.little_endian(2);
    const std::size_t before = elements.size();
    while (!in.broken() && !at_end(in))
        elements.push_back(take_ziplist_element(in));
    return right_size && !in.broken() && (count == 0xffff || count == elements.size() - before);
}

bool read_zipmap(std::string_view block, std::vector<std::string>& elements) {
    byte_reader in{block};
    in.byte(); // the number of pairs, if there are few
    const auto length = [&]() -> std::uint64_t {
        const std::uint8_t first = in.byte();
        return first < 254 ? first : in.little_endian(4);
    };
    while (!in.broken() && !at_end(in)) {
        elements.push_back(take_text(in, length()));
        const std::uint64_t size = length();
        const std::uint8_t unused = in.byte();
        elements.push_back(take_text(in, size));
        in.take(unused);
    }
    return !in.broken();
}

bool read_intset(std::string_view block, std::vector<std::string>& elements) {
    byte_reader in{block};
    const std::uint64_t width = in.little_endian(4);
    const std::uint64_t count = in.little_endian(4);
    if (in.broken() || (width != 2 && width != 4 && width != 8)) return false;
    if (in.left().size() != count * width) return false;
    for (std::uint64_t i = 0; i < count; ++i)
        elements.push_back(digits_of(in.little_endian_signed(static_cast<std::size_t>(width))));
    return true;
}

} // namespace mini_redis
