// The members of a set of few integers, in one block.
//
//   block = width (1 byte: 2, 4 or 8), then the integers in ascending order, little-endian, of
//           `width` bytes each
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace mini_redis {

/// A view of such a block, which outlives it.
class integer_set {
public:
    static constexpr std::size_t header = 1;

    explicit integer_set(std::string_view block) noexcept : block_{block} {}

    std::size_t width() const noexcept { return static_cast<std::uint8_t>(block_[0]); }

    std::size_t size() const noexcept { return (block_.size() - header) / width(); }

    /// The integer with that number in ascending order, which must exist.
    std::int64_t at(std::size_t index) const noexcept;

    /// How many are less than the value: where it stands, or would.
    std::size_t lower_bound(std::int64_t value) const noexcept;

    bool contains(std::int64_t value) const noexcept {
        const std::size_t index = lower_bound(value);
        return index < size() && at(index) == value;
    }

    std::size_t offset_of(std::size_t index) const noexcept { return header + index * width(); }

    /// How many bytes the value needs.
    static std::size_t width_of(std::int64_t value) noexcept {
        if (value == static_cast<std::int16_t>(value)) return 2;
        return value == static_cast<std::int32_t>(value) ? 4 : 8;
    }

    /// Appends the value in so many bytes.
    static void append(std::string& out, std::int64_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i)
            out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }

private:
    std::string_view block_;
};

} // namespace mini_redis
