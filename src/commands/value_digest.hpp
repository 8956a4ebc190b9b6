// A digest of a value that does not hang on how it is kept, as DEBUG DIGEST-VALUE shows it: the
// same that Redis computes.
#pragma once

#include <string_view>

#include "digest/sha1.hpp"
#include "store/entry.hpp"

namespace mini_redis {

inline std::string_view bytes_of(const sha1_digest& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Adds bytes whose order does not matter.
void add_unordered(sha1_digest& digest, std::string_view bytes) noexcept;

/// Adds bytes whose order matters.
void add_ordered(sha1_digest& digest, std::string_view bytes) noexcept;

/// Adds a value: its type, its elements, and that it has an expiry, though not when.
void add_value(sha1_digest& digest, const entry& value);

} // namespace mini_redis
