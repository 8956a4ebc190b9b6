// What dumps of every type are put together from, to be read: numbers of things, and strings.
#pragma once

#include <cstdint>
#include <string>

#include "store/byte_reader.hpp"

namespace mini_redis {

/// The reader is broken where there is no such thing.
std::uint64_t take_length(byte_reader& in);
std::string take_string(byte_reader& in);

} // namespace mini_redis
