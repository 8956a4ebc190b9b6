// One database as a request sees it: look-ups that never show an expired key, and changes.
#pragma once

#include <cstdint>
#include <mini_redis/clock.hpp>
#include <optional>
#include <string_view>

#include "store/entry.hpp"
#include "store/sharded_store.hpp"

namespace mini_redis {

/// The time of one request: read when it is first asked for, then the same until restart().
class request_time {
public:
    explicit request_time(const clock& source) noexcept : source_{&source} {}

    std::int64_t now_ms() const noexcept {
        if (now_ms_ == unread) now_ms_ = source_->now_ms();
        return now_ms_;
    }

    /// To the microsecond, and read anew each time.
    std::int64_t now_us() const noexcept { return source_->now_us(); }

    void restart() noexcept { now_ms_ = unread; }

    /// The time in seconds as it was a little while ago, for entry::touch().
    std::uint32_t coarse_seconds() const noexcept { return coarse_seconds_; }

    void set_coarse_seconds(std::uint32_t seconds) noexcept { coarse_seconds_ = seconds; }

private:
    static constexpr std::int64_t unread = INT64_MIN;

    const clock* source_;
    mutable std::int64_t now_ms_ = unread;
    std::uint32_t coarse_seconds_ = 0;
};

/// Where a key was found. Valid until the next change of its shard.
class located {
public:
    located() = default;

    explicit operator bool() const noexcept { return slot_ != nullptr; }

    entry* operator->() const noexcept { return table::entry_of(*slot_); }

    entry& operator*() const noexcept { return *table::entry_of(*slot_); }

private:
    friend class database;

    explicit located(table::slot* slot) noexcept : slot_{slot} {}

    table::slot* slot_ = nullptr;
};

/// A view of one database.
///
/// *Thread safety*: every function wants the lock of its key's shard (store_guard), held by the
/// calling thread, for as long as what it returned is used.
class database {
public:
    /// What happens to keys that others wait for is noted in `log`, if there is one.
    database(sharded_store& store, std::size_t index, const request_time& time,
             change_log* log = nullptr) noexcept
        : store_{&store},
          index_{index},
          time_{&time},
          log_{log} {}

    std::size_t index() const noexcept { return index_; }

    /// The key's entry; nothing if it is absent or its time has come, in which case it is removed.
    located find(const hashed_key& key) noexcept {
        table& keys = keys_of(key);
        table::slot* const slot = keys.find(key.hash, key.name);
        if (slot == nullptr) return {};
        if (table::has_expiry(*slot) && table::entry_of(*slot)->expire_at() <= time_->now_ms())
            [[unlikely]] {
            remove_expired(key, keys, *slot);
            return {};
        }
        return located{slot};
    }

    /// Gives the key a string, whatever it held: `at` is what find() said of the key.
    void put_string(const hashed_key& key, located at, std::string_view value,
                    std::optional<std::int64_t> expire_at,
                    string_encoding encoding = string_encoding::automatic);

    /// Puts an entry, which has the key's name, in the place of what the key held.
    void put(const hashed_key& key, located at, entry_ptr added);

    /// As put(), for a key that is made anew: who is told of new keys is told of it also where it
    /// replaces another.
    void put_anew(const hashed_key& key, entry_ptr added);

    /// Moves what is at `from` to `to` in `target`, whatever is there, with its expiry. If memory
    /// runs out, it stays where it is.
    void relocate(const hashed_key& from, database& target, const hashed_key& to);

    /// Changes the bytes of the string or compact collection at `at`: `inserted`, which are not its
    /// own, in the place of `erased` bytes from `offset` on. Where that are not more, it cannot
    /// fail: what takes things away works also when memory has run out.
    void splice(const hashed_key& key, located at, std::size_t offset, std::size_t erased,
                std::string_view inserted);

    /// As splice() for a packed collection that has `count` elements afterwards.
    void splice_packed(const hashed_key& key, located at, std::size_t offset, std::size_t erased,
                       std::string_view inserted, std::size_t count);

    /// Says that the value at the key has been changed where it stands. Every other function here
    /// that changes something says so itself.
    void changed(const hashed_key& key, const entry* holds) {
        if (log_ != nullptr) log_->count_change(key.hash);
        shard& home = store_->shard_of(key);
        if (home.listeners) [[unlikely]]
            store_->announce(home, index_, key.name, holds, log_);
    }

    /// Lets those who wait for the key look at its value, though that has not changed: for what
    /// they wait has.
    void offer(const hashed_key& key, const entry& holds) {
        shard& home = store_->shard_of(key);
        if (home.listeners && log_ != nullptr) [[unlikely]]
            sharded_store::offer(home, index_, key.name, &holds, *log_);
    }

    /// Notes that the key is used.
    void touch(entry& used) const noexcept { store_->touch(used, time_->coarse_seconds()); }

    const compact_limits& limits() const noexcept { return store_->limits(); }

    /// Removes the key at `at`, and frees it.
    void erase(const hashed_key& key, located at);

    /// Removes the key at `at`, and hands it over.
    entry_ptr extract(const hashed_key& key, located at);

    /// Sets, changes or (with nothing) removes the expiry of the key at `at`. The time may be past:
    /// then the key is gone for the next find().
    void set_expiry(const hashed_key& key, located at, std::optional<std::int64_t> expire_at);

private:
    table& keys_of(const hashed_key& key) const noexcept {
        return store_->shard_of(key).at(index_);
    }

    void mark_new(entry& added, located old) const noexcept;

    void announce_new(const hashed_key& key) {
        if (log_ != nullptr && log_->on_created) [[unlikely]]
            log_->on_created(index_, key.name);
    }

    void remove_expired(const hashed_key& key, table& keys, table::slot& slot) noexcept;

    sharded_store* store_;
    std::size_t index_;
    const request_time* time_;
    change_log* log_;
};

} // namespace mini_redis
