// What the commands of places have in common: places and units as they are written, and replies.
#pragma once

#include <optional>
#include <string_view>

#include "commands/context.hpp"
#include "store/geohash.hpp"

namespace mini_redis {

/// A floating-point number; otherwise replies with the error and returns nothing.
std::optional<double> real_argument(context& c, std::string_view word,
                                    std::string_view error = replies::not_a_float);

/// A place on the map; otherwise replies with an error and returns nothing.
std::optional<geo_point> place_argument(context& c, std::string_view longitude,
                                        std::string_view latitude);

/// How many metres a unit is: m, km, ft or mi. Otherwise replies with an error and returns nothing.
std::optional<double> unit_argument(context& c, std::string_view word);

/// To a tenth of a millimetre, if it is in metres.
void write_distance(reply_writer& reply, double distance);

/// An array of two numbers.
void write_place(reply_writer& reply, geo_point place);

} // namespace mini_redis
