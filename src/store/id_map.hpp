// A map ordered by stream ids, for pending entries: chunks of neighbours, in order.
//
// What is delivered has ascending ids, so that chunks are filled one after the other and stay full;
// an element costs little more than its own size. A look-up is two binary searches.
//
// Invariant: no chunk is empty; the ids ascend, within a chunk and from one to the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "store/counted_memory.hpp"
#include "store/stream_id.hpp"

namespace mini_redis {

/// What an id_map holds that is only a set.
struct no_value {};

template <class Value>
class id_map {
public:
    struct item {
        stream_id id;
        [[no_unique_address]] Value value;
    };

    std::size_t size() const noexcept { return size_; }

    bool empty() const noexcept { return size_ == 0; }

    /// The first and the last one; there must be some.
    const item& front() const noexcept { return chunks_.front().front(); }

    const item& back() const noexcept { return chunks_.back().back(); }

    /// Null if there is none.
    item* find(const stream_id& id) noexcept {
        item* const found = at_or_after(id);
        return found != nullptr && found->id == id ? found : nullptr;
    }

    const item* find(const stream_id& id) const noexcept {
        return const_cast<id_map*>(this)->find(id);
    }

    /// The first one that is not before that id; null if there is none.
    item* at_or_after(const stream_id& id) noexcept {
        const std::optional<place> found = lower_bound(id);
        return found ? &chunks_[found->chunk][found->index] : nullptr;
    }

    /// Adds an element that is not there yet. If memory runs out, nothing has changed.
    item* insert(const stream_id& id, Value value) {
        if (chunks_.size() == chunks_.capacity())
            chunks_.reserve(std::max<std::size_t>(4, 2 * chunks_.size()));
        std::size_t at = chunk_of(id);
        if (chunks_.empty() || (at + 1 == chunks_.size() && chunks_[at].size() == chunk_size &&
                                chunks_[at].back().id < id)) {
            chunk added;
            added.push_back({id, std::move(value)});
            chunks_.push_back(std::move(added));
            ++size_;
            return &chunks_.back().back();
        }
        if (chunks_[at].size() == chunk_size) {
            split(at);
            if (chunks_[at + 1].front().id < id) ++at;
        }
        chunk& home = chunks_[at];
        const auto added = home.insert(position_in(home, id), {id, std::move(value)});
        ++size_;
        return &*added;
    }

    /// False if it is not there.
    bool erase(const stream_id& id) noexcept {
        const std::optional<place> found = lower_bound(id);
        if (!found) return false;
        chunk& home = chunks_[found->chunk];
        if (home[found->index].id != id) return false;
        home.erase(home.begin() + static_cast<std::ptrdiff_t>(found->index));
        --size_;
        if (home.empty())
            chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(found->chunk));
        else if (home.size() < few && found->chunk > 0)
            merge_into_previous(found->chunk);
        return true;
    }

    /// Calls `visit(item)` in order, from that id on, until it returns false. It must not add or
    /// erase.
    template <class Visit>
    void for_each_from(const stream_id& from, Visit&& visit) const {
        const std::optional<place> begin = lower_bound(from);
        if (!begin) return;
        std::size_t index = begin->index;
        for (std::size_t i = begin->chunk; i < chunks_.size(); ++i, index = 0)
            for (; index < chunks_[i].size(); ++index)
                if (!visit(chunks_[i][index])) return;
    }

    /// Calls `visit(item)` for all, in order; it may change the values.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (chunk& each : chunks_)
            for (item& one : each)
                visit(one);
    }

    std::size_t memory() const noexcept {
        std::size_t bytes = chunks_.capacity() * sizeof(chunk);
        for (const chunk& each : chunks_)
            bytes += each.capacity() * sizeof(item) + 8;
        return bytes;
    }

private:
    using chunk = std::vector<item, counted_allocator<item>>;

    struct place {
        std::size_t chunk;
        std::size_t index;
    };

    static constexpr std::size_t chunk_size = 128;
    static constexpr std::size_t few = 32;

    // The last chunk that begins at or before the id, or the first.
    std::size_t chunk_of(const stream_id& id) const noexcept {
        if (!chunks_.empty() && chunks_.back().front().id <= id) return chunks_.size() - 1;
        const auto behind = std::partition_point(
            chunks_.begin(), chunks_.end(), [&](const chunk& c) { return c.front().id <= id; });
        return behind == chunks_.begin() ? 0
                                         : static_cast<std::size_t>(behind - chunks_.begin()) - 1;
    }

    static auto position_in(const chunk& where, const stream_id& id) noexcept {
        return std::partition_point(where.begin(), where.end(),
                                    [&](const item& each) { return each.id < id; });
    }

    std::optional<place> lower_bound(const stream_id& id) const noexcept {
        if (chunks_.empty()) return std::nullopt;
        const std::size_t at = chunk_of(id);
        const auto found = position_in(chunks_[at], id);
        if (found != chunks_[at].end())
            return place{at, static_cast<std::size_t>(found - chunks_[at].begin())};
        if (at + 1 == chunks_.size()) return std::nullopt;
        return place{at + 1, 0};
    }

    // There is room for one more chunk.
    void split(std::size_t at) {
        chunk& lower = chunks_[at];
        const auto middle = lower.begin() + chunk_size / 2;
        chunk upper;
        upper.reserve(chunk_size);
        upper.assign(middle, lower.end());
        lower.erase(middle, lower.end());
        chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
    }

    void merge_into_previous(std::size_t at) noexcept {
        chunk& target = chunks_[at - 1];
        chunk& source = chunks_[at];
        if (target.size() + source.size() > chunk_size - few) return;
        try {
            target.insert(target.end(), source.begin(), source.end());
        } catch (const std::bad_alloc&) {
            return; // it is only sparser than it could be
        }
        chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    std::vector<chunk, counted_allocator<chunk>> chunks_;
    std::size_t size_ = 0;
};

} // namespace mini_redis
