// Up to which size small collections stay in one block, and HyperLogLogs sparse.
#pragma once

#include <atomic>
#include <cstdint>

namespace mini_redis {

/// Up to which size collections stay in a compact block, by Redis's names for its settings.
struct compact_limits {
    std::atomic<std::int64_t> hash_entries{512};              ///< hash-max-listpack-entries
    std::atomic<std::int64_t> hash_value{64};                 ///< hash-max-listpack-value: bytes
    std::atomic<std::int64_t> hyperloglog_sparse_bytes{3000}; ///< hll-sparse-max-bytes
    std::atomic<std::int64_t> list_size{-2};     ///< list-max-listpack-size: elements, or -1 … -5
    std::atomic<std::int64_t> set_integers{512}; ///< set-max-intset-entries
    std::atomic<std::int64_t> set_entries{128};  ///< set-max-listpack-entries
    std::atomic<std::int64_t> set_value{64};     ///< set-max-listpack-value: bytes
    std::atomic<std::int64_t> stream_bytes{4096};  ///< stream-node-max-bytes; 0: no limit
    std::atomic<std::int64_t> stream_entries{100}; ///< stream-node-max-entries; 0: no limit
    std::atomic<std::int64_t> zset_entries{128};   ///< zset-max-listpack-entries
    std::atomic<std::int64_t> zset_value{64};      ///< zset-max-listpack-value: bytes
};

} // namespace mini_redis
