// The id of a stream's entry: Unix milliseconds, and a number among those of the same millisecond.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "resp/number.hpp"

namespace mini_redis {

struct stream_id {
    std::uint64_t ms = 0;
    std::uint64_t seq = 0;

    friend constexpr auto operator<=>(const stream_id&, const stream_id&) = default;

    constexpr bool is_zero() const noexcept { return ms == 0 && seq == 0; }

    static constexpr stream_id least() noexcept { return {}; }

    static constexpr stream_id most() noexcept {
        constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
        return {all, all};
    }

    /// The next one up; nothing behind the last that there can be.
    constexpr std::optional<stream_id> next() const noexcept {
        if (*this == most()) return std::nullopt;
        return seq == most().seq ? stream_id{ms + 1, 0} : stream_id{ms, seq + 1};
    }

    /// The next one down; nothing before the first.
    constexpr std::optional<stream_id> previous() const noexcept {
        if (is_zero()) return std::nullopt;
        return seq == 0 ? stream_id{ms - 1, most().seq} : stream_id{ms, seq - 1};
    }
};

/// An id as text: "1526919030474-55".
class stream_id_text {
public:
    explicit stream_id_text(const stream_id& id, char separator = '-') noexcept {
        size_ = format_unsigned(id.ms, digits_);
        digits_[size_++] = separator;
        size_ += format_unsigned(id.seq, digits_ + size_);
    }

    operator std::string_view() const noexcept { return {digits_, size_}; }

private:
    char digits_[2 * integer_digits + 1];
    std::size_t size_;
};

} // namespace mini_redis
