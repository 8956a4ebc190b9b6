// Strings that are changed where they stand: by SETRANGE, SETBIT, BITFIELD.
#pragma once

#include <cstddef>

#include "commands/context.hpp"

namespace mini_redis {

/// Makes the key's value a string of at least `least` bytes, with zero bytes behind what it had,
/// and marks it as modified in place. `found` is what the database said of the key: nothing or a
/// string. What is returned may be changed through mutable_bytes(), and database::changed() told of
/// it.
located grow_string(context& c, const hashed_key& key, located found, std::size_t least);

} // namespace mini_redis
