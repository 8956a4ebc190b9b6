// How a value is represented, in the terms of OBJECT and DEBUG OBJECT.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/entry.hpp"

namespace mini_redis {

/// "int", "embstr" or "raw" for a string: by its bytes and its history, as Redis would keep it.
std::string_view encoding_name(const entry& value) noexcept;

/// Seconds since the entry was last used; `now_seconds` is the clock that touch() was given.
std::int64_t idle_seconds(const entry& value, std::uint32_t now_seconds) noexcept;

/// What OBJECT REFCOUNT says: Redis shares the small integers among all keys, and says so by the
/// largest number there is.
std::int64_t reference_count(const entry& value) noexcept;

} // namespace mini_redis
