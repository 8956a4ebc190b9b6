// The runs of a sparse HyperLogLog, one after the other. A run that its last byte cuts off ends in
// a zero byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mini_redis::hyperloglog {

inline constexpr std::size_t header_size = 16;

/// So many registers of the same value, and the bytes that say so.
struct run {
    std::uint32_t length = 0;
    std::uint8_t value = 0;
    std::uint8_t bytes = 1;
};

inline constexpr std::uint32_t longest_short_zeros = 64;
inline constexpr std::uint32_t longest_values = 4;
inline constexpr std::uint8_t largest_sparse_value = 32;

inline bool is_values(unsigned char byte) noexcept {
    return (byte & 0x80) != 0;
}

inline bool is_long_zeros(unsigned char byte) noexcept {
    return (byte & 0xc0) == 0x40;
}

/// The run that begins at a byte of `all`.
inline run run_at(std::string_view all, std::size_t at) noexcept {
    const auto byte = static_cast<unsigned char>(all[at]);
    if (is_values(byte))
        return {(byte & 3u) + 1, static_cast<std::uint8_t>((byte >> 2 & 31) + 1), 1};
    if (!is_long_zeros(byte)) return {byte + 1u, 0, 1};
    const auto low = at + 1 < all.size() ? static_cast<unsigned char>(all[at + 1]) : 0u;
    return {((byte & 63u) << 8 | low) + 1, 0, 2};
}

/// The runs of a value, for `for (const run each : runs_of(bytes))`.
class runs_of {
public:
    explicit runs_of(std::string_view value) noexcept : all_{value.substr(header_size)} {}

    struct end_of_runs {};

    class iterator {
    public:
        explicit iterator(std::string_view all) noexcept : all_{all} {}

        run operator*() const noexcept { return run_at(all_, at_); }

        iterator& operator++() noexcept {
            at_ += is_long_zeros(static_cast<unsigned char>(all_[at_])) ? 2 : 1;
            return *this;
        }

        bool operator==(end_of_runs) const noexcept { return at_ >= all_.size(); }

    private:
        std::string_view all_;
        std::size_t at_ = 0;
    };

    iterator begin() const noexcept { return iterator{all_}; }

    end_of_runs end() const noexcept { return {}; }

private:
    std::string_view all_;
};

} // namespace mini_redis::hyperloglog
