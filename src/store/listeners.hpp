// Who waits for what happens to a shard's keys: transactions that watch them, clients that are
// blocked until there is something to take, and clients that keep copies of what they have read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/entry.hpp"
#include "store/reader_table.hpp"

namespace mini_redis {

/// A key of one database, by its name.
using key_place = std::pair<std::size_t, std::string>;

/// As key_place, for look-ups.
using key_place_view = std::pair<std::size_t, std::string_view>;

/// Set when a watched key changes (WATCH). Those who watch share it with the shards of their keys.
class watch {
public:
    bool broken() const noexcept { return broken_.load(std::memory_order_relaxed); }

    void break_it() noexcept { broken_.store(true, std::memory_order_relaxed); }

private:
    std::atomic<bool> broken_{false};
};

/// Somebody blocked on keys; what that means is the commands' affair.
class waiter {
public:
    virtual ~waiter() = default;

    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    /// The hashes of keys, other than those it waits on, whose locks whoever serves it must hold.
    std::vector<std::uint64_t> also_needs;
    /// Whether it is to be told also when its key holds nothing any more, or something else.
    bool told_of_loss = false;

protected:
    waiter() = default;
};

/// The listeners of one shard.
///
/// *Thread safety*: the shard's mutex guards it.
struct shard_listeners {
    struct less {
        using is_transparent = void;

        bool operator()(key_place_view a, key_place_view b) const noexcept { return a < b; }
    };

    template <class Value>
    using map_by_key = std::map<key_place, Value, less>;

    map_by_key<std::vector<std::shared_ptr<watch>>> watches;
    /// In the order in which they came.
    map_by_key<std::deque<std::shared_ptr<waiter>>> waiters;
    /// What the waiters of a key need besides (waiter::also_needs), by the hash of that key in
    /// whatever database, and how many of them need it. At least that of all that stand in
    /// `waiters`.
    std::unordered_map<std::uint64_t, std::map<std::uint64_t, std::size_t>> needs;
    reader_table readers;
    /// How many clients want to be told of every change; the same in all shards.
    std::size_t broadcasters = 0;

    void add_needs(std::uint64_t awaited, const waiter& of) {
        for (const std::uint64_t needed : of.also_needs)
            ++needs[awaited][needed];
    }

    void drop_needs(std::uint64_t awaited, const waiter& of) noexcept {
        const auto all = needs.find(awaited);
        if (all == needs.end()) return;
        for (const std::uint64_t needed : of.also_needs)
            if (const auto found = all->second.find(needed);
                found != all->second.end() && --found->second == 0)
                all->second.erase(found);
        if (all->second.empty()) needs.erase(all);
    }

    bool empty() const noexcept {
        return watches.empty() && waiters.empty() && readers.empty() && broadcasters == 0;
    }
};

/// What one request has done to keys that others wait for: kept until the request is done, as they
/// are served after it.
struct change_log {
    std::uint64_t client = 0; ///< whose request it is

    std::uint64_t changes = 0;     ///< how many changes there were; of the same key in a row: one
    std::uint64_t changed_key = 0; ///< the last one's hash

    void count_change(std::uint64_t hash) noexcept {
        changes += hash != changed_key ? 1 : 0;
        changed_key = hash;
    }

    struct ready_key {
        key_place place;
        bool lost = false; ///< only for those who are told of loss
        bool operator==(const ready_key&) const = default;
    };

    std::vector<ready_key> ready; ///< in the order in which they got something

    /// Told of each key that comes into being, if anybody wants to know.
    std::function<void(std::size_t database, std::string_view key)> on_created;
};

} // namespace mini_redis
