#include "store/table.hpp"

#include <new>

#include "store/counted_memory.hpp"

namespace mini_redis {

// The numbers that come one after the other lie far apart, and evenly.
std::uint16_t table::another_factor() noexcept {
    static std::atomic<std::uint32_t> drawn{0};
    return static_cast<std::uint16_t>(drawn.fetch_add(40'502, std::memory_order_relaxed) | 1);
}

table::bucket* table::allocate(std::uint32_t count) {
    auto* made = static_cast<bucket*>(
        ::operator new(count * sizeof(bucket), std::align_val_t{alignof(bucket)}));
    counted::bytes += static_cast<std::int64_t>(count * sizeof(bucket));
    for (std::uint32_t i = 0; i < count; ++i) {
        std::memset(made[i].tag, 0, bucket::width);
        made[i].spilled = 0;
    }
    return made;
}

void table::deallocate(bucket* old, std::uint32_t count) noexcept {
    counted::bytes -= static_cast<std::int64_t>(count * sizeof(bucket));
    ::operator delete(old, std::align_val_t{alignof(bucket)});
}

table::~table() {
    for (std::uint32_t at = 0; at < bucket_count(); ++at) {
        prefetch_entries(buckets(), at + ahead, bucket_count());
        for (std::size_t i = 0; i < bucket::width; ++i)
            if (buckets()[at].tag[i] != 0) entry_deleter{}(entry_of(buckets()[at].slots[i]));
    }
    deallocate(buckets(), bucket_count());
}

table::slot* table::place(std::uint64_t hash, slot value) noexcept {
    std::uint32_t at = home(hash);
    while (true) {
        bucket& b = buckets()[at];
        for (std::size_t i = 0; i < bucket::width; ++i) {
            if (b.tag[i] != 0) continue;
            b.tag[i] = tag_of(hash);
            b.slots[i] = value;
            return &b.slots[i];
        }
        if (b.spilled != 255) ++b.spilled;
        at = next(at);
    }
}

// Growing by half keeps between 57 % and 86 % of the slots in use.
//
// Tables that share the entries of one store, or of one large set, fill at the same pace. Lest they
// all grow in the same moment, each takes one step of a length of its own.
std::uint32_t table::next_bucket_count() const noexcept {
    constexpr std::uint32_t own_step = 26; // what the smallest grow to: 1, 2, 4, 7, 11, 17, 26
    const std::uint32_t count = bucket_count();
    const std::uint32_t grown = count + count / 2 + 1;
    if (count > own_step || grown <= own_step) return grown;
    return count + 1 + (count / 2 * factor() >> 16);
}

table::slot* table::insert(std::uint64_t hash, entry_ptr added) {
    make_room();
    entry* const e = added.release();
    ++size_;
    expiring_ += e->has_expiry();
    return place(hash, slot_of(e));
}

entry_ptr table::replace(slot& place, entry_ptr with) noexcept {
    entry_ptr old{entry_of(place)};
    expiring_ -= old->has_expiry();
    expiring_ += with->has_expiry();
    place = slot_of(with.release());
    return old;
}

void table::remake(slot& place, std::optional<std::int64_t> expire_at) {
    entry* const old = entry_of(place);
    place =
        slot_of(entry::remake(*old, old->key(), expire_at).release()); // may throw: it comes first
    expiring_ -= old->has_expiry();
    expiring_ += expire_at.has_value();
    entry_deleter{}(old);
}

entry_ptr table::take(slot& place, std::uint64_t hash) noexcept {
    entry_ptr taken{entry_of(place)};
    const auto bucket_index = static_cast<std::uint32_t>(
        (reinterpret_cast<std::uintptr_t>(&place) - reinterpret_cast<std::uintptr_t>(buckets())) /
        sizeof(bucket));
    bucket& b = buckets()[bucket_index];
    b.tag[&place - b.slots] = 0;
    for (std::uint32_t at = home(hash); at != bucket_index; at = next(at))
        if (buckets()[at].spilled != 255) --buckets()[at].spilled;
    --size_;
    expiring_ -= taken->has_expiry();
    return taken;
}

void table::resize(std::uint32_t wanted) {
    bucket* const old = buckets();
    const std::uint32_t old_count = bucket_count();
    buckets_ = allocate(wanted);
    bucket_count_ = wanted;
    ++layout_;
    for (std::uint32_t at = 0; at < old_count; ++at) {
        prefetch_entries(old, at + ahead, old_count);
        for (std::size_t i = 0; i < bucket::width; ++i)
            if (old[at].tag[i] != 0)
                place(hash_key(entry_of(old[at].slots[i])->key()), old[at].slots[i]);
    }
    deallocate(old, old_count);
}

void table::shrink_if_sparse() noexcept {
    if (bucket_count() == 0 || size_ * 8 > bucket_count() * bucket::width) return;
    if (size_ == 0) {
        deallocate(buckets_.exchange(nullptr), bucket_count());
        bucket_count_ = 0;
        ++layout_;
        return;
    }
    const std::uint32_t wanted = size_ / 4 + 1;
    if (wanted * 2 > bucket_count()) return; // small tables: not worth the move
    try {
        resize(wanted);
    } catch (const std::bad_alloc&) {
        // Then it stays as large as it is.
    }
}

entry* table::pick(std::uint64_t random) const noexcept {
    if (size_ == 0) return nullptr;
    // A bucket by one half of the number, the slot to begin with by the other. A free slot is
    // answered by another draw, not by its neighbour, which would favour the neighbour.
    for (int draw = 0; draw < 128; ++draw) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const bucket& b = buckets()[bucket_at(static_cast<std::uint32_t>(random >> 32))];
        const std::size_t i = (random >> 8) % bucket::width;
        if (b.tag[i] != 0) return entry_of(b.slots[i]);
    }
    for (std::uint32_t at = bucket_at(static_cast<std::uint32_t>(random >> 32));; at = next(at))
        for (std::size_t i = 0; i < bucket::width; ++i)
            if (buckets()[at].tag[i] != 0) return entry_of(buckets()[at].slots[i]);
}

} // namespace mini_redis
