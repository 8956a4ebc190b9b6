// The keyspace's hash: SipHash-1-3 under a random key, so that nobody can choose keys that collide.
#pragma once

#include <cstdint>
#include <string_view>

namespace mini_redis {

/// A 128-bit SipHash key.
struct hash_seed {
    std::uint64_t low;
    std::uint64_t high;

    /// Drawn from the operating system.
    static hash_seed random();
};

/// SipHash-1-3 (Aumasson, Bernstein 2012) of the bytes.
std::uint64_t hash_bytes(std::string_view bytes, const hash_seed& seed) noexcept;

/// The hash of a key, under a seed drawn once per process.
std::uint64_t hash_key(std::string_view key) noexcept;

/// A key together with its hash, which is computed once per request.
struct hashed_key {
    std::string_view name;
    std::uint64_t hash = 0;

    hashed_key() = default;

    explicit hashed_key(std::string_view key) noexcept : name{key}, hash{hash_key(key)} {}

    hashed_key(std::string_view key, std::uint64_t known_hash) noexcept
        : name{key},
          hash{known_hash} {}
};

} // namespace mini_redis
