// Where a bit stands in a string, as SETBIT, GETBIT and BITFIELD are told it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/context.hpp"
#include "resp/number.hpp"

namespace mini_redis {

/// The number of a bit that a string can have; with `width`, "#3" is the third field of so many
/// bits. Otherwise replies with an error and returns nothing.
inline std::optional<std::uint64_t> bit_offset_argument(context& c, std::string_view word,
                                                        unsigned width = 0) {
    const bool counts_fields = width != 0 && word.starts_with('#');
    if (counts_fields) word.remove_prefix(1);
    std::optional<std::int64_t> offset = parse_integer(word);
    std::int64_t bits = offset.value_or(-1);
    const std::int64_t most =
        c.server.configuration().max_bulk_bytes.load(std::memory_order_relaxed);
    if (!offset || (counts_fields && __builtin_mul_overflow(bits, std::int64_t{width}, &bits)) ||
        bits < 0 || (bits >> 3) >= most) {
        c.reply.error("ERR bit offset is not an integer or out of range");
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(bits);
}

} // namespace mini_redis
