#include "commands/geo_arguments.hpp"

#include <cmath>
#include <fmt/format.h>

#include "commands/arguments.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

// With all digits that make sense, and no zeros behind them.
void write_degrees(reply_writer& reply, double value) {
    char digits[long_real_digits];
    const std::string_view text{digits, format_long_real(value, digits)};
    if (!reply.resp3()) return reply.bulk_string(text);
    reply.raw(",");
    reply.raw(text);
    reply.raw("\r\n");
}

} // namespace

std::optional<double> real_argument(context& c, std::string_view word, std::string_view error) {
    const std::optional<double> value = parse_real(word);
    if (!value) c.reply.error(error);
    return value;
}

std::optional<geo_point> place_argument(context& c, std::string_view longitude,
                                        std::string_view latitude) {
    const std::optional<double> x = real_argument(c, longitude);
    if (!x) return std::nullopt;
    const std::optional<double> y = real_argument(c, latitude);
    if (!y) return std::nullopt;
    const geo_point place{*x, *y};
    if (is_on_map(place)) return place;
    c.reply.error(fmt::format("ERR invalid longitude,latitude pair {:f},{:f}", place.longitude,
                              place.latitude));
    return std::nullopt;
}

std::optional<double> unit_argument(context& c, std::string_view word) {
    if (equals_ignoring_case(word, "m")) return 1;
    if (equals_ignoring_case(word, "km")) return 1000;
    if (equals_ignoring_case(word, "ft")) return 0.3048;
    if (equals_ignoring_case(word, "mi")) return 1609.34;
    c.reply.error("ERR unsupported unit provided. please use M, KM, FT, MI");
    return std::nullopt;
}

// Redis multiplies and rounds, which now and then gives another last digit than printf().
void write_distance(reply_writer& reply, double distance) {
    constexpr long long one = 10'000;
    const long long scaled = std::llrint(distance * one);
    reply.bulk_string(fmt::format("{}.{:04}", scaled / one, scaled % one));
}

void write_place(reply_writer& reply, geo_point place) {
    reply.array(2);
    write_degrees(reply, place.longitude);
    write_degrees(reply, place.latitude);
}

} // namespace mini_redis
