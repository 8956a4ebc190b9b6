// What the process occupies of the machine's memory, as the system sees it.
#pragma once

#include <cstdint>

namespace mini_redis {

/// Bytes that are resident now; where the system does not tell, at most.
std::uint64_t resident_bytes();

/// The most that have ever been resident.
std::uint64_t peak_resident_bytes();

/// Of the machine; 0 where the system does not tell.
std::uint64_t total_system_memory();

} // namespace mini_redis
