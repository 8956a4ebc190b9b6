// A block of a large list's elements, one after the other, with room at either end.
//
// If all have the same length, a chunk stores no lengths (`width`). Otherwise each element has its
// length before and behind it, 7 bits a byte, so that a chunk can be walked both ways:
//
//   length, lowest bits first, 0x80 where more follow | bytes | the length's bytes in reverse
//
// Invariant: begin <= end <= capacity; the elements fill [begin, end) exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "store/counted_memory.hpp"

namespace mini_redis {

enum class list_end : std::uint8_t { head, tail };

struct list_chunk {
    /// What a chunk holds at most, unless it is one element alone. With the header and what malloc
    /// adds it is two pages; four if the elements have one length, as such a chunk is not walked.
    static constexpr std::size_t most_bytes = 8192 - 8 - 32;
    static constexpr std::size_t most_uniform_bytes = 16'384 - 8 - 32;

    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t width = 0; ///< the length of each element; 0: they have their lengths with them

    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }

    const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }

    std::size_t used() const noexcept { return end - begin; }

    /// An element and the offsets of its own bytes with its lengths.
    struct element {
        std::string_view text;
        std::size_t begin;
        std::size_t end;
    };

    element at(std::size_t offset) const noexcept {
        if (width != 0) return {{data() + offset, width}, offset, offset + width};
        const char* in = data() + offset;
        std::size_t length = static_cast<unsigned char>(*in++);
        if (length >= 0x80) [[unlikely]] {
            length &= 0x7f;
            unsigned shift = 7;
            for (;; shift += 7) {
                const auto byte = static_cast<unsigned char>(*in++);
                length |= static_cast<std::size_t>(byte & 0x7f) << shift;
                if (byte < 0x80) break;
            }
        }
        const std::size_t lengths = static_cast<std::size_t>(in - data()) - offset;
        return {{in, length}, offset, offset + 2 * lengths + length};
    }

    /// The element that ends there.
    element before(std::size_t offset) const noexcept {
        if (width != 0) return {{data() + offset - width, width}, offset - width, offset};
        const char* in = data() + offset;
        std::size_t length = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(*--in);
            length |= static_cast<std::size_t>(byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
        const std::size_t lengths = offset - static_cast<std::size_t>(in - data());
        return {{in - length, length}, offset - 2 * lengths - length, offset};
    }

    /// Bytes that an element takes where lengths are stored.
    static constexpr std::size_t with_lengths(std::size_t length) noexcept {
        std::size_t bytes = 2;
        for (std::size_t rest = length; rest >= 0x80; rest >>= 7)
            bytes += 2;
        return length + bytes;
    }

    std::size_t need_of(std::size_t length) const noexcept {
        return width != 0 ? length : with_lengths(length);
    }

    /// Adds an element at an end that has the room.
    void put(list_end where, std::string_view text) noexcept {
        const std::size_t need = need_of(text.size());
        if (where == list_end::tail) {
            write(data() + end, text);
            end += need;
        } else {
            begin -= need;
            write(data() + begin, text);
        }
    }

    /// The room at that end.
    std::size_t room(list_end where) const noexcept {
        return where == list_end::tail ? capacity - end : begin;
    }

    void write(char* out, std::string_view text) const noexcept {
        if (width != 0) {
            std::memcpy(out, text.data(), text.size());
            return;
        }
        char digits[10];
        std::size_t count = 0;
        std::size_t length = text.size();
        for (; length >= 0x80; length >>= 7)
            digits[count++] = static_cast<char>(length | 0x80);
        digits[count++] = static_cast<char>(length);
        for (std::size_t i = 0; i < count; ++i)
            *out++ = digits[i];
        if (!text.empty()) std::memcpy(out, text.data(), text.size());
        out += text.size();
        for (std::size_t i = count; i > 0; --i)
            *out++ = digits[i - 1];
    }
};

static_assert(sizeof(list_chunk) == 32);

struct free_chunk {
    void operator()(list_chunk* chunk) const noexcept { counted::release(chunk); }
};

using list_chunk_ptr = std::unique_ptr<list_chunk, free_chunk>;

} // namespace mini_redis
