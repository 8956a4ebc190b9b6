// The four ways in which a request states a point in time, and the one that the keyspace keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/context.hpp"

namespace mini_redis {

enum class time_unit : std::uint8_t { seconds, milliseconds, unix_seconds, unix_milliseconds };

/// EX, PX, EXAT or PXAT.
std::optional<time_unit> parse_time_unit(std::string_view word) noexcept;

struct time_argument {
    time_unit unit;
    std::string_view text;
};

/// The time as Unix milliseconds; replies with the error and returns nothing if it is not a number,
/// not positive, or too large. For SET and its relatives: EXPIRE takes past times too.
std::optional<std::int64_t> resolve_time(context& c, time_argument argument);

/// As resolve_time() without the demand that it be positive: nothing and no reply if it overflows.
std::optional<std::int64_t> to_unix_ms(time_unit unit, std::int64_t value,
                                       std::int64_t now_ms) noexcept;

} // namespace mini_redis
