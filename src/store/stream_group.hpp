// Consumer groups of a stream: who was given which entries, and has not acknowledged them yet.
//
// Invariant: an entry is pending in a group exactly if it is pending for one of its consumers,
// which is the one that its `pending` names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "store/counted_memory.hpp"
#include "store/id_map.hpp"
#include "store/stream_id.hpp"

namespace mini_redis {

struct stream_consumer {
    std::string_view name;      ///< the key's in its group's map
    std::int64_t seen_time = 0; ///< Unix milliseconds
    id_map<no_value> pending{};
};

/// An entry that was delivered and not acknowledged.
struct pending_entry {
    stream_consumer* owner = nullptr;
    std::int64_t delivery_time = 0; ///< Unix milliseconds
    std::uint64_t delivery_count = 1;
};

/// *Thread safety*: none; the shard's mutex guards it.
class stream_group {
public:
    /// What `entries_read` is where nobody can know it.
    static constexpr std::int64_t unknown = -1;

    using consumer_map = std::map<std::string, stream_consumer, std::less<>,
                                  counted_allocator<std::pair<const std::string, stream_consumer>>>;
    using pending_map = id_map<pending_entry>;

    stream_group() = default;
    stream_group(const stream_group& other);
    stream_group& operator=(const stream_group&) = delete;

    stream_id last_id;
    std::int64_t entries_read = unknown; ///< how many entries were added up to last_id

    const consumer_map& consumers() const noexcept { return consumers_; }

    const pending_map& pending() const noexcept { return pending_; }

    /// To change what is known of an entry, but not its owner; null if it is not pending.
    pending_entry* find_pending(const stream_id& id) noexcept {
        auto* const found = pending_.find(id);
        return found != nullptr ? &found->value : nullptr;
    }

    /// The first pending one that is not before that id; null if there is none.
    const pending_map::item* pending_from(const stream_id& id) noexcept {
        return pending_.at_or_after(id);
    }

    /// Null if there is none of that name.
    stream_consumer* find_consumer(std::string_view name) noexcept;

    /// One that is not there yet.
    stream_consumer& add_consumer(std::string_view name, std::int64_t now_ms);

    /// Removes a consumer, with what is pending for it.
    void erase_consumer(stream_consumer& doomed) noexcept;

    /// Lets the entry be pending for that consumer, whosever it was. If memory runs out, nothing
    /// has changed.
    pending_entry& deliver(const stream_id& id, stream_consumer& to);

    /// False if the entry is not pending.
    bool acknowledge(const stream_id& id) noexcept;

    std::size_t memory() const noexcept;

private:
    consumer_map consumers_;
    pending_map pending_;
};

struct stream_groups final
    : std::map<std::string, stream_group, std::less<>,
               counted_allocator<std::pair<const std::string, stream_group>>>,
      counted_new {};

} // namespace mini_redis
