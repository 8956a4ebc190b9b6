// SHA-1 (FIPS 180-4): what digests of values are made of. Not for security.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mini_redis {

using sha1_digest = std::array<std::uint8_t, 20>;

sha1_digest sha1(std::string_view bytes) noexcept;

/// 40 digits in lower case.
std::string to_hex(const sha1_digest& digest);

} // namespace mini_redis
