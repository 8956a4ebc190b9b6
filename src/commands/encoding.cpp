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
    if (value.type() == value_type::stream) return "stream";
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

} // namespace mini_redis
