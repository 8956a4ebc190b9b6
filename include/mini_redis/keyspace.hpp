// The key-value store by itself: a thread-safe cache with expiry, without any network.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mini_redis/clock.hpp>
#include <mini_redis/eviction_policy.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mini_redis {

class evictor;
class sharded_store;

/// Keys and values are bytes. The first database (0) is what these functions work on, as a
/// connection does before SELECT.
///
/// *Thread safety*: every function may be called from any thread; each is one atomic step.
///
///     mini_redis::keyspace cache;
///     cache.set("session:1", "Ada", std::chrono::minutes{30});
///     std::optional<std::string> name = cache.get("session:1");
class keyspace {
public:
    struct options {
        std::size_t shards = 1024; ///< rounded up to a power of two; each has its own mutex
        std::size_t databases = 16;
        const clock* time = nullptr; ///< null: the machine's clock; must outlive the keyspace
        std::size_t max_memory = 0;  ///< bytes that keys and values may take; 0: no limit
        /// Which keys go when there are more. With noeviction the limit is none for these
        /// functions.
        eviction_policy eviction = eviction_policy::allkeys_lru;
    };

    keyspace();
    explicit keyspace(const options& chosen);
    ~keyspace();

    keyspace(const keyspace&) = delete;
    keyspace& operator=(const keyspace&) = delete;

    /// The string at the key; nothing if it is absent or has expired (GET).
    std::optional<std::string> get(std::string_view key);

    /// Stores the string, for at most `ttl` if given, else without end (SET, SET PX). A `ttl` of
    /// zero or less removes the key.
    void set(std::string_view key, std::string_view value,
             std::optional<std::chrono::milliseconds> ttl = {});

    /// As set() if the key is absent; returns whether it was (SET NX).
    bool set_if_absent(std::string_view key, std::string_view value,
                       std::optional<std::chrono::milliseconds> ttl = {});

    /// Removes the key; returns whether it was there (DEL).
    bool erase(std::string_view key);

    bool contains(std::string_view key);

    /// Lets the key expire that long from now; false if it is absent (PEXPIRE).
    bool expire(std::string_view key, std::chrono::milliseconds ttl);

    /// Lets the key live without end; false if it is absent or had no expiry (PERSIST).
    bool persist(std::string_view key);

    /// The time that the key has left; nothing if it is absent or has no expiry (PTTL).
    std::optional<std::chrono::milliseconds> ttl(std::string_view key);

    /// How many keys there are, expired ones that were not yet reclaimed included (DBSIZE).
    std::size_t size();

    /// Removes all keys of all databases; their memory is freed in the background (FLUSHALL).
    void clear();

    /// Reclaims keys whose time has come, for about `budget`, holding each lock for microseconds
    /// only; returns how many. A server calls this by itself; expired keys are never readable
    /// whether it is called or not.
    std::size_t purge(std::chrono::microseconds budget = std::chrono::milliseconds{1});

    /// Calls `visit` for each key that is there from start to end, in no order, shard by shard;
    /// `visit` must not call the keyspace.
    void for_each(const std::function<void(std::string_view key, std::string_view value)>& visit);

    /// The clock it was made with.
    const clock& time() const noexcept;

    /// The store underneath, for the server's commands; not part of the promised interface.
    sharded_store& store() noexcept;
    evictor& eviction() noexcept; ///< likewise

private:
    void keep_within_limit();

    const clock* time_;
    std::unique_ptr<sharded_store> store_;
    std::unique_ptr<evictor> evictor_;
};

} // namespace mini_redis
