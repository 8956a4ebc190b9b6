// Makes room when the store has reached its limit of memory: takes keys out, chosen by a policy
// among samples (Redis's maxmemory).
//
// Of the keys that samples bring up, the best to go are kept in a small pool over many rounds. The
// best of them goes first, unless it has been used meanwhile. So a few samples for each key that
// goes come close to looking at all keys.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mini_redis/eviction_policy.hpp>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/sharded_store.hpp"

namespace mini_redis {

/// *Thread safety*: every function may be called from any thread that holds no shard's lock.
class evictor {
public:
    explicit evictor(sharded_store& store) noexcept : store_{&store} {}

    enum class outcome : std::uint8_t {
        enough,       ///< the store is not above its limit, or not any more
        unfinished,   ///< the time was over: to be called again
        nothing_left, ///< there is no key that may go
    };

    /// Takes keys out until the store is within its limit, for about `budget`. `seconds` is the
    /// time that entries are touched with. Notes in `log` the keys whose loss somebody wants to be
    /// told of.
    outcome make_room(std::uint32_t seconds, std::chrono::microseconds budget, change_log* log);

    void set_policy(eviction_policy policy) noexcept;

    eviction_policy policy() const noexcept { return policy_.load(std::memory_order_relaxed); }

    /// How many keys are looked at for each that goes, per database.
    std::atomic<std::int64_t> samples{5};

    /// Is told of every key that goes, under the lock of its shard. To be set before any other
    /// thread uses the store.
    std::function<void(std::size_t database, std::string_view key)> on_evicted;

    /// Keys that have gone.
    std::uint64_t evicted_keys() const noexcept {
        return evicted_keys_.load(std::memory_order_relaxed);
    }

private:
    struct candidate {
        std::uint64_t score; ///< the higher, the sooner it should go
        std::uint64_t hash;
        std::size_t database;
        std::string name;
    };

    struct table_place {
        std::size_t shard;
        std::size_t database;
    };

    /// In buckets.
    struct table_sizes {
        std::size_t all = 0;
        std::size_t most = 0; ///< in one shard
    };

    bool evict_one(std::uint32_t seconds, change_log* log);
    bool evict_any(change_log* log);
    bool add_candidates(std::uint32_t seconds);
    void add_candidate(const entry& sampled, std::uint64_t score, std::size_t database);
    bool evict(const candidate& which, std::uint32_t seconds, bool as_it_is, change_log* log);
    std::uint64_t score_of(const entry& one, std::uint32_t seconds) const noexcept;
    bool takes_volatile_only() const noexcept;
    template <class Visit>
    bool sample(std::size_t least, Visit&& visit);
    void look_at_tables();
    table_place choose_table();
    std::uint64_t next_random() noexcept;

    sharded_store* store_;
    std::atomic<eviction_policy> policy_{eviction_policy::noeviction};
    std::atomic<std::uint64_t> evicted_keys_{0};
    std::mutex mutex_;
    std::vector<candidate> pool_;    // guarded by mutex_; the best last
    eviction_policy pooled_{};       // guarded by mutex_: the policy that the scores are of
    std::uint64_t random_ = 1;       // guarded by mutex_
    std::vector<table_sizes> sizes_; // guarded by mutex_: of the databases, when last looked at
    unsigned choices_ = 0;           // guarded by mutex_: since then
};

} // namespace mini_redis
