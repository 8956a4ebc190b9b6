// The stream at a key: its entries in nodes, in the order of their ids, and its consumer groups.
//
// Invariant: the ids of nodes ascend, and those of entries that are not deleted; of these, none is
// above last_id(), and size() is their number. A node that has none may be left over, as in Redis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/compact_limits.hpp"
#include "store/entry.hpp"
#include "store/stream_group.hpp"
#include "store/stream_id.hpp"
#include "store/stream_node.hpp"

namespace mini_redis {

/// What XTRIM takes away, at the beginning.
struct stream_trim {
    enum class what : std::uint8_t { nothing, above_length, below_id };

    what strategy = what::nothing;
    bool approximate = false; ///< whole nodes only
    std::uint64_t length = 0; ///< how many are left
    stream_id id{};           ///< the first that is left
    std::int64_t limit = 0;   ///< take no more than that; 0: no limit
};

/// *Thread safety*: none; the shard's mutex guards it.
class stream_value final : public collection {
public:
    stream_value() = default;

    static stream_value& of(const entry& holds) noexcept { return holds.object<stream_value>(); }

    /// How many entries there are.
    std::size_t size() const noexcept override { return length_; }

    std::size_t memory() const noexcept override;
    std::unique_ptr<collection> clone() const override;

    // -- Entries --

    /// Appends an entry of fields and values. The id is above last_id(). If memory runs out,
    /// nothing has changed.
    void append(const stream_id& id, std::span<const std::string_view> pairs,
                const compact_limits& limits);

    /// Takes out an entry; false if it is not there.
    bool erase(const stream_id& id) noexcept;

    /// Returns how many entries it has taken out.
    std::size_t trim(const stream_trim& how) noexcept;

    bool contains(const stream_id& id) const noexcept;

    /// Calls `visit(entry)` from one id to another, both included, until it returns false.
    template <class Visit>
    void for_each(const stream_id& from, const stream_id& to, Visit&& visit) const {
        for (std::size_t i = node_of(from); i < end_(); ++i) {
            if (nodes_[i].id() > to) return;
            stream_node_reader reader{nodes_[i]};
            while (const stream_entry* const here = reader.next()) {
                if (here->is_deleted()) continue; // whatever its id, see set_last_id()
                if (here->id() > to) return;
                if (here->id() >= from && !visit(*here)) return;
            }
        }
    }

    /// The same from `to` down to `from`.
    template <class Visit>
    void for_each_backward(const stream_id& from, const stream_id& to, Visit&& visit) const {
        if (begin_ == end_()) return;
        for (std::size_t i = node_of(to) + 1; i > begin_; --i) {
            stream_node_reader reader{nodes_[i - 1]};
            while (const stream_entry* const here = reader.previous()) {
                if (here->is_deleted()) continue;
                if (here->id() < from) return;
                if (here->id() <= to && !visit(*here)) return;
            }
        }
    }

    // -- What it knows of its ids --

    /// The highest that was ever given; of an entry, or set by XSETID.
    const stream_id& last_id() const noexcept { return last_id_; }

    /// That of the first entry, or 0-0 if there is none.
    const stream_id& first_id() const noexcept { return first_id_; }

    /// That of the last entry; nothing if there is none.
    std::optional<stream_id> last_entry_id() const noexcept;

    /// The highest that was deleted by its id.
    const stream_id& max_deleted_id() const noexcept { return max_deleted_id_; }

    /// How many entries were ever added.
    std::uint64_t entries_added() const noexcept { return entries_added_; }

    /// Not below that of the last entry, but it may be below those of entries that are deleted.
    void set_last_id(const stream_id& id) noexcept;

    void set_max_deleted_id(const stream_id& id) noexcept { max_deleted_id_ = id; }

    void set_entries_added(std::uint64_t count) noexcept { entries_added_ = count; }

    /// How many entries were added up to that id, if that can be known.
    std::optional<std::uint64_t> count_up_to(const stream_id& id) const noexcept;

    /// Whether an entry that was deleted by its id may have stood at that id or behind it.
    bool has_gaps_from(const stream_id& id) const noexcept {
        return length_ != 0 && !max_deleted_id_.is_zero() && first_id_ <= max_deleted_id_ &&
               id <= max_deleted_id_;
    }

    /// Moves a group's position, which is before it, on to an entry that is being read.
    void advance(stream_group& group, const stream_id& id) const noexcept;

    // -- Groups --

    const stream_groups& groups() const noexcept;

    /// Null if there is none of that name.
    stream_group* find_group(std::string_view name) const noexcept;

    /// Null if there is one of that name already.
    stream_group* add_group(std::string_view name);
    bool erase_group(std::string_view name) noexcept;

    // -- Nodes --

    std::span<const stream_node> nodes() const noexcept {
        return std::span{nodes_}.subspan(begin_);
    }

    /// Adds a node that stands behind all others, with its entries, and raises last_id() if need
    /// be; false if it does not ascend.
    bool adopt(stream_node node);

    /// How many nodes Redis's radix tree of the nodes' ids has.
    std::size_t radix_tree_nodes() const noexcept;

private:
    std::size_t end_() const noexcept { return nodes_.size(); }

    std::size_t node_of(const stream_id& id) const noexcept;
    void erase_node(std::size_t index) noexcept;
    void find_first_id() noexcept;
    std::size_t trim_within(stream_node& node, const stream_trim& how) noexcept;

    std::vector<stream_node, counted_allocator<stream_node>>
        nodes_; // before begin_ they are used up
    std::size_t begin_ = 0;
    std::size_t length_ = 0;
    stream_id last_id_;
    stream_id first_id_;
    stream_id max_deleted_id_;
    std::uint64_t entries_added_ = 0;
    std::unique_ptr<stream_groups> groups_; // null: none was ever made
};

} // namespace mini_redis
