// One element of a listpack, as it stands in memory: to be read, skipped, and written in place.
//
//   type and length (1-5 bytes) | the text, or the rest of the integer | length of both (1-5 bytes)
//
// The length behind is that by which a listpack is walked backwards; its digits of seven bits stand
// with the most significant first, and all but that one are marked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "resp/number.hpp"

namespace mini_redis {

/// How many bytes the length behind an element takes.
constexpr std::size_t back_length_size(std::size_t length) noexcept {
    return length <= 127          ? 1
           : length < 16'383      ? 2
           : length < 2'097'151   ? 3
           : length < 268'435'455 ? 4
                                  : 5;
}

/// What is behind the last element.
inline constexpr unsigned char listpack_end = 0xff;

/// What an element needs at most besides its text.
inline constexpr std::size_t listpack_element_overhead = 10;

/// An element that stands in memory, in a listpack that is known to be sound.
class listpack_element {
public:
    explicit listpack_element(const char* at) noexcept : at_{at} { read(); }

    const char* begin() const noexcept { return at_; }

    /// Where the next one stands, or the listpack ends.
    const char* end() const noexcept { return at_ + size_ + back_length_size(size_); }

    bool is_integer() const noexcept { return text_ == nullptr; }

    /// The integer; 0 of a text.
    std::int64_t number() const noexcept { return number_; }

    /// As a text; an integer is written to `digits`, which has room for integer_digits.
    std::string_view text(char* digits) const noexcept {
        if (text_ == nullptr) return {digits, format_integer(number_, digits)};
        return {text_, size_ - static_cast<std::size_t>(text_ - at_)};
    }

    bool equals(std::string_view other) const noexcept {
        char digits[integer_digits];
        return text(digits) == other;
    }

    /// The element in front of that at `at`, which is not the first.
    static const char* before(const char* at) noexcept {
        std::size_t length = 0;
        unsigned shift = 0;
        unsigned char part;
        const char* digit = at;
        do {
            part = static_cast<unsigned char>(*--digit);
            length |= static_cast<std::size_t>(part & 0x7f) << shift;
            shift += 7;
        } while ((part & 0x80) != 0);
        return digit - length;
    }

private:
    void read() noexcept {
        const unsigned first = byte(0);
        if (first < 0x80) return integer(first, 1);
        if (first < 0xc0) return text(first & 0x3f, 1);
        if (first < 0xe0) {
            const unsigned raw = (first & 0x1f) << 8 | byte(1);
            return integer(raw < 0x1000 ? std::int64_t{raw} : std::int64_t{raw} - 0x2000, 2);
        }
        if (first < 0xf0) return text((first & 0x0f) << 8 | byte(1), 2);
        if (first == 0xf0) return text(static_cast<std::size_t>(little_endian(4)), 5);
        const std::size_t width = first == 0xf4 ? 8 : first - 0xf1 + 2;
        const unsigned unused = 64 - static_cast<unsigned>(width) * 8;
        integer(static_cast<std::int64_t>(little_endian(width) << unused) >> unused, 1 + width);
    }

    unsigned byte(std::size_t offset) const noexcept {
        return static_cast<unsigned char>(at_[offset]);
    }

    std::uint64_t little_endian(std::size_t bytes) const noexcept {
        std::uint64_t value = 0;
        for (std::size_t i = bytes; i > 0; --i)
            value = value << 8 | byte(i);
        return value;
    }

    void integer(std::int64_t value, std::size_t size) noexcept {
        number_ = value;
        size_ = size;
    }

    void text(std::size_t length, std::size_t prefix) noexcept {
        text_ = at_ + prefix;
        size_ = prefix + length;
    }

    const char* at_;
    const char* text_ = nullptr;
    std::int64_t number_ = 0;
    std::size_t size_ = 0; // without the length behind
};

/// Writes elements one behind the other; each function returns where the next one goes. There has
/// to be room: listpack_element_overhead and the text.
namespace listpack_writing {

inline char* back_length(char* out, std::size_t length) noexcept {
    const std::size_t bytes = back_length_size(length);
    for (std::size_t i = bytes; i > 0; --i) {
        const auto part = static_cast<unsigned>(length >> (7 * (i - 1)) & 0x7f);
        *out++ = static_cast<char>(i == bytes ? part : part | 0x80);
    }
    return out;
}

inline char* integer(char* out, std::int64_t value) noexcept {
    const auto fits = [value](unsigned bits) {
        const std::int64_t half = std::int64_t{1} << (bits - 1);
        return value >= -half && value < half;
    };
    const auto raw = static_cast<std::uint64_t>(value);
    if (raw <= 127) {
        out[0] = static_cast<char>(raw);
        out[1] = 1;
        return out + 2;
    }
    if (fits(13)) {
        out[0] = static_cast<char>(0xc0 | (raw >> 8 & 0x1f));
        out[1] = static_cast<char>(raw);
        out[2] = 2;
        return out + 3;
    }
    const unsigned width = fits(16) ? 2 : fits(24) ? 3 : fits(32) ? 4 : 8;
    *out++ = static_cast<char>(0xf1 + (width == 8 ? 3 : width - 2));
    for (unsigned i = 0; i < width; ++i)
        *out++ = static_cast<char>(raw >> (8 * i));
    *out++ = static_cast<char>(1 + width);
    return out;
}

/// As an integer where it is one.
inline char* text(char* out, std::string_view value) noexcept {
    constexpr std::size_t longest_integer = 20;
    const std::size_t length = value.size();
    if (length - 1 < longest_integer && (value[0] == '-' || (value[0] >= '0' && value[0] <= '9')))
        if (const auto number = parse_integer(value)) return integer(out, *number);
    char* const begin = out;
    if (length < 64) {
        *out++ = static_cast<char>(0x80 | length);
    } else if (length < 4096) {
        *out++ = static_cast<char>(0xe0 | length >> 8);
        *out++ = static_cast<char>(length);
    } else {
        *out++ = static_cast<char>(0xf0);
        for (unsigned i = 0; i < 4; ++i)
            *out++ = static_cast<char>(length >> (8 * i));
    }
    if (length != 0) std::memcpy(out, value.data(), length);
    out += length;
    return back_length(out, static_cast<std::size_t>(out - begin));
}

} // namespace listpack_writing
} // namespace mini_redis
