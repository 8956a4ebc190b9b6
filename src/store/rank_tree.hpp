// Members in the order of their scores: a B+-tree that also counts, so that a rank is found, and
// found by, in the time of a look-up.
//
// Leaves hold the items and are linked both ways. An inner node knows of each child its first item
// and how many items are below it. The tree does not own the members.
//
// Invariant: items ascend by score, then by the bytes of the member; what an inner node says of a
// child is exact; no node but an only leaf is empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "store/entry.hpp"

namespace mini_redis {

/// *Thread safety*: none; the lock of its key's shard guards it.
class rank_tree {
public:
    struct item {
        double score;
        entry* member;
    };

    static bool less(const item& a, const item& b) noexcept {
        if (a.score != b.score) return a.score < b.score;
        return a.member != b.member && a.member->key() < b.member->key();
    }

    rank_tree();
    ~rank_tree();

    rank_tree(const rank_tree&) = delete;
    rank_tree& operator=(const rank_tree&) = delete;

    std::size_t size() const noexcept { return size_; }

    /// Bytes of the nodes.
    std::size_t memory() const noexcept {
        return leaves_ * sizeof(leaf) + inner_nodes_ * sizeof(inner);
    }

    /// Adds an item that is not there.
    void insert(const item& added);

    /// Takes out an item that is there.
    void erase(const item& gone);

    /// Gives an item that is there another score.
    void move(const item& old, double score);

    /// The item with that rank, which must exist.
    item at(std::size_t rank) const noexcept {
        std::size_t left = rank;
        return leaf_at(left)->items[left];
    }

    /// How many items there are before the first for which `before(item)` is false. Whoever is in
    /// front of an item for which it holds has to agree.
    template <class Before>
    std::size_t count_while(Before&& before) const noexcept {
        std::size_t count = 0;
        const void* node = root_;
        for (unsigned level = height_; level > 0; --level) {
            const inner& here = *static_cast<const inner*>(node);
            const std::uint32_t child = here.last_child(before);
            for (std::uint32_t i = 0; i < child; ++i)
                count += here.sizes[i];
            node = here.children[child];
        }
        return count + static_cast<const leaf*>(node)->count_while(before);
    }

    /// The rank of an item that is there.
    std::size_t rank(const item& one) const noexcept {
        return count_while([&](const item& other) { return less(other, one); });
    }

    /// Calls `visit(const item&)` for `count` items, which there are, from a rank on.
    template <class Visit>
    void for_each(std::size_t first, std::size_t count, Visit&& visit) const {
        if (count == 0) return;
        const leaf* here = leaf_at(first);
        while (true) {
            const std::size_t end = std::min<std::size_t>(here->count, first + count);
            count -= end - first;
            for (; first < end; ++first) {
                // A member is somewhere in memory: it is asked for before it is looked at.
                if (first + ahead < here->count)
                    __builtin_prefetch(here->items[first + ahead].member);
                visit(here->items[first]);
            }
            if (count == 0) return;
            here = here->next;
            first = 0;
        }
    }

    /// The same downwards from a rank.
    template <class Visit>
    void for_each_backward(std::size_t first, std::size_t count, Visit&& visit) const {
        if (count == 0) return;
        const leaf* here = leaf_at(first);
        while (true) {
            for (;; --first) {
                if (first >= ahead) __builtin_prefetch(here->items[first - ahead].member);
                visit(here->items[first]);
                if (--count == 0) return;
                if (first == 0) break;
            }
            here = here->previous;
            first = here->count - 1;
        }
    }

private:
    // A leaf fills a block of 1 KiB together with what the allocator adds.
    static constexpr std::uint32_t leaf_width = 62;
    static constexpr std::uint32_t inner_width = 64;
    static constexpr std::size_t ahead = 4;

    struct leaf {
        leaf* previous;
        leaf* next;
        std::uint32_t count;
        item items[leaf_width];

        template <class Before>
        std::uint32_t count_while(Before&& before) const noexcept {
            std::uint32_t low = 0;
            std::uint32_t high = count;
            while (low < high) {
                const std::uint32_t middle = (low + high) / 2;
                if (before(items[middle]))
                    low = middle + 1;
                else
                    high = middle;
            }
            return low;
        }
    };

    struct inner {
        std::uint32_t count;
        std::uint32_t sizes[inner_width];
        double scores[inner_width]; // with members: the first item below each child
        entry* members[inner_width];
        void* children[inner_width];

        item first(std::uint32_t child) const noexcept { return {scores[child], members[child]}; }

        void set_first(std::uint32_t child, const item& one) noexcept {
            scores[child] = one.score;
            members[child] = one.member;
        }

        /// The last child whose first item comes before, or the first child.
        template <class Before>
        std::uint32_t last_child(Before&& before) const noexcept {
            std::uint32_t low = 1;
            std::uint32_t high = count;
            while (low < high) {
                const std::uint32_t middle = (low + high) / 2;
                if (before(first(middle)))
                    low = middle + 1;
                else
                    high = middle;
            }
            return low - 1;
        }

        void insert(std::uint32_t at, void* child, const item& first_item,
                    std::uint32_t size) noexcept;
        void erase(std::uint32_t at) noexcept;
        /// Moves the children from `begin` on behind those of `to`.
        void give(std::uint32_t begin, inner& to) noexcept;
    };

    /// Whether nothing stands before, or behind, the node that is looked at; and how many nodes
    /// above it have to be made if it is split, the root's new parent included.
    struct edges {
        bool first = true;
        bool last = true;
        unsigned to_make = 1;
    };

    /// The leaf with the item of a rank, which becomes its place in the leaf.
    const leaf* leaf_at(std::size_t& rank) const noexcept;

    static std::uint32_t count_of(const void* node, unsigned level) noexcept;
    static std::uint32_t size_of(const void* node, unsigned level) noexcept;
    static item first_of(const void* node, unsigned level) noexcept;

    leaf* make_leaf();
    inner* make_inner();
    void prepare_inner(unsigned count);
    inner* take_prepared() noexcept;
    void free_node(void* node, unsigned level) noexcept;
    void free_tree(void* node, unsigned level) noexcept;

    void* insert_below(void* node, unsigned level, const item& added, edges where);
    void* insert_into(leaf& here, const item& added, edges where);
    void erase_below(void* node, unsigned level, const item& gone) noexcept;
    void join_neighbours(inner& parent, std::uint32_t child, unsigned level) noexcept;
    void unlink(leaf& gone) noexcept;

    void* root_;
    unsigned height_ = 0; // levels of inner nodes
    std::size_t size_ = 0;
    std::size_t leaves_ = 0;
    std::size_t inner_nodes_ = 0;
    inner* prepared_ = nullptr; // for insertions; linked by their first child
};

} // namespace mini_redis
