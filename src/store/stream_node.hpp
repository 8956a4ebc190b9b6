// A run of a stream's entries in one block: the listpack that Redis keeps, and writes in a DUMP.
//
//   node   = { master } { entry }
//   master = entries there | entries deleted | number of fields | field … | 0
//   entry  = flags | ms past the node's id | seq past it | the rest | elements of the entry so far
//   rest   = value …                                    if its fields are those of the master
//          | number of fields | field | value | …       otherwise
//
// The node's id is that of its first entry. An entry that is deleted is only marked so.
//
// Invariant: the listpack is sound, and the ids of the entries that are not deleted ascend; who
// takes one from outside checks it (is_sound_stream_node()).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "store/counted_memory.hpp"
#include "store/listpack_element.hpp"
#include "store/stream_id.hpp"

namespace mini_redis {

/// An entry in a node. Valid until the node changes.
class stream_entry {
public:
    const stream_id& id() const noexcept { return id_; }

    std::size_t fields() const noexcept { return fields_; }

    bool is_deleted() const noexcept { return (flags_ & deleted_flag) != 0; }

    /// Calls `visit(field, value)` for each pair.
    template <class Visit>
    void for_each(Visit&& visit) const {
        char field_digits[integer_digits];
        char value_digits[integer_digits];
        const char* names = names_;
        const char* at = contents_;
        for (std::size_t i = 0; i < fields_; ++i) {
            const listpack_element name{has_master_fields() ? names : at};
            (has_master_fields() ? names : at) = name.end();
            const listpack_element value{at};
            at = value.end();
            visit(name.text(field_digits), value.text(value_digits));
        }
    }

private:
    friend class stream_node;
    friend class stream_node_reader;

    static constexpr unsigned deleted_flag = 1;
    static constexpr unsigned master_fields_flag = 2;

    bool has_master_fields() const noexcept { return (flags_ & master_fields_flag) != 0; }

    stream_id id_;
    unsigned flags_ = 0;
    std::size_t fields_ = 0;
    const char* begin_ = nullptr;
    const char* names_ = nullptr;    // the master's
    const char* contents_ = nullptr; // behind the number of fields, if there is one
};

class stream_node {
public:
    using words = std::span<const std::string_view>;

    /// Makes an empty node for entries from that id on, the first of which has these fields; its
    /// first append() has to follow.
    stream_node(stream_id first, words pairs);

    /// Adopts a listpack that is known to be sound.
    stream_node(stream_id first, std::string_view listpack);

    stream_node(stream_node&& other) noexcept = default;
    stream_node& operator=(stream_node&& other) noexcept = default;

    stream_node clone() const { return {id_, bytes()}; }

    const stream_id& id() const noexcept { return id_; }

    /// That of its last entry, also if it is deleted.
    stream_id last_id() const noexcept;

    std::string_view bytes() const noexcept { return {block_.get(), size()}; }

    std::size_t size() const noexcept;

    /// What it takes, the block and what the allocator adds.
    std::size_t memory() const noexcept { return capacity_ + 8; }

    /// How many of its entries are there, and how many are only marked as deleted.
    std::size_t entries() const noexcept;
    std::size_t deleted() const noexcept;

    /// Gives room for an entry of such pairs, so that append() cannot fail.
    void make_room(words pairs);

    /// Likewise, and for about so many bytes with it, which are likely to come.
    void make_room(words pairs, std::size_t likely);

    /// Appends an entry of fields and values. There is room for it.
    void append(stream_id id, words pairs) noexcept;

    /// Marks an entry as deleted, which it is not yet. Readers stay where they are; count_marked()
    /// has to follow, with the number of all that were marked.
    void mark_deleted(const stream_entry& doomed) noexcept;
    void count_marked(std::size_t marked) noexcept;

    /// Gives back what is behind the last entry: nothing will be appended.
    void shrink_to_fit() noexcept;

private:
    friend class stream_node_reader;

    static constexpr std::size_t header = 6;
    static constexpr std::size_t counter_room = 32; // all that counters may grow by one append()
    // By how much the number of deleted entries may still grow: so much is always free behind the
    // listpack, so that deleting needs no memory.
    static constexpr std::size_t spare = 8;

    struct free_block {
        void operator()(char* block) const noexcept { counted::release(block); }
    };

    void reserve(std::size_t bytes);
    void reallocate(std::size_t bytes);
    void set_size(std::size_t size) noexcept;
    void count_elements(std::size_t added) noexcept;
    void replace_integer(std::size_t offset, std::int64_t value) noexcept;
    void set_counts(std::size_t entries, std::size_t deleted) noexcept;
    bool has_fields(words pairs) const noexcept;

    stream_id id_;
    std::unique_ptr<char, free_block> block_;
    std::size_t capacity_ = 0;
};

/// Reads a node's entries, those that are deleted too, forward or backward.
class stream_node_reader {
public:
    explicit stream_node_reader(const stream_node& node) noexcept;

    /// Goes to the next entry, the first one to begin with; null behind the last.
    const stream_entry* next() noexcept;

    /// Goes to the entry before, the last one to begin with; null before the first.
    const stream_entry* previous() noexcept;

private:
    void read(const char* at) noexcept;

    const char* first_;  // the first entry
    const char* end_;    // behind the last
    const char* behind_; // the entry that was read, for next()
    const char* ahead_;  // where it begins, for previous()
    const char* names_;
    std::size_t master_fields_;
    stream_id master_;
    stream_entry here_;
};

/// Whether it is the listpack of a node with that id.
bool is_sound_stream_node(stream_id id, std::string_view listpack) noexcept;

} // namespace mini_redis
