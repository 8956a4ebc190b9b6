// Text <-> numbers by Redis's rules, which are stricter than the standard library's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mini_redis {

/// A 64-bit signed integer in its one canonical spelling: optional minus, no plus, no leading
/// zeros, no spaces, no "-0"; nothing else is one (as Redis's string2ll).
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;

/// As parse_integer, for unsigned numbers.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept;

/// A double as commands take it: decimal or hexadecimal, sign, exponent, "inf", "infinity" in any
/// case; no NaN, no spaces, not empty, nothing behind it, neither too large nor so small that it
/// would become zero. Independent of the locale.
std::optional<double> parse_real(std::string_view text) noexcept;

/// As parse_real with the precision of INCRBYFLOAT.
std::optional<long double> parse_long_real(std::string_view text) noexcept;

/// Room that format_* needs at most.
inline constexpr std::size_t integer_digits = 21;
inline constexpr std::size_t real_digits = 32;
inline constexpr std::size_t long_real_digits = 5 * 1024;

/// Writes the decimal digits to `out` and returns how many bytes they take.
std::size_t format_integer(std::int64_t value, char* out) noexcept;
std::size_t format_unsigned(std::uint64_t value, char* out) noexcept;

/// As Redis 7.0 writes a double in a reply: %.17g, so an integer has no point; "inf", "-inf",
/// "nan".
std::size_t format_real(double value, char* out) noexcept;

/// As INCRBYFLOAT writes its result: %.17Lf without trailing zeros. `out` has long_real_digits.
std::size_t format_long_real(long double value, char* out) noexcept;

} // namespace mini_redis
