// How much a peer may ask of a parser before it is taken for broken or hostile.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mini_redis {

/// Redis's defaults; of arguments 7.0 takes 2^31, and older ones as many as here. Sizes are bytes.
struct protocol_limits {
    std::size_t inline_size = 64 * 1024;          ///< the longest line: an inline command, a header
    std::int64_t arguments = 1024 * 1024;         ///< of one request, its name included
    std::int64_t bulk_size = 512LL * 1024 * 1024; ///< proto-max-bulk-len
    std::size_t depth = 128;                      ///< nesting of a reply's aggregates
    std::int64_t elements = 0x7fffffff;           ///< of one aggregate in a reply

    /// False on a connection that has yet to give its password: the two limits below hold as well.
    bool authenticated = true;
    static constexpr std::int64_t unauthenticated_arguments = 10;
    static constexpr std::int64_t unauthenticated_bulk_size = 16 * 1024;
};

} // namespace mini_redis
