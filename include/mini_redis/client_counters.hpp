// What a client has done so far.
#pragma once

#include <cstdint>

namespace mini_redis {

/// Since the client was made, over all its connections; client::counters gives a copy.
struct client_counters {
    std::uint64_t calls = 0;         ///< begun; a pipeline is one
    std::uint64_t failures = 0;      ///< of them, those that ended without a reply
    std::uint64_t error_replies = 0; ///< and those that the server answered with an error
    std::uint64_t in_flight = 0;     ///< and those that have not ended yet
    std::uint64_t connections = 0;   ///< made; the first one, the pool's and subscribers' too
    std::uint64_t reconnects = 0;    ///< of them, those that took the place of a lost one
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
};

} // namespace mini_redis
