#include "store/integer_set.hpp"

#include <bit>

namespace mini_redis {
namespace {

template <class Integer>
std::int64_t read(const char* from) noexcept {
    static_assert(std::endian::native == std::endian::little);
    Integer value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

} // namespace

std::int64_t integer_set::at(std::size_t index) const noexcept {
    const char* const from = block_.data() + offset_of(index);
    switch (width()) {
    case 2: return read<std::int16_t>(from);
    case 4: return read<std::int32_t>(from);
    default: return read<std::int64_t>(from);
    }
}

std::size_t integer_set::lower_bound(std::int64_t value) const noexcept {
    std::size_t first = 0;
    std::size_t count = size();
    while (count > 0) {
        const std::size_t half = count / 2;
        if (at(first + half) < value) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

} // namespace mini_redis
