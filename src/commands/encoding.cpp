#include "commands/encoding.hpp"

#include <limits>
#include <optional>

#include "resp/number.hpp"
#include "store/list_value.hpp"

namespace mini_redis {
namespace {

// The longest string that Redis puts into one block with its header.
constexpr std::size_t embedded_limit = 44;

std::optional<std::int64_t> as_integer(const entry& value) noexcept {
    if (value.encoding() != string_encoding::automatic) return std::nullopt;
    return parse_integer(value.string());
}

} // namespace

std::string_view encoding_name(const entry& value) noexcept {
    if (value.type() == value_type::list)
        return list_view{value}.is_quicklist() ? "quicklist" : "listpack";
    if (value.type() == value_type::hash || value.type() == value_type::set) {
        if (value.is_object()) return "hashtable";
        return value.kept_as() == collection_encoding::integers ? "intset" : "listpack";
    }
    if (value.type() == value_type::zset) return value.is_object() ? "skiplist" : "listpack";
    if (value.encoding() == string_encoding::raw) return "raw";
    if (as_integer(value)) return "int";
    return value.string().size() <= embedded_limit ? "embstr" : "raw";
}

std::int64_t idle_seconds(const entry& value, std::uint32_t now_seconds) noexcept {
    return (now_seconds - value.last_access()) & 0xffffff;
}

std::int64_t reference_count(const entry& value) noexcept {
    const std::optional<std::int64_t> number = as_integer(value);
    if (number && *number >= 0 && *number < 10'000) return std::numeric_limits<std::int32_t>::max();
    return 1;
}

std::size_t serialized_size(const entry& value) noexcept {
    if (value.is_object()) return value.memory();
    const auto fits = [](std::int64_t number, int bits) {
        const std::int64_t half = std::int64_t{1} << (bits - 1);
        return number >= -half && number < half;
    };
    if (const std::optional<std::int64_t> number = as_integer(value)) {
        for (const int bits : {8, 16, 32})
            if (fits(*number, bits)) return 1 + static_cast<std::size_t>(bits) / 8;
    }
    const std::size_t size = value.string().size();
    return size + (size < 64 ? 1 : size < 16'384 ? 2 : 5);
}

} // namespace mini_redis
