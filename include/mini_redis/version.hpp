// The version of mini-redis, and the Redis version whose behaviour the server follows.
#pragma once

#include <string_view>

namespace mini_redis {

/// The version of this library. CMake reads it from here.
inline constexpr std::string_view version = "0.1.0";

/// What HELLO and INFO announce as `redis_version`: clients choose their features by it.
inline constexpr std::string_view redis_version = "7.2.0";

} // namespace mini_redis
