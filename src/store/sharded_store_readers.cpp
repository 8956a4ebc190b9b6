// Clients that want to be told of changes: of keys that they have read, or of all.
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/sharded_store.hpp"

namespace mini_redis {

void sharded_store::add_reader(const hashed_key& key, std::uint64_t client) {
    shard& home = shard_of(key);
    reader_table& readers = ensure_listeners(home).readers;
    const reader_table::growth more = readers.add(key.name, client);
    if (more.key) read_keys_.fetch_add(1, std::memory_order_relaxed);
    if (!more.reader) return;
    readings_.fetch_add(1, std::memory_order_relaxed);
    if (reader_list* const all = readers.crowded(key.name)) [[unlikely]] {
        const std::size_t before = all->size();
        if (change_listener_ != nullptr) change_listener_->drop_gone(*all);
        readings_.fetch_sub(before - all->size(), std::memory_order_relaxed);
    }
}

void sharded_store::tell_listener(shard& s, std::string_view key, change_listener::reason why,
                                  const change_log* by) noexcept {
    shard_listeners& all = *s.listeners;
    if (all.broadcasters != 0 && why == change_listener::reason::changed)
        change_listener_->broadcast(key, by);
    if (all.readers.empty()) return;
    const reader_list readers = all.readers.take(key);
    if (readers.empty()) return;
    read_keys_.fetch_sub(1, std::memory_order_relaxed);
    readings_.fetch_sub(readers.size(), std::memory_order_relaxed);
    change_listener_->tell_readers(key, readers, why, by);
}

void sharded_store::limit_read_keys(std::size_t most, std::size_t at_once, std::uint64_t random,
                                    const change_log* by) {
    const std::unique_lock alone{limiting_, std::try_to_lock};
    if (!alone) return;
    for (; at_once != 0 && read_keys() > most; --at_once) {
        random = random * 6364136223846793005U + 1442695040888963407U; // Knuth's
        // Of a random shard, or the first behind it that has such keys.
        const auto first = static_cast<std::size_t>(random >> 33);
        for (std::size_t i = 0; i < shards_.size(); ++i) {
            shard& s = shards_[(first + i) % shards_.size()];
            const shard_lock lock{*this, s};
            if (!s.listeners || s.listeners->readers.empty()) continue;
            const std::string key{s.listeners->readers.some_key(random)};
            tell_listener(s, key, change_listener::reason::forgotten, by);
            drop_listeners_if_unused(s);
            break;
        }
    }
}

// The caller holds all locks.
void sharded_store::forget_readers(const change_log* by) noexcept {
    if (change_listener_ == nullptr) return;
    std::vector<reader_table> doomed;
    for (shard& s : shards_) {
        if (!s.listeners || s.listeners->readers.empty()) continue;
        reader_table forgotten = std::exchange(s.listeners->readers, {});
        drop_listeners_if_unused(s);
        try {
            doomed.push_back(std::move(forgotten));
        } catch (const std::bad_alloc&) { // it ends here and now
            continue;
        }
    }
    read_keys_.store(0, std::memory_order_relaxed);
    readings_.store(0, std::memory_order_relaxed);
    if (!doomed.empty()) reclaimer_.discard(std::move(doomed));
    change_listener_->tell_flushed(by);
}

void sharded_store::add_broadcaster(bool locked) {
    std::size_t done = 0;
    try {
        for (; done < shards_.size(); ++done) {
            std::optional<store_guard> guard;
            if (!locked) guard.emplace(*this, done);
            ++ensure_listeners(shards_[done]).broadcasters;
        }
    } catch (...) { // no memory, or no lock
        drop_broadcaster({0, done}, locked);
        throw;
    }
}

void sharded_store::remove_broadcaster(bool locked) noexcept {
    drop_broadcaster({0, shards_.size()}, locked);
}

// Where a shard is held for long, the rest is left to a later purge(): a broadcaster too many costs
// time, and nothing else.
void sharded_store::drop_broadcaster(shard_range of, bool locked) noexcept {
    try {
        for (; of.first != of.second; ++of.first) {
            std::optional<store_guard> guard;
            if (!locked) guard.emplace(*this, of.first);
            shard& s = shards_[of.first];
            --s.listeners->broadcasters;
            drop_listeners_if_unused(s);
        }
    } catch (const server_busy&) {
        try {
            const std::lock_guard lock{left_over_mutex_};
            left_over_broadcasters_.push_back(of);
        } catch (const std::bad_alloc&) {
            return;
        }
    }
}

void sharded_store::drop_left_over_broadcasters() {
    std::vector<shard_range> left_over;
    {
        const std::lock_guard lock{left_over_mutex_};
        left_over.swap(left_over_broadcasters_);
    }
    for (const shard_range& each : left_over)
        drop_broadcaster(each, false);
}

} // namespace mini_redis
