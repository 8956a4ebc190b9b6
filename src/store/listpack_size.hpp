// How many bytes Redis's listpack would need: by them Redis decides, and OBJECT ENCODING shows,
// whether a list is still a small one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "resp/number.hpp"

namespace mini_redis {

/// Of a listpack without elements.
inline constexpr std::size_t empty_listpack_size = 7;

/// Of an integer with its type.
constexpr std::size_t listpack_size_of(std::int64_t number) noexcept {
    const auto fits = [number](int bits) {
        const std::int64_t half = std::int64_t{1} << (bits - 1);
        return number >= -half && number < half;
    };
    if (number >= 0 && number <= 127) return 1;
    if (fits(13)) return 2;
    if (fits(16)) return 3;
    if (fits(24)) return 4;
    if (fits(32)) return 5;
    return 9;
}

/// What an element adds: its type and length, its bytes, and its length once more behind them.
inline std::size_t listpack_size_of(std::string_view text) noexcept {
    constexpr std::size_t longest_integer = 20;
    const std::size_t length = text.size();
    if (length - 1 < longest_integer && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')))
        if (const auto number = parse_integer(text)) return listpack_size_of(*number) + 1;
    const std::size_t size = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
    if (size <= 127) return size + 1;
    if (size < 16'383) return size + 2;
    if (size < 2'097'151) return size + 3;
    return size + (size < 268'435'455 ? 4 : 5);
}

/// Up to which size a list is a single listpack (list-max-listpack-size).
class listpack_limit {
public:
    /// Positive: so many elements; -1 … -5: 4, 8, 16, 32, 64 KB.
    explicit listpack_limit(std::int64_t setting) noexcept {
        if (setting < 0) {
            bytes_ = std::size_t{4096} << (setting < -5 ? 4 : -setting - 1);
        } else {
            by_count_ = true;
            elements_ = setting == 0 ? 1 : static_cast<std::size_t>(setting);
        }
    }

    std::size_t elements() const noexcept { return elements_; }

    bool exceeded(std::size_t bytes, std::size_t elements) const noexcept {
        return bytes > bytes_ || elements > elements_;
    }

    /// A list that was larger becomes a small one again only at half the limit, so that it does not
    /// change to and fro.
    bool is_far_from(std::size_t bytes, std::size_t elements) const noexcept {
        return by_count_ ? elements <= elements_ / 2 : bytes <= bytes_ / 2;
    }

private:
    std::size_t bytes_ = 8192; // also where elements are counted
    std::size_t elements_ = std::numeric_limits<std::size_t>::max();
    bool by_count_ = false;
};

} // namespace mini_redis
