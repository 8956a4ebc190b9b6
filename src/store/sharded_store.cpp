#include "store/sharded_store.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <thread>
#include <utility>

namespace mini_redis {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// One lock is held for this many buckets at a time: some ten microseconds.
constexpr std::uint32_t purge_step = 32;

// So long a script waits for a further shard: shortly where that may be in a circle.
constexpr std::chrono::milliseconds ordered_patience{5000};
constexpr std::chrono::milliseconds unordered_patience{100};

thread_local bool gives_way = false;

} // namespace

sharded_store::sharded_store(std::size_t shards, std::size_t databases)
    : reclaimer_{memory_},
      shards_(std::bit_ceil(std::max<std::size_t>(shards, 1))),
      shard_shift_{32U - static_cast<unsigned>(std::countr_zero(shards_.size()))},
      databases_{std::max<std::size_t>(databases, 1)} {
    for (shard& s : shards_) {
        s.first_purging_.not_before = never;
        if (databases_ == 1) continue;
        s.others_ = std::make_unique<shard::database_part[]>(databases_ - 1);
        for (std::size_t i = 0; i + 1 < databases_; ++i)
            s.others_[i].purging.not_before = never;
    }
}

void sharded_store::let_this_thread_give_way() noexcept {
    gives_way = true;
}

// A thread that gives way looks up now and then, because the hold may become a long one meanwhile.
void sharded_store::lock_slowly(shard& s) {
    if (!gives_way) return s.mutex.lock();
    constexpr int short_tries = 50;
    for (int tries = 0;; ++tries) {
        if (is_held_long()) throw server_busy{};
        if (s.mutex.try_lock()) return;
        if (tries < short_tries)
            std::this_thread::yield();
        else
            std::this_thread::sleep_for(std::chrono::microseconds{50});
    }
}

void sharded_store::count_access(entry& used, std::uint32_t seconds) noexcept {
    thread_local std::uint64_t random = reinterpret_cast<std::uintptr_t>(&random);
    random = random * 6364136223846793005U + 1442695040888963407U; // Knuth's
    const access_frequency frequency{used.last_access(), seconds, frequency_};
    used.touch(frequency.after_access(static_cast<std::uint32_t>(random >> 32), frequency_));
}

std::size_t sharded_store::size(std::size_t database) noexcept {
    std::size_t total = 0;
    for (shard& s : shards_)
        total += s.at(database).size();
    return total;
}

std::size_t sharded_store::expiring(std::size_t database) noexcept {
    std::size_t total = 0;
    for (shard& s : shards_)
        total += s.at(database).expiring();
    return total;
}

void sharded_store::announce(shard& s, std::size_t database, std::string_view key,
                             const entry* holds, change_log* log) {
    shard_listeners& all = *s.listeners;
    const key_place_view place{database, key};
    if (const auto found = all.watches.find(place); found != all.watches.end())
        for (const std::shared_ptr<watch>& each : found->second)
            each->break_it();
    if (change_listener_ != nullptr) tell_listener(s, key, change_listener::reason::changed, log);
    if (log != nullptr) offer(s, database, key, holds, *log);
    drop_listeners_if_unused(s); // those of a key that was read are gone with it
}

void sharded_store::offer(shard& s, std::size_t database, std::string_view key, const entry* holds,
                          change_log& log) {
    const shard_listeners& all = *s.listeners;
    const auto waiting = all.waiters.find(key_place_view{database, key});
    if (waiting == all.waiters.end()) return;
    const bool serves = holds != nullptr && holds->type() != value_type::string;
    const auto minds = [](const std::shared_ptr<waiter>& each) { return each->told_of_loss; };
    if (!serves && std::none_of(waiting->second.begin(), waiting->second.end(), minds)) return;
    change_log::ready_key ready{{database, std::string{key}}, !serves};
    if (std::find(log.ready.begin(), log.ready.end(), ready) == log.ready.end())
        log.ready.push_back(std::move(ready));
}

// Those who watch a key that is about to go or has come, with the others of its database.
void sharded_store::announce_all(std::size_t database,
                                 std::optional<std::int64_t> unless_expired_at) {
    for (shard& s : shards_) {
        if (!s.listeners) continue;
        for (const auto& [place, watches] : s.listeners->watches) {
            if (place.first != database) continue;
            table::slot* const found = s.at(database).find(hash_key(place.second), place.second);
            if (found == nullptr) continue;
            const entry& holds = *table::entry_of(*found);
            if (unless_expired_at && holds.has_expiry() &&
                holds.expire_at() <= *unless_expired_at) {
                // It goes now: found later, it would count as a change.
                if (on_expired) on_expired(database, place.second);
                discard(s.at(database).take(*found, hash_key(place.second)));
                count_expired(1);
                continue;
            }
            for (const std::shared_ptr<watch>& each : watches)
                each->break_it();
        }
    }
}

// Lets those who wait for a key of the database look at what it holds now; nothing, if it is about
// to be emptied.
void sharded_store::offer_all(std::size_t database, bool emptied, change_log& log) {
    for (shard& s : shards_) {
        if (!s.listeners) continue;
        for (const auto& [place, waiters] : s.listeners->waiters) {
            if (place.first != database) continue;
            table::slot* const found =
                emptied ? nullptr : s.at(database).find(hash_key(place.second), place.second);
            offer(s, database, place.second, found != nullptr ? table::entry_of(*found) : nullptr,
                  log);
        }
    }
}

// About what the keys of a database take: all take much the same. The caller holds all locks.
std::int64_t sharded_store::share_of(std::size_t database) noexcept {
    std::size_t its_keys = 0;
    std::size_t keys = 0;
    for (shard& s : shards_)
        for (std::size_t i = 0; i < databases_; ++i) {
            keys += s.at(i).size();
            if (i == database) its_keys += s.at(i).size();
        }
    if (its_keys == 0) return 0;
    const std::int64_t live =
        std::max<std::int64_t>(0, memory_.bytes() - reclaimer_.pending_bytes());
    return static_cast<std::int64_t>(static_cast<double>(live) * static_cast<double>(its_keys) /
                                     static_cast<double>(keys));
}

void sharded_store::clear_keys(std::size_t database, change_log* log) {
    announce_all(database, std::nullopt);
    if (log != nullptr) offer_all(database, true, *log);
    const std::int64_t bytes = share_of(database);
    std::vector<table> doomed;
    doomed.reserve(shards_.size());
    for (shard& s : shards_) {
        s.purging(database) = {never, never, 0, 0};
        if (log != nullptr) log->changes += s.at(database).size();
        if (s.at(database).bucket_count() != 0) doomed.push_back(std::move(s.at(database)));
    }
    if (!doomed.empty()) reclaimer_.discard(std::move(doomed), bytes);
}

void sharded_store::clear(std::size_t database, change_log* log) {
    forget_readers(log); // first: this cannot fail
    clear_keys(database, log);
}

void sharded_store::clear_all(change_log* log) {
    forget_readers(log);
    for (std::size_t database = 0; database < databases_; ++database)
        clear_keys(database, log);
}

void sharded_store::swap_databases(std::size_t left, std::size_t right, std::int64_t now_ms,
                                   change_log* log) {
    if (left == right) return;
    announce_all(left, std::nullopt);
    announce_all(right, std::nullopt);
    for (shard& s : shards_) {
        s.at(left).swap(s.at(right));
        std::swap(s.purging(left), s.purging(right));
    }
    // A key that has expired takes the place of none: nothing has changed.
    announce_all(left, now_ms);
    announce_all(right, now_ms);
    if (log == nullptr) return;
    ++log->changes;
    offer_all(left, false, *log);
    offer_all(right, false, *log);
}

void sharded_store::discard(entry_ptr doomed) {
    if (doomed && doomed->is_slow_to_free()) reclaimer_.discard(std::move(doomed));
}

sharded_store::purge_result
sharded_store::purge(std::int64_t now_ms, std::chrono::microseconds budget, change_log* log) {
    const auto deadline = std::chrono::steady_clock::now() + budget;
    purge_result result;
    drop_left_over_broadcasters();
    for (std::size_t visited = 0; visited < shards_.size(); ++visited) {
        shard& s = shards_[purge_next_.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
        if (s.due.load(std::memory_order_relaxed) > now_ms) continue;
        for (std::size_t database = 0; database < databases_; ++database)
            while (purge_some(s, database, now_ms, result, log))
                if (std::chrono::steady_clock::now() >= deadline) return result;
        update_due(s);
    }
    result.finished = true;
    return result;
}

// True if this table has more to do now.
bool sharded_store::purge_some(shard& s, std::size_t database, std::int64_t now_ms,
                               purge_result& result, change_log* log) {
    const shard_lock lock{*this, s};
    table& keys = s.at(database);
    shard::purge_state& state = s.purging(database);
    if (keys.expiring() == 0) {
        state = {never, never, 0, 0};
        return false;
    }
    const bool moved = state.position != 0 && state.layout != keys.layout();
    if (state.position == 0 || moved) {
        if (!moved && state.not_before > now_ms) return false;
        // A pass begins. What gets an expiry meanwhile lowers not_before again.
        state = {never, never, 0, keys.layout()};
    }

    std::size_t removed = 0;
    state.position = keys.visit_expiring(state.position, purge_step, [&](table::slot& place) {
        ++result.examined;
        const entry& candidate = *table::entry_of(place);
        if (candidate.expire_at() > now_ms) {
            state.seen = std::min(state.seen, candidate.expire_at());
            return;
        }
        if (on_expired) on_expired(database, candidate.key());
        if (s.listeners) announce(s, database, candidate.key(), nullptr, log);
        discard(keys.take(place, hash_key(candidate.key())));
        ++removed;
    });
    result.removed += removed;
    count_expired(removed);
    if (state.position != 0) return true;
    state.not_before = std::min(state.not_before, state.seen);
    keys.shrink_if_sparse();
    return state.not_before <= now_ms; // what the pass left standing, earlier, may be due by now
}

void sharded_store::update_due(shard& s) {
    const shard_lock lock{*this, s};
    std::int64_t due = never;
    for (std::size_t database = 0; database < databases_; ++database) {
        const shard::purge_state& state = s.purging(database);
        due = std::min(due, state.position != 0 ? 0 : state.not_before); // another's pass goes on
    }
    s.due.store(due, std::memory_order_relaxed);
}

std::vector<std::uint32_t> shards_of(const sharded_store& store, std::span<const hashed_key> keys) {
    std::vector<std::uint32_t> shards;
    shards.reserve(keys.size());
    for (const hashed_key& key : keys)
        shards.push_back(static_cast<std::uint32_t>(store.shard_index(key.hash)));
    return shards;
}

store_guard::store_guard(sharded_store& store, std::span<const hashed_key> keys)
    : store_guard{store, shards_of(store, keys)} {}

store_guard::store_guard(sharded_store& store, std::vector<std::uint32_t> shards)
    : store_{&store},
      scope_{store.memory()},
      many_{std::move(shards)} {
    std::sort(many_.begin(), many_.end());
    many_.erase(std::unique(many_.begin(), many_.end()), many_.end());
    for (std::size_t locked = 0; locked < many_.size(); ++locked) {
        try {
            waited_ |= store.lock(store.shard_at(many_[locked]));
        } catch (const server_busy&) {
            many_.resize(locked);
            unlock_many();
            throw;
        }
    }
}

store_guard::store_guard(sharded_store& store, all_shards)
    : store_{&store},
      scope_{store.memory()} {
    lock_all();
}

bool store_guard::holds(std::size_t index) const noexcept {
    return all_ ||
           std::binary_search(many_.begin(), many_.end(), static_cast<std::uint32_t>(index));
}

bool store_guard::try_add(std::size_t index) {
    const auto patience = may_lock(index) ? ordered_patience : unordered_patience;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const auto place =
        std::lower_bound(many_.begin(), many_.end(), static_cast<std::uint32_t>(index));
    const auto added = many_.insert(place, static_cast<std::uint32_t>(index));
    while (!store_->shard_at(index).mutex.try_lock()) {
        if (std::chrono::steady_clock::now() >= deadline) {
            many_.erase(added);
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

bool store_guard::try_add_all() {
    const std::size_t held = many_.size();
    std::vector<std::uint32_t> added;
    added.reserve(store_->shard_count() - held);
    many_.reserve(store_->shard_count());
    for (std::size_t i = 0; i < store_->shard_count(); ++i) {
        if (holds(i)) continue;
        if (!try_add(i)) {
            for (const std::uint32_t index : added) {
                store_->shard_at(index).mutex.unlock();
                std::erase(many_, index);
            }
            return false;
        }
        added.push_back(static_cast<std::uint32_t>(i));
    }
    many_.clear();
    all_ = true;
    return true;
}

void store_guard::lock_all_anew() {
    unlock();
    lock_all();
}

void store_guard::lock_all() {
    for (std::size_t i = 0; i < store_->shard_count(); ++i) {
        try {
            waited_ |= store_->lock(store_->shard_at(i));
        } catch (const server_busy&) {
            while (i-- > 0)
                store_->shard_at(i).mutex.unlock();
            throw;
        }
    }
    all_ = true;
}

void store_guard::unlock_many() noexcept {
    if (all_) {
        for (std::size_t i = 0; i < store_->shard_count(); ++i)
            store_->shard_at(i).mutex.unlock();
        return;
    }
    for (const std::uint32_t index : many_)
        store_->shard_at(index).mutex.unlock();
}

} // namespace mini_redis
