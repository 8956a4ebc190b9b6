#include "resp/number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

namespace mini_redis {

namespace {

constexpr char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                               "25262728293031323334353637383940414243444546474849"
                               "50515253545556575859606162636465666768697071727374"
                               "75767778798081828384858687888990919293949596979899";

std::size_t digit_count(std::uint64_t value) noexcept {
    std::size_t count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

bool is_hexadecimal(std::string_view text) noexcept {
    return text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// "inf" or "infinity" in any case.
bool is_infinity(std::string_view text) noexcept {
    const auto is = [text](std::string_view word) {
        return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                          [](char a, char b) { return (a | 32) == b; });
    };
    return is("inf") || is("infinity");
}

// strtod's grammar without its locale: from_chars does the work, but knows no plus sign and no
// "0x".
template <typename Real>
std::optional<Real> parse_any_real(std::string_view text) noexcept {
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    auto format = std::chars_format::general;
    if (is_hexadecimal(text)) {
        format = std::chars_format::hex;
        text.remove_prefix(2);
        // from_chars takes "inf" and a sign here too.
        if (text.empty() || !(text[0] == '.' || is_digit(text[0]) || (text[0] | 32) <= 'f'))
            return {};
    }
    if (text.empty() || text[0] == '-') return {};
    // Words never reach from_chars: libstdc++ 12 looks for the end of one as if a NUL stood there.
    if (const int first = text[0] | 32; first == 'i' || first == 'n') {
        if (!is_infinity(text)) return {};
        const Real infinity = std::numeric_limits<Real>::infinity();
        return negative ? -infinity : infinity;
    }
    Real value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, value, format);
    // Too large and too small to tell from zero are both errors, as strtod's ERANGE is to Redis.
    if (problem != std::errc{} || stopped != end || std::isnan(value)) return {};
    return negative ? -value : value;
}

} // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept {
    if (text.empty() || text.size() > 20) return {};
    if (text[0] == '0') return text.size() == 1 ? std::optional<std::uint64_t>{0} : std::nullopt;
    std::uint64_t value = 0;
    // Nineteen digits cannot overflow; only the twentieth is checked.
    const std::size_t safe = text.size() < 20 ? text.size() : 19;
    for (std::size_t i = 0; i < safe; ++i) {
        if (!is_digit(text[i])) return {};
        value = value * 10 + static_cast<unsigned>(text[i] - '0');
    }
    if (text.size() == 20) {
        if (!is_digit(text[19])) return {};
        const auto digit = static_cast<unsigned>(text[19] - '0');
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        if (value > most / 10 || (value == most / 10 && digit > most % 10)) return {};
        value = value * 10 + digit;
    }
    return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
    const bool negative = !text.empty() && text[0] == '-';
    if (negative) text.remove_prefix(1);
    const auto magnitude = parse_unsigned(text);
    if (!magnitude) return {};
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (!negative) {
        if (*magnitude > most) return {};
        return static_cast<std::int64_t>(*magnitude);
    }
    if (*magnitude == 0 || *magnitude > most + 1) return {};
    return static_cast<std::int64_t>(0 - *magnitude);
}

std::optional<double> parse_real(std::string_view text) noexcept {
    return parse_any_real<double>(text);
}

std::optional<long double> parse_long_real(std::string_view text) noexcept {
    // Redis copies the text to a buffer of this size first.
    if (text.size() >= long_real_digits) return {};
    return parse_any_real<long double>(text);
}

std::size_t format_unsigned(std::uint64_t value, char* out) noexcept {
    const std::size_t size = digit_count(value);
    char* at = out + size;
    while (value >= 100) {
        at -= 2;
        std::memcpy(at, digit_pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10)
        std::memcpy(out, digit_pairs + value * 2, 2);
    else
        *out = static_cast<char>('0' + value);
    return size;
}

std::size_t format_integer(std::int64_t value, char* out) noexcept {
    if (value >= 0) return format_unsigned(static_cast<std::uint64_t>(value), out);
    *out = '-';
    return 1 + format_unsigned(0 - static_cast<std::uint64_t>(value), out + 1);
}

std::size_t format_real(double value, char* out) noexcept {
    if (std::isnan(value)) {
        std::memcpy(out, "nan", 3);
        return 3;
    }
    // The same bytes as %.17g, ten times as fast. Zero is left out because it may be negative.
    constexpr double exact = 4503599627370496.0; // 2^52
    if (value > -exact && value < exact && value != 0) {
        const auto whole = static_cast<std::int64_t>(value);
        if (static_cast<double>(whole) == value) return format_integer(whole, out);
    }
    // to_chars, because printf asks the locale for the decimal point.
    const auto end =
        std::to_chars(out, out + real_digits, value, std::chars_format::general, 17).ptr;
    return static_cast<std::size_t>(end - out);
}

std::size_t format_long_real(long double value, char* out) noexcept {
    if (!std::isfinite(value)) return format_real(static_cast<double>(value), out);
    const auto end =
        std::to_chars(out, out + long_real_digits, value, std::chars_format::fixed, 17).ptr;
    auto size = static_cast<std::size_t>(end - out);
    while (out[size - 1] == '0')
        --size;
    if (out[size - 1] == '.') --size;
    if (std::string_view{out, size} == "-0") {
        *out = '0';
        return 1;
    }
    return size;
}

} // namespace mini_redis
