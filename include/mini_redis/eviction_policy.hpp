// Which keys have to go when a keyspace has reached its limit of memory.
#pragma once

#include <cstdint>

namespace mini_redis {

/// As Redis's setting maxmemory-policy. The `volatile` ones choose among the keys that have an
/// expiry only.
enum class eviction_policy : std::uint8_t {
    noeviction,      ///< none: writes are refused
    allkeys_lru,     ///< the one that has not been used for longest
    allkeys_lfu,     ///< the one that is used least often
    allkeys_random,  ///< any
    volatile_lru,    ///< as allkeys_lru
    volatile_lfu,    ///< as allkeys_lfu
    volatile_random, ///< as allkeys_random
    volatile_ttl,    ///< the one that expires next
};

} // namespace mini_redis
