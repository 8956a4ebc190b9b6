#include "store/evictor.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/access_frequency.hpp"

namespace mini_redis {
namespace {

using enum eviction_policy;

constexpr std::size_t pool_size = 16;
constexpr std::size_t most_samples = 64;
constexpr unsigned choices_between_looks = 4096; // at the sizes of all tables
// Below the score proper: of those that are alike, chance decides, not where they stand.
constexpr unsigned tie_bits = 16;
constexpr std::int64_t latest_expiry = std::int64_t{1} << 47; // Unix ms; what is later is alike

} // namespace

void evictor::set_policy(eviction_policy policy) noexcept {
    policy_.store(policy, std::memory_order_relaxed);
    store_->frequency().counted.store(policy == allkeys_lfu || policy == volatile_lfu,
                                      std::memory_order_relaxed);
}

bool evictor::takes_volatile_only() const noexcept {
    return pooled_ == volatile_lru || pooled_ == volatile_lfu || pooled_ == volatile_random ||
           pooled_ == volatile_ttl;
}

std::uint64_t evictor::next_random() noexcept {
    std::uint64_t mixed = random_ += 0x9e3779b97f4a7c15; // SplitMix64
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

evictor::outcome evictor::make_room(std::uint32_t seconds, std::chrono::microseconds budget,
                                    change_log* log) {
    const auto deadline = std::chrono::steady_clock::now() + budget;
    const std::lock_guard lock{mutex_};
    if (policy() != pooled_) {
        pooled_ = policy();
        pool_.clear();
    }
    constexpr unsigned between_looks = 16; // at the clock
    for (unsigned gone = 0; store_->is_above_limit(); ++gone) {
        if (gone % between_looks == between_looks - 1 &&
            std::chrono::steady_clock::now() >= deadline)
            return outcome::unfinished;
        if (pooled_ == noeviction || !evict_one(seconds, log)) return outcome::nothing_left;
    }
    return outcome::enough;
}

// How large the tables are is looked at without locks, now and then: it is as it was a moment ago.
void evictor::look_at_tables() {
    sizes_.assign(store_->databases(), {});
    for (std::size_t i = 0; i < store_->shard_count(); ++i) {
        for (std::size_t database = 0; database < sizes_.size(); ++database) {
            const std::size_t buckets = store_->shard_at(i).at(database).bucket_count();
            sizes_[database].all += buckets;
            sizes_[database].most = std::max(sizes_[database].most, buckets);
        }
    }
}

// A table, the more likely the more buckets it has: as those are what samples are made of, each key
// has the same chance. (Were all shards alike, those that happen to have few keys would lose them
// ever faster.)
evictor::table_place evictor::choose_table() {
    if (choices_++ % choices_between_looks == 0) look_at_tables();
    std::size_t all = 0;
    for (const table_sizes& each : sizes_)
        all += each.all;
    std::size_t database = 0;
    if (all != 0) {
        std::uint64_t draw = next_random() % all;
        for (; draw >= sizes_[database].all; ++database)
            draw -= sizes_[database].all;
    }
    constexpr int draws = 100;
    table_place chosen{0, database};
    for (int i = 0; i < draws; ++i) {
        const std::uint64_t random = next_random();
        chosen.shard = static_cast<std::size_t>(random >> 32) % store_->shard_count();
        const std::size_t buckets = store_->shard_at(chosen.shard).at(database).bucket_count();
        if (static_cast<std::uint32_t>(random) % std::max<std::size_t>(sizes_[database].most, 1) <
            buckets)
            break;
    }
    return chosen;
}

// Calls `visit(const entry&, index of its database)` for entries that may go, of one table, at
// least so many if it has them. False if there is none in all tables.
template <class Visit>
bool evictor::sample(std::size_t least, Visit&& visit) {
    const auto sample_table = [&](table_place from) {
        shard& home = store_->shard_at(from.shard);
        const shard_lock lock{*store_, home};
        return home.at(from.database)
                   .sample(next_random(), least, takes_volatile_only(),
                           [&](const entry& sampled) { visit(sampled, from.database); }) != 0;
    };
    constexpr int tries = 16;
    for (int i = 0; i < tries; ++i)
        if (sample_table(choose_table())) return true;
    for (std::size_t shard = 0; shard < store_->shard_count(); ++shard)
        for (std::size_t database = 0; database < store_->databases(); ++database)
            if (sample_table({shard, database})) return true;
    return false;
}

// False if there is no key that may go.
bool evictor::evict_one(std::uint32_t seconds, change_log* log) {
    if (pooled_ == allkeys_random || pooled_ == volatile_random) return evict_any(log);
    // What is in use has changed its score since it was sampled. If that happens again and again,
    // it does not matter which one goes.
    constexpr int tries = 8;
    for (int i = 0; i < tries; ++i) {
        if (!add_candidates(seconds) && pool_.empty()) return false;
        while (!pool_.empty()) {
            const candidate best = std::move(pool_.back());
            pool_.pop_back();
            if (evict(best, seconds, i + 1 == tries, log)) return true;
        }
    }
    return evict_any(log);
}

bool evictor::add_candidates(std::uint32_t seconds) {
    const auto wanted = static_cast<std::size_t>(
        std::clamp<std::int64_t>(samples.load(std::memory_order_relaxed), 1, most_samples));
    return sample(wanted, [&](const entry& sampled, std::size_t database) {
        const std::uint64_t score = score_of(sampled, seconds) << tie_bits;
        add_candidate(sampled, score | next_random() >> (64 - tie_bits), database);
    });
}

void evictor::add_candidate(const entry& sampled, std::uint64_t score, std::size_t database) {
    if (pool_.size() == pool_size && pool_.front().score >= score) return;
    const std::string_view name = sampled.key();
    const std::uint64_t hash = hash_key(name);
    for (const candidate& each : pool_)
        if (each.hash == hash && each.database == database && each.name == name) return;
    const auto place =
        std::lower_bound(pool_.begin(), pool_.end(), score,
                         [](const candidate& each, std::uint64_t s) { return each.score < s; });
    pool_.insert(place, candidate{score, hash, database, std::string{name}});
    if (pool_.size() > pool_size) pool_.erase(pool_.begin());
}

// Times are those of the last access or of the expiry, so that scores of different moments can be
// compared.
std::uint64_t evictor::score_of(const entry& one, std::uint32_t seconds) const noexcept {
    if (pooled_ == volatile_ttl)
        return static_cast<std::uint64_t>(
            std::clamp<std::int64_t>(latest_expiry - one.expire_at(), 0, latest_expiry));
    if (pooled_ == allkeys_lfu || pooled_ == volatile_lfu) {
        const access_frequency used{one.last_access(), seconds, store_->frequency()};
        return access_frequency::highest - used.counter();
    }
    const std::uint32_t idle = (seconds - one.last_access()) & 0xffffff;
    return std::numeric_limits<std::uint32_t>::max() - (seconds - idle);
}

// False if the key is not there any more or, unless `as_it_is` will do, has got a lower score.
bool evictor::evict(const candidate& which, std::uint32_t seconds, bool as_it_is, change_log* log) {
    const memory_scope freed{store_->memory()};
    entry_ptr doomed; // freed after the lock is given up, and at once: its memory is wanted
    const hashed_key key{which.name, which.hash};
    shard& home = store_->shard_of(key);
    const shard_lock lock{*store_, home};
    table& keys = home.at(which.database);
    table::slot* const place = keys.find(key.hash, key.name);
    if (place == nullptr) return false;
    const entry& found = *table::entry_of(*place);
    if (!as_it_is) {
        if (takes_volatile_only() && !found.has_expiry()) return false;
        if (score_of(found, seconds) < which.score >> tie_bits) return false;
    }
    if (on_evicted) on_evicted(which.database, key.name);
    evicted_keys_.fetch_add(1, std::memory_order_relaxed);
    doomed = keys.take(*place, key.hash);
    keys.shrink_if_sparse();
    if (home.listeners) store_->announce(home, which.database, key.name, nullptr, log);
    return true;
}

bool evictor::evict_any(change_log* log) {
    candidate chosen{};
    std::size_t seen = 0;
    sample(1, [&](const entry& sampled, std::size_t database) {
        if (next_random() % ++seen != 0) return; // each has the same chance
        chosen = {0, hash_key(sampled.key()), database, std::string{sampled.key()}};
    });
    return seen != 0 && evict(chosen, 0, true, log);
}

} // namespace mini_redis
