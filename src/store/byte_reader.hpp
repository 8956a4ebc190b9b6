// Numbers and bytes off the front of bytes that nobody vouches for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mini_redis {

/// Once something was wanted that is not there, it is broken: all that follows is zeros and
/// nothing.
class byte_reader {
public:
    explicit byte_reader(std::string_view bytes) noexcept : left_{bytes} {}

    bool broken() const noexcept { return broken_; }

    void refuse() noexcept {
        broken_ = true;
        left_ = {};
    }

    std::string_view left() const noexcept { return left_; }

    std::string_view take(std::uint64_t count) noexcept {
        if (count > left_.size()) {
            refuse();
            return {};
        }
        const std::string_view taken = left_.substr(0, static_cast<std::size_t>(count));
        left_.remove_prefix(taken.size());
        return taken;
    }

    std::uint8_t byte() noexcept {
        const std::string_view one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
    }

    std::uint64_t little_endian(std::size_t bytes) noexcept {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const char c : take(bytes)) {
            value |= std::uint64_t{static_cast<unsigned char>(c)} << shift;
            shift += 8;
        }
        return value;
    }

    std::uint64_t big_endian(std::size_t bytes) noexcept {
        std::uint64_t value = 0;
        for (const char c : take(bytes))
            value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }

    std::int64_t little_endian_signed(std::size_t bytes) noexcept {
        const unsigned unused = 64 - static_cast<unsigned>(bytes) * 8;
        return static_cast<std::int64_t>(little_endian(bytes) << unused) >> unused;
    }

private:
    std::string_view left_;
    bool broken_ = false;
};

inline void append_little_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i)
        out.push_back(static_cast<char>(value >> (8 * i)));
}

inline void append_big_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = bytes; i > 0; --i)
        out.push_back(static_cast<char>(value >> (8 * (i - 1))));
}

} // namespace mini_redis
