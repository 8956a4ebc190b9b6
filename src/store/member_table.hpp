// The members of a large set, the fields of a large hash: hash tables of entries that have no
// expiry.
//
// It is one table while it is small. A table that has grown to its limit is split in two by the
// next bit of the hash (extendible hashing), so that growing never moves more than one segment's
// entries, and nobody waits long for it. All segments fill at the same pace: their limits differ so
// that they are not split at the same time, but one after the other.
//
// The hash chooses by its top bits the segment, by others the place in the segment's table. A scan
// goes in that order, which splitting and growing keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "store/counted_memory.hpp"
#include "store/entry.hpp"
#include "store/hash.hpp"
#include "store/table.hpp"

namespace mini_redis {

/// *Thread safety*: none; the lock of its key's shard guards it.
class member_table : public collection {
public:
    /// With room for so many members, or a little more.
    explicit member_table(std::size_t expected = 0);
    ~member_table() override;

    std::size_t size() const noexcept override { return size_; }

    std::size_t memory() const noexcept override;
    std::unique_ptr<collection> clone() const override;

    /// Where a member was found; valid until the next change.
    using slot = table::slot;

    /// The member's place, or null.
    slot* find(const hashed_key& name) const noexcept {
        return segment_of(name.hash).members.find(name.hash, name.name);
    }

    bool contains(std::string_view name) const noexcept {
        return find(hashed_key{name}) != nullptr;
    }

    /// The member at a place.
    static entry& at(slot& place) noexcept { return *table::entry_of(place); }

    /// Adds a member that is not there yet; returns it.
    entry& insert(const hashed_key& name, entry_ptr added);

    /// Puts another entry of the same name in the place of the one there, which is returned.
    entry_ptr replace(slot& place, entry_ptr with) noexcept;

    /// Takes a member out.
    entry_ptr take(slot& place, const hashed_key& name) noexcept;

    /// Some member, each with the same chance, by a random number; there must be one.
    entry& pick(std::uint64_t random) const noexcept;

    /// Calls `visit(entry&)` for the members of one bucket, from where `cursor` says on, and
    /// returns the next cursor, 0 after the last. Starting from 0, whoever is there from the first
    /// call to the last is visited at least once, whatever comes and goes meanwhile (SSCAN, HSCAN).
    template <class Visit>
    std::uint64_t visit_from(std::uint64_t cursor, Visit&& visit) const {
        const auto prefix = static_cast<std::uint32_t>(cursor >> 32) & (prefix_count - 1);
        const segment& here = segment_at(prefix);
        const std::uint64_t position =
            here.members.visit_from(cursor & 0xffffffff, std::forward<Visit>(visit));
        if (position < table::end_position)
            return std::uint64_t{here.first_prefix()} << 32 | position;
        const std::uint32_t next = here.first_prefix() + here.prefixes();
        return next == prefix_count ? 0 : std::uint64_t{next} << 32;
    }

    /// Calls `visit(entry&)` for every member; it must not change the table.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for_each_while([&](entry& each) {
            visit(each);
            return true;
        });
    }

    /// The same until it returns false.
    template <class Visit>
    void for_each_while(Visit&& visit) const {
        for (std::uint32_t prefix = 0; prefix < prefix_count;) {
            const segment& each = segment_at(prefix);
            if (!each.members.for_each_while(visit)) return;
            prefix += each.prefixes();
        }
    }

    /// The most members that a segment has, and the fewest at which one is split in two.
    static constexpr std::size_t highest_segment_limit = 8'192;
    static constexpr std::size_t lowest_segment_limit = highest_segment_limit / 2;

private:
    static constexpr unsigned prefix_bits = 18; // of the hash: the deepest directory
    static constexpr std::uint32_t prefix_count = 1U << prefix_bits;

    struct segment : counted_new {
        table members;
        std::uint32_t number = 0; // the first `depth` bits of its members' hashes
        unsigned depth = 0;

        std::uint32_t prefixes() const noexcept { return 1U << (prefix_bits - depth); }

        std::uint32_t first_prefix() const noexcept { return number << (prefix_bits - depth); }

        // Up to `range`; those of one depth are spread evenly: multiples of the golden ratio.
        std::size_t its_share(std::size_t range) const noexcept {
            const std::uint32_t spread = (1U << depth | number) * 0x9e3779b1U;
            return static_cast<std::size_t>(std::uint64_t{range} * spread >> 32);
        }

        std::size_t limit() const noexcept {
            return lowest_segment_limit + its_share(highest_segment_limit - lowest_segment_limit);
        }
    };

    using directory = std::vector<segment*, counted_allocator<segment*>>;

    segment& segment_at(std::uint32_t prefix) const noexcept {
        return *directory_[prefix >> (prefix_bits - depth_)];
    }

    segment& segment_of(std::uint64_t hash) const noexcept {
        return segment_at(static_cast<std::uint32_t>(hash >> (64 - prefix_bits)));
    }

    template <class Visit>
    void for_each_segment(Visit&& visit) const {
        for (std::uint32_t prefix = 0; prefix < prefix_count;) {
            const segment& each = segment_at(prefix);
            visit(each);
            prefix += each.prefixes();
        }
    }

    void split(segment& full);

    // 2^depth_ pointers; a segment of less depth has several, and owns itself through none of them.
    directory directory_;
    unsigned depth_ = 0;
    std::size_t size_ = 0;
};

} // namespace mini_redis
