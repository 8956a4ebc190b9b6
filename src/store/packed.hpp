// A sequence of byte strings in one block: what a small list, set, sorted set or hash is kept as.
//
//   packed  = count element*
//   count   = 2 bytes, little-endian
//   element = length bytes; the length 7 bits a byte, the lowest first, 0x80 where more follow
//
// A list holds its elements; a set its members; a hash field, value, field, value …, in the order
// in which the fields came; a sorted set member, score, member, score … in ascending order, the
// score as the 8 bytes of a double. To search is to walk: that is what the thresholds keep cheap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace mini_redis {

/// Where an element stands in the block.
struct packed_element {
    std::string_view text;
    std::size_t begin = 0; ///< the offset of its length
    std::size_t end = 0;   ///< the offset of what follows it
};

/// A view of a block, which outlives it. A range of packed_element.
class packed {
public:
    static constexpr std::size_t header = 2;
    static constexpr std::size_t most_elements = 0xffff;

    explicit packed(std::string_view block) noexcept : block_{block} {}

    std::size_t size() const noexcept {
        return static_cast<std::uint8_t>(block_[0]) |
               static_cast<std::size_t>(static_cast<std::uint8_t>(block_[1])) << 8;
    }

    bool empty() const noexcept { return block_.size() == header; }

    class iterator {
    public:
        using iterator_concept = std::forward_iterator_tag;
        using difference_type = std::ptrdiff_t;
        using value_type = packed_element;

        iterator() = default;

        iterator(std::string_view block, std::size_t at) noexcept : block_{block} { read(at); }

        const packed_element& operator*() const noexcept { return here_; }

        const packed_element* operator->() const noexcept { return &here_; }

        iterator& operator++() noexcept {
            read(here_.end);
            return *this;
        }

        iterator operator++(int) noexcept {
            iterator before = *this;
            ++*this;
            return before;
        }

        friend bool operator==(const iterator& a, const iterator& b) noexcept {
            return a.here_.begin == b.here_.begin;
        }

    private:
        void read(std::size_t at) noexcept {
            here_.begin = here_.end = at;
            if (at >= block_.size()) return;
            std::size_t length = 0;
            std::uint8_t byte;
            unsigned shift = 0;
            do {
                byte = static_cast<std::uint8_t>(block_[at++]);
                length |= static_cast<std::size_t>(byte & 0x7f) << shift;
                shift += 7;
            } while ((byte & 0x80) != 0);
            here_.text = {block_.data() + at, length};
            here_.end = at + length;
        }

        std::string_view block_;
        packed_element here_;
    };

    iterator begin() const noexcept { return {block_, header}; }

    iterator end() const noexcept { return {block_, block_.size()}; }

    /// The element with that number, which must exist.
    packed_element at(std::size_t index) const noexcept {
        iterator here = begin();
        for (; index > 0; --index)
            ++here;
        return *here;
    }

    /// Writes the number of elements into a block.
    static void set_size(char* block, std::size_t count) noexcept {
        block[0] = static_cast<char>(count & 0xff);
        block[1] = static_cast<char>(count >> 8);
    }

    /// A block without elements.
    static std::string make_empty() { return std::string(header, '\0'); }

    /// Appends an element's length and bytes; the count is the caller's.
    static void append(std::string& out, std::string_view element) {
        std::size_t length = element.size();
        for (; length >= 0x80; length >>= 7)
            out.push_back(static_cast<char>(length | 0x80));
        out.push_back(static_cast<char>(length));
        out.append(element);
    }

private:
    std::string_view block_;
};

} // namespace mini_redis
