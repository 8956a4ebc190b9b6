// The hash table of one shard: buckets of one cache line, seven entries each.
//
// A bucket holds a one-byte tag per slot, so that a look-up reads one line and follows a pointer
// only where seven bits of the hash agree. A full bucket spills into the next one; `spilled` counts
// the entries that passed by, so a search knows where to stop and nothing is ever left as a
// tombstone.
//
// Buckets stand in the order of a position made of the hash: bucket = position * bucket_count /
// 2^32. A position means the same whatever the table's size, which is what SCAN's cursor is.
//
// Each table has an order of its own: the position is the hash times the table's factor. Otherwise
// what is walked out of one table and put into another would fill that from its beginning, where
// searches would run over hundreds of full buckets until it had grown to its size (SUNIONSTORE, or
// a client that adds what SMEMBERS gave it).
//
// Invariant: size_ <= 6 * bucket_count_; a slot's tag is 0 if and only if it is empty; the lowest
// bit of a slot says whether its entry has an expiry, and expiring_ counts those.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "store/entry.hpp"
#include "store/hash.hpp"

namespace mini_redis {

/// *Thread safety*: none; the shard's mutex guards it.
class table {
public:
    /// The address of an entry, with the expiry bit.
    using slot = std::uintptr_t;

    static entry* entry_of(slot value) noexcept {
        return reinterpret_cast<entry*>(value & ~expiry_bit);
    }

    static bool has_expiry(slot value) noexcept { return (value & expiry_bit) != 0; }

    table() noexcept : factor_{another_factor()} {}

    table(table&& other) noexcept : table{} { swap(other); }

    /// An empty table with the order of another one.
    static table ordered_as(const table& other) noexcept {
        table made;
        made.factor_.store(other.factor(), std::memory_order_relaxed);
        return made;
    }

    table& operator=(table&& other) noexcept {
        table moved{std::move(other)};
        swap(moved);
        return *this;
    }

    ~table();

    std::size_t size() const noexcept { return size_; }

    /// How many entries have an expiry.
    std::size_t expiring() const noexcept { return expiring_; }

    std::uint32_t bucket_count() const noexcept {
        return bucket_count_.load(std::memory_order_relaxed);
    }

    /// Another number whenever entries may have changed their buckets: a walk by bucket numbers
    /// that is interrupted knows by it that it must start again.
    std::uint16_t layout() const noexcept { return layout_; }

    std::size_t memory() const noexcept { return bucket_count() * sizeof(bucket); }

    /// The slot of the key, or null.
    slot* find(std::uint64_t hash, std::string_view key) const noexcept {
        if (bucket_count() == 0) return nullptr;
        const std::uint32_t first = home(hash);
        const std::uint8_t tag = tag_of(hash);
        for (std::uint32_t at = first;;) {
            bucket& b = buckets()[at];
            const std::uint64_t tags = b.tags();
            for (std::uint64_t hits = matches(tags, tag); hits != 0; hits &= hits - 1) {
                slot& candidate = b.slots[std::countr_zero(hits) / 8];
                if (entry_of(candidate)->key() == key) return &candidate;
            }
            if (b.spilled == 0) return nullptr;
            at = next(at);
            if (at == first) return nullptr;
        }
    }

    /// Asks the processor for the bucket where a search for the hash begins. The one function that
    /// needs no lock: at worst it fetches a line that is of no use.
    void prefetch_bucket(std::uint64_t hash) const noexcept {
        const bucket* const first = buckets_.load(std::memory_order_relaxed);
        const std::uint64_t count = bucket_count_.load(std::memory_order_relaxed);
        __builtin_prefetch(first + ((position_of(hash) * count) >> 32));
    }

    /// Asks the processor for the entries that a search for the hash will look at first.
    void prefetch_entry(std::uint64_t hash) const noexcept {
        if (bucket_count() == 0) return;
        const bucket& b = buckets()[home(hash)];
        for (std::uint64_t hits = matches(b.tags(), tag_of(hash)); hits != 0; hits &= hits - 1) {
            const auto* const candidate =
                reinterpret_cast<const char*>(entry_of(b.slots[std::countr_zero(hits) / 8]));
            __builtin_prefetch(candidate);
            __builtin_prefetch(candidate + 63); // a small entry lies across two lines
        }
    }

    /// Makes room for so many entries at once.
    void reserve(std::size_t entries) {
        const auto wanted = static_cast<std::uint32_t>(entries / max_per_bucket + 1);
        if (wanted > bucket_count()) resize(wanted);
    }

    /// Hands over every entry, `take(entry_ptr)`, and is empty then.
    template <class Take>
    void drain(Take&& take) {
        for (std::uint32_t at = 0; at < bucket_count(); ++at) {
            prefetch_entries(buckets(), at + ahead, bucket_count());
            for (std::size_t i = 0; i < bucket::width; ++i)
                if (std::exchange(buckets()[at].tag[i], std::uint8_t{0}) != 0)
                    take(entry_ptr{entry_of(buckets()[at].slots[i])});
        }
        size_ = expiring_ = 0;
        shrink_if_sparse();
    }

    /// Makes room for one more, so that insert() cannot fail. Moves what is there.
    void make_room() {
        if (size_ >= std::size_t{bucket_count()} * max_per_bucket) resize(next_bucket_count());
    }

    /// Takes the entry, whose key must not be in the table.
    slot* insert(std::uint64_t hash, entry_ptr added);

    /// Puts another entry with the same key in the place of the one there, which is returned.
    entry_ptr replace(slot& place, entry_ptr with) noexcept;

    /// Calls `visit(entry&)` for every entry whose hash position is in the bucket that holds
    /// `position`, and not before `position`. Returns the next bucket's first position, 2^32 after
    /// the last.
    template <class Visit>
    std::uint64_t visit_from(std::uint64_t position, Visit&& visit) const {
        if (bucket_count() == 0) return end_position;
        const std::uint32_t wanted = bucket_at(static_cast<std::uint32_t>(position));
        std::uint32_t at = wanted;
        while (true) {
            const bucket& b = buckets()[at];
            for (std::size_t i = 0; i < bucket::width; ++i) {
                if (b.tag[i] == 0) continue;
                entry& candidate = *entry_of(b.slots[i]);
                const std::uint32_t its = position_of(hash_key(candidate.key()));
                if (bucket_at(its) == wanted && its >= position) visit(candidate);
            }
            if (b.spilled == 0) break;
            at = next(at);
            if (at == wanted) break;
        }
        return first_position(wanted + 1);
    }

    /// Calls `visit(entry&)` for every entry until it returns false, and says whether it never did;
    /// it must not change the table. Faster than visit_from(): it hashes nothing, and asks for
    /// entries before it comes to them.
    template <class Visit>
    bool for_each_while(Visit&& visit) const {
        const bucket* const all = buckets();
        const std::uint32_t count = bucket_count();
        for (std::uint32_t at = 0; at < count; ++at) {
            prefetch_entries(all, at + ahead, count);
            for (std::size_t i = 0; i < bucket::width; ++i)
                if (all[at].tag[i] != 0 && !visit(*entry_of(all[at].slots[i]))) return false;
        }
        return true;
    }

    /// Calls `expired(slot&)` for up to `count` buckets from bucket `from` on, once for each slot
    /// whose entry has an expiry; it may take the entry out by take(). Returns where to go on, 0
    /// after the last bucket.
    template <class Visit>
    std::uint32_t visit_expiring(std::uint32_t from, std::uint32_t count, Visit&& visit) {
        const std::uint32_t end = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(std::uint64_t{from} + count, bucket_count()));
        for (std::uint32_t at = from; at < end; ++at)
            for (std::size_t i = 0; i < bucket::width; ++i)
                if (buckets()[at].tag[i] != 0 && has_expiry(buckets()[at].slots[i]))
                    visit(buckets()[at].slots[i]);
        return end >= bucket_count() ? 0 : end;
    }

    /// Gives the entry there another expiry, or none, which makes it anew around the same value.
    void remake(slot& place, std::optional<std::int64_t> expire_at);

    /// Takes the entry out; `hash` is its key's. Every other slot stays where it is.
    entry_ptr take(slot& place, std::uint64_t hash) noexcept;

    /// Gives memory back after many were taken; moves every slot if it does.
    void shrink_if_sparse() noexcept;

    /// Some entry, chosen by the random number; null if there is none. Every entry has a chance,
    /// nearly the same.
    entry* pick(std::uint64_t random) const noexcept;

    /// Calls `visit(const entry&)` for the entries of whole buckets, from a random one on, until
    /// there were at least so many; for those alone that have an expiry, if so wanted. Returns how
    /// many there were. With whole buckets each entry has the same chance: within one, new entries
    /// stand where the last one has gone.
    template <class Visit>
    std::size_t sample(std::uint64_t random, std::size_t least, bool with_expiry,
                       Visit&& visit) const {
        if ((with_expiry ? expiring_ : size_) == 0) return 0;
        std::size_t found = 0;
        std::uint32_t at = bucket_at(static_cast<std::uint32_t>(random));
        for (std::uint32_t seen = 0; seen < bucket_count() && found < least; ++seen) {
            const bucket& b = buckets()[at];
            prefetch_entries(buckets(), at, bucket_count());
            for (std::size_t i = 0; i < bucket::width; ++i) {
                if (b.tag[i] == 0 || (with_expiry && !has_expiry(b.slots[i]))) continue;
                visit(*entry_of(b.slots[i]));
                ++found;
            }
            at = next(at);
        }
        return found;
    }

    static constexpr std::uint64_t end_position = std::uint64_t{1} << 32;

    void swap(table& other) noexcept {
        buckets_.store(other.buckets_.exchange(buckets(), std::memory_order_relaxed),
                       std::memory_order_relaxed);
        bucket_count_.store(other.bucket_count_.exchange(bucket_count(), std::memory_order_relaxed),
                            std::memory_order_relaxed);
        std::swap(size_, other.size_);
        std::swap(expiring_, other.expiring_);
        std::swap(layout_, other.layout_);
        factor_.store(other.factor_.exchange(factor(), std::memory_order_relaxed),
                      std::memory_order_relaxed);
    }

    /// Where a key stands in the table's order. Of the hash, the bits above choose the shard and
    /// those below are the tag.
    std::uint32_t position_of(std::uint64_t hash) const noexcept {
        return static_cast<std::uint32_t>(hash >> 8) * (factor() * 0x9e3779b1U);
    }

private:
    static constexpr slot expiry_bit = 1;
    static constexpr std::size_t max_per_bucket = 6;

    struct alignas(64) bucket {
        static constexpr std::size_t width = 7;

        std::uint8_t tag[width];
        std::uint8_t spilled; // entries that passed by because this bucket was full; sticks at 255
        slot slots[width];

        std::uint64_t tags() const noexcept {
            std::uint64_t word;
            std::memcpy(&word, tag, sizeof word);
            if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
            return word;
        }
    };

    static_assert(sizeof(bucket) == 64);

    // Marks the byte 0x80 of every slot whose tag matches. A borrow can mark a slot above a true
    // match as well; the key comparison sorts that out.
    static std::uint64_t matches(std::uint64_t tags, std::uint8_t tag) noexcept {
        constexpr std::uint64_t ones = 0x0101010101010101;
        const std::uint64_t different = tags ^ (ones * tag);
        return (different - ones) & ~different & 0x0080808080808080;
    }

    static std::uint8_t tag_of(std::uint64_t hash) noexcept {
        return static_cast<std::uint8_t>(hash) | 0x80; // never 0: that is an empty slot
    }

    static slot slot_of(const entry* e) noexcept {
        return reinterpret_cast<slot>(e) | (e->has_expiry() ? expiry_bit : 0);
    }

    std::uint16_t factor() const noexcept { return factor_.load(std::memory_order_relaxed); }

    static std::uint16_t another_factor() noexcept;

    std::uint32_t bucket_at(std::uint32_t position) const noexcept {
        return static_cast<std::uint32_t>((std::uint64_t{position} * bucket_count()) >> 32);
    }

    std::uint32_t home(std::uint64_t hash) const noexcept { return bucket_at(position_of(hash)); }

    std::uint32_t next(std::uint32_t at) const noexcept {
        return at + 1 == bucket_count() ? 0 : at + 1;
    }

    std::uint64_t first_position(std::uint64_t bucket_index) const noexcept {
        return ((bucket_index << 32) + bucket_count() - 1) / bucket_count();
    }

    // Walks that read every entry ask for those so many buckets ahead.
    static constexpr std::uint32_t ahead = 3;

    static void prefetch_entries(const bucket* all, std::uint32_t at,
                                 std::uint32_t count) noexcept {
        if (at >= count) return;
        for (std::size_t i = 0; i < bucket::width; ++i) {
            if (all[at].tag[i] == 0) continue;
            const auto* const coming = reinterpret_cast<const char*>(entry_of(all[at].slots[i]));
            __builtin_prefetch(coming);
            __builtin_prefetch(coming + 31); // header and key may lie across two lines
        }
    }

    slot* place(std::uint64_t hash, slot value) noexcept;
    std::uint32_t next_bucket_count() const noexcept;
    void resize(std::uint32_t wanted);
    static bucket* allocate(std::uint32_t count);
    static void deallocate(bucket* old, std::uint32_t count) noexcept;

    bucket* buckets() const noexcept { return buckets_.load(std::memory_order_relaxed); }

    // Atomic for prefetch_bucket() alone; whoever holds the lock reads them as plain values.
    std::atomic<bucket*> buckets_{nullptr};
    std::atomic<std::uint32_t> bucket_count_{0};
    std::uint32_t size_ = 0;
    std::uint32_t expiring_ = 0;
    std::uint16_t layout_ = 0;
    std::atomic<std::uint16_t> factor_; // odd: positions differ where the hash's bits do
};

} // namespace mini_redis
