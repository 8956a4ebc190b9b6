// The keyspace itself: many shards, each a hash table per database under its own mutex.
//
// A request locks the shards of its keys in ascending order (store_guard), which makes it one
// atomic step and makes deadlock impossible; what concerns all keys locks all shards.
//
// The hash chooses by its top bits the shard, by the next the place in the shard's table.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/access_frequency.hpp"
#include "store/compact_limits.hpp"
#include "store/counted_memory.hpp"
#include "store/hash.hpp"
#include "store/listeners.hpp"
#include "store/reclaimer.hpp"
#include "store/table.hpp"

namespace mini_redis {

/// One shard. Its members are guarded by its mutex.
class alignas(64) shard {
public:
    std::mutex mutex;

    table& at(std::size_t database) noexcept {
        return database == 0 ? first_ : others_[database - 1].keys;
    }

    /// What purge knows of one database's expiries in this shard.
    struct purge_state {
        std::int64_t not_before = 0; ///< nothing expires earlier than this Unix ms
        std::int64_t seen = 0; ///< the earliest expiry that the pass under way has left standing
        std::uint32_t position =
            0; ///< the bucket where the pass under way goes on; 0 between passes
        std::uint32_t layout =
            0; ///< the table's in the pass under way, which starts again when that changes
    };

    purge_state& purging(std::size_t database) noexcept {
        return database == 0 ? first_purging_ : others_[database - 1].purging;
    }

    /// Nothing in any of the databases expires earlier than this Unix ms. Written under the mutex;
    /// purge reads it without, so that shards where nothing is due cost it next to nothing.
    std::atomic<std::int64_t> due{std::numeric_limits<std::int64_t>::max()};

    /// Null while nobody watches or waits for any of its keys.
    std::unique_ptr<shard_listeners> listeners;

private:
    friend class sharded_store;

    struct database_part {
        table keys;
        purge_state purging;
    };

    // Database 0 is what nearly everybody uses: it costs no further indirection.
    table first_;
    purge_state first_purging_;
    std::unique_ptr<database_part[]> others_;
};

/// Thrown instead of waiting for a shard that is held for long; see
/// sharded_store::begin_long_hold().
struct server_busy final : std::exception {
    const char* what() const noexcept override { return "a script runs for long"; }
};

/// *Thread safety*: everything here may be called from any thread, except what takes a shard's
/// contents, which wants its lock.
class sharded_store {
public:
    /// `shards` is rounded up to a power of two.
    sharded_store(std::size_t shards, std::size_t databases);

    sharded_store(const sharded_store&) = delete;
    sharded_store& operator=(const sharded_store&) = delete;

    std::size_t shard_count() const noexcept { return shards_.size(); }

    std::size_t databases() const noexcept { return databases_; }

    std::size_t shard_index(std::uint64_t hash) const noexcept {
        return static_cast<std::size_t>((hash >> 32) >> shard_shift_);
    }

    shard& shard_at(std::size_t index) noexcept { return shards_[index]; }

    shard& shard_of(const hashed_key& key) noexcept { return shards_[shard_index(key.hash)]; }

    /// Locks a shard; true if it had to wait. Throws server_busy on a thread that gives way, while
    /// shards are held for long.
    bool lock(shard& s) {
        if (!is_held_long() && s.mutex.try_lock()) [[likely]]
            return false;
        lock_slowly(s);
        return true;
    }

    /// From now on, until end_long_hold(), a thread that gives way waits for no shard: somebody has
    /// locked some for longer than others should wait. Each thread that says so ends it, too.
    void begin_long_hold() noexcept { long_holds_.fetch_add(1); }

    void end_long_hold() noexcept { long_holds_.fetch_sub(1); }

    bool is_held_long() const noexcept { return long_holds_.load(std::memory_order_relaxed) != 0; }

    /// Says that the calling thread has others to serve while shards are held for long.
    static void let_this_thread_give_way() noexcept;

    /// The two steps that bring a key near before it is looked up: while one key's memory is on its
    /// way, the next one's is asked for. They change nothing and need no lock.
    void prefetch_bucket(const hashed_key& key, std::size_t database) noexcept {
        shard_of(key).at(database).prefetch_bucket(key.hash);
    }

    void prefetch_entry(const hashed_key& key, std::size_t database) noexcept {
        if (is_held_long()) return;
        shard& home = shard_of(key);
        const std::unique_lock lock{home.mutex, std::try_to_lock}; // not worth waiting for
        if (lock) home.at(database).prefetch_entry(key.hash);
    }

    /// How many keys the database holds, those that have expired and were not yet reclaimed
    /// included. The caller holds all locks.
    std::size_t size(std::size_t database) noexcept;
    std::size_t expiring(std::size_t database) noexcept;

    /// Empties databases. The memory is freed in the background. The caller holds all locks.
    void clear(std::size_t database, change_log* log = nullptr);
    void clear_all(change_log* log = nullptr);

    /// Exchanges two databases' keys. The caller holds all locks.
    void swap_databases(std::size_t left, std::size_t right, std::int64_t now_ms,
                        change_log* log = nullptr);

    /// Tells those who watch the key or have read it that it has changed and, if it holds a
    /// collection now, those who wait for it, by way of the log. The caller holds the shard's lock
    /// and has seen that it has listeners.
    void announce(shard& s, std::size_t database, std::string_view key, const entry* holds,
                  change_log* log);

    /// Of that, only the second: lets those who wait for the key look at what it holds.
    static void offer(shard& s, std::size_t database, std::string_view key, const entry* holds,
                      change_log& log);

    /// The listeners of a shard, which the caller has locked.
    static shard_listeners& ensure_listeners(shard& s) {
        if (!s.listeners) s.listeners = std::make_unique<shard_listeners>();
        return *s.listeners;
    }

    static void drop_listeners_if_unused(shard& s) noexcept {
        if (s.listeners && s.listeners->empty()) s.listeners.reset();
    }

    /// Is told of every key that is removed because its time has come, under the lock of its shard.
    /// To be set before any other thread uses the store.
    std::function<void(std::size_t database, std::string_view key)> on_expired;

    /// Who tells clients of changes. To be set before any other thread uses the store.
    void set_change_listener(change_listener* who) noexcept { change_listener_ = who; }

    /// The client has read the key, and wants to be told when that changes: once, and in any
    /// database. The caller holds the shard's lock.
    void add_reader(const hashed_key& key, std::uint64_t client);

    /// Forgets some keys that clients have read, and tells these, until there are no more than
    /// `most` or so many are forgotten; nothing if another thread is at it. The caller holds no
    /// locks.
    void limit_read_keys(std::size_t most, std::size_t at_once, std::uint64_t random,
                         const change_log* by);

    /// Keys of which it is known who has read them, and how often a client has read one of them.
    std::size_t read_keys() const noexcept { return read_keys_.load(std::memory_order_relaxed); }

    std::size_t readings() const noexcept { return readings_.load(std::memory_order_relaxed); }

    /// A client wants to be told of every change from now on, or does not any more. `locked`: the
    /// caller holds all locks, otherwise none.
    void add_broadcaster(bool locked);
    void remove_broadcaster(bool locked) noexcept;

    compact_limits& limits() noexcept { return limits_; }

    /// Frees the entry, in the background if that takes long.
    void discard(entry_ptr doomed);

    /// Takes expired keys out, shard by shard and a few buckets under each lock, for about
    /// `budget`.
    struct purge_result {
        std::size_t examined = 0; ///< keys with an expiry that were looked at
        std::size_t removed = 0;
        bool finished = false; ///< all shards were visited that had something due
    };

    /// Notes in `log` the keys whose loss somebody wants to be told of.
    purge_result purge(std::int64_t now_ms, std::chrono::microseconds budget,
                       change_log* log = nullptr);

    /// Tells purge that a key of this shard expires then. The caller holds the shard's lock.
    static void note_expiry(shard& s, std::size_t database, std::int64_t at) noexcept {
        std::int64_t& bound = s.purging(database).not_before;
        if (at >= bound) return;
        bound = at;
        if (at < s.due.load(std::memory_order_relaxed)) s.due.store(at, std::memory_order_relaxed);
    }

    /// Keys that were removed because their time had come.
    std::uint64_t expired_keys() const noexcept {
        return expired_keys_.load(std::memory_order_relaxed);
    }

    void reset_expired_keys() noexcept { expired_keys_.store(0, std::memory_order_relaxed); }

    void count_expired(std::uint64_t n) noexcept {
        expired_keys_.fetch_add(n, std::memory_order_relaxed);
    }

    const reclaimer& garbage() const noexcept { return reclaimer_; }

    /// What keys and values take, with their places in tables, and who has read them. Changes when
    /// the lock is given up under which that has changed.
    memory_account& memory() noexcept { return memory_; }

    /// How much that may be; keys are taken out if it is more (store/evictor.hpp).
    void set_limit(std::int64_t bytes) noexcept { limit_.store(bytes, std::memory_order_relaxed); }

    static constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

    bool has_limit() const noexcept { return limit_.load(std::memory_order_relaxed) != no_limit; }

    bool is_above_limit() const noexcept {
        const std::int64_t limit = limit_.load(std::memory_order_relaxed);
        return memory_.bytes() > limit && memory_.bytes() - reclaimer_.pending_bytes() > limit;
    }

    frequency_rules& frequency() noexcept { return frequency_; }

    /// What an empty store takes, in bytes.
    std::size_t empty_size() const noexcept {
        return sizeof *this +
               shards_.size() * (sizeof(shard) + (databases_ - 1) * sizeof(shard::database_part));
    }

    /// Notes that a key is used; `seconds` is the time now.
    void touch(entry& used, std::uint32_t seconds) noexcept {
        if (frequency_.counted.load(std::memory_order_relaxed)) [[unlikely]]
            return count_access(used, seconds);
        used.touch(seconds);
    }

private:
    void lock_slowly(shard& s);
    void count_access(entry& used, std::uint32_t seconds) noexcept;
    void announce_all(std::size_t database, std::optional<std::int64_t> unless_expired_at);
    void offer_all(std::size_t database, bool emptied, change_log& log);
    std::int64_t share_of(std::size_t database) noexcept;
    void clear_keys(std::size_t database, change_log* log);
    void forget_readers(const change_log* by) noexcept;
    void tell_listener(shard& s, std::string_view key, change_listener::reason why,
                       const change_log* by) noexcept;
    using shard_range = std::pair<std::size_t, std::size_t>; // the second is not in it

    void drop_broadcaster(shard_range of, bool locked) noexcept;
    void drop_left_over_broadcasters();
    bool purge_some(shard& s, std::size_t database, std::int64_t now_ms, purge_result& result,
                    change_log* log);
    void update_due(shard& s);

    memory_account memory_;
    std::atomic<std::int64_t> limit_{no_limit};
    frequency_rules frequency_;
    reclaimer reclaimer_; // frees what is left when the shards are gone
    std::vector<shard> shards_;
    unsigned shard_shift_;
    std::size_t databases_;
    std::atomic<std::size_t> purge_next_{0}; // the shard that the next purge begins with
    std::atomic<std::uint64_t> expired_keys_{0};
    std::atomic<int> long_holds_{0};
    std::atomic<std::size_t> read_keys_{0};
    std::atomic<std::size_t> readings_{0};
    std::mutex limiting_; // held by the one thread that forgets: two would forget too many
    change_listener* change_listener_ = nullptr;
    std::mutex left_over_mutex_;
    std::vector<shard_range> left_over_broadcasters_; // guarded by left_over_mutex_
    compact_limits limits_;
};

/// Holds the lock of one shard until it is destroyed.
class shard_lock {
public:
    shard_lock(sharded_store& store, shard& home) : home_{home}, scope_{store.memory()} {
        store.lock(home);
    }

    ~shard_lock() { home_.mutex.unlock(); }

    shard_lock(const shard_lock&) = delete;
    shard_lock& operator=(const shard_lock&) = delete;

private:
    shard& home_;
    memory_scope scope_;
};

/// The numbers of the keys' shards, as they come.
std::vector<std::uint32_t> shards_of(const sharded_store& store, std::span<const hashed_key> keys);

/// Holds the locks of a request's shards, from the lowest to the highest, until it is destroyed.
class store_guard {
public:
    /// Of one key.
    store_guard(sharded_store& store, const hashed_key& key)
        : store_{&store},
          scope_{store.memory()},
          one_{&store.shard_of(key)} {
        store.lock(*one_);
    }

    /// Of several keys; none is fine.
    store_guard(sharded_store& store, std::span<const hashed_key> keys);

    /// Of shards by their numbers, in any order.
    store_guard(sharded_store& store, std::vector<std::uint32_t> shards);

    struct all_shards {};

    store_guard(sharded_store& store, all_shards);

    /// Of one shard by its number.
    store_guard(sharded_store& store, std::size_t shard_index)
        : store_{&store},
          scope_{store.memory()},
          one_{&store.shard_at(shard_index)} {
        store.lock(*one_);
    }

    store_guard(const store_guard&) = delete;
    store_guard& operator=(const store_guard&) = delete;

    ~store_guard() { unlock(); }

    /// Ends it before its time.
    void unlock() noexcept {
        if (one_ != nullptr)
            one_->mutex.unlock();
        else
            unlock_many();
        one_ = nullptr;
        all_ = false;
        many_.clear();
    }

    // More locks than it began with, for a script (commands/executor_scripts.cpp).

    /// Whether it is of all shards.
    bool all() const noexcept { return all_; }

    bool holds(std::size_t index) const noexcept;

    /// Whether to wait for this shard cannot end in a deadlock.
    bool may_lock(std::size_t index) const noexcept {
        return many_.empty() || index > many_.back();
    }

    /// Waits for a shard, for some time. False if that was not enough.
    bool try_add(std::size_t index);

    /// As try_add(), for all shards together.
    bool try_add_all();

    /// Gives its locks up and waits for those of all shards.
    void lock_all_anew();

    /// Whether somebody else had one of several locks, so that it took a while to get them.
    bool has_waited() const noexcept { return waited_; }

    /// The numbers of the shards, if it is one of several keys.
    const std::vector<std::uint32_t>& shards() const noexcept { return many_; }

private:
    void lock_all();
    void unlock_many() noexcept;

    sharded_store* store_;
    memory_scope scope_;
    shard* one_ = nullptr;
    bool all_ = false;
    bool waited_ = false;
    std::vector<std::uint32_t> many_;
};

} // namespace mini_redis
