#include "commands/expiry_time.hpp"

#include <fmt/format.h>

#include "commands/registry.hpp"
#include "resp/number.hpp"

namespace mini_redis {

std::optional<time_unit> parse_time_unit(std::string_view word) noexcept {
    if (equals_ignoring_case(word, "ex")) return time_unit::seconds;
    if (equals_ignoring_case(word, "px")) return time_unit::milliseconds;
    if (equals_ignoring_case(word, "exat")) return time_unit::unix_seconds;
    if (equals_ignoring_case(word, "pxat")) return time_unit::unix_milliseconds;
    return std::nullopt;
}

std::optional<std::int64_t> to_unix_ms(time_unit unit, std::int64_t value,
                                       std::int64_t now_ms) noexcept {
    std::int64_t ms = value;
    if (unit == time_unit::seconds || unit == time_unit::unix_seconds)
        if (__builtin_mul_overflow(value, std::int64_t{1000}, &ms)) return std::nullopt;
    if (unit == time_unit::seconds || unit == time_unit::milliseconds)
        if (__builtin_add_overflow(ms, now_ms, &ms)) return std::nullopt;
    return ms;
}

std::optional<std::int64_t> resolve_time(context& c, time_argument argument) {
    const std::optional<std::int64_t> value = parse_integer(argument.text);
    if (!value) {
        c.reply.error(replies::not_an_integer);
        return std::nullopt;
    }
    const std::optional<std::int64_t> at =
        *value > 0 ? to_unix_ms(argument.unit, *value, c.now_ms()) : std::nullopt;
    if (!at) c.reply.error(fmt::format("ERR invalid expire time in '{}' command", c.self.name));
    return at;
}

} // namespace mini_redis
