// A large list: a sequence of chunks of elements (store/list_chunk.hpp), open at both ends.
//
// It also knows how large Redis's listpack of the same elements would be, and whether Redis would
// call the list a quicklist.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "store/counted_memory.hpp"
#include "store/entry.hpp"
#include "store/list_chunk.hpp"
#include "store/listpack_size.hpp"

namespace mini_redis {

/// Invariant: no chunk is empty; `size_`, `bytes_` and `listpack_bytes_` are sums over all
/// elements.
///
/// *Thread safety*: none; the lock of its key's shard guards it.
class chunked_list : public collection {
public:
    std::size_t size() const noexcept override { return size_; }

    std::size_t memory() const noexcept override;
    std::unique_ptr<collection> clone() const override;

    /// The elements' own bytes.
    std::size_t bytes() const noexcept { return bytes_; }

    void push(list_end where, std::string_view text);

    /// Takes that many elements off an end; there must be so many.
    void drop(list_end where, std::size_t count) noexcept;

    /// The element with that number, which must exist.
    std::string_view at(std::size_t index) const noexcept;

    /// Puts another element in the place of one. `text` is not one of the list's.
    void set(std::size_t index, std::string_view text);

    /// Puts an element in front of the one with that number. `text` is not one of the list's.
    void insert(std::size_t index, std::string_view text);

    /// Removes the first `most` elements, from one end, that are equal to `text`, which is not one
    /// of the list's; returns how many.
    std::size_t remove(list_end from, std::size_t most, std::string_view text);

    /// Calls `visit(text)` for `count` elements from number `first` on; they must exist.
    template <class Visit>
    void for_each(std::size_t first, std::size_t count, Visit&& visit) const {
        if (count == 0) return;
        place here = seek(first);
        while (true) {
            const slot& in = slots_[here.slot];
            const list_chunk& chunk = *in.chunk;
            std::size_t left = std::min(count, in.count - here.number);
            count -= left;
            if (chunk.width != 0) {
                const char* text = chunk.data() + here.offset;
                for (; left > 0; --left, text += chunk.width)
                    visit(std::string_view{text, chunk.width});
            } else {
                for (std::size_t offset = here.offset; left > 0; --left) {
                    const list_chunk::element each = chunk.at(offset);
                    visit(each.text);
                    offset = each.end;
                }
            }
            if (count == 0) return;
            here = {here.slot + 1, 0, slots_[here.slot + 1].chunk->begin};
        }
    }

    /// Calls `visit(text)` for the elements from an end on, until it returns false.
    template <class Visit>
    void walk(list_end from, Visit&& visit) const {
        const std::size_t chunks = slots_.size() - first_;
        for (std::size_t i = 0; i < chunks; ++i) {
            const bool forward = from == list_end::head;
            const list_chunk& chunk = *slots_[forward ? first_ + i : slots_.size() - 1 - i].chunk;
            std::size_t offset = forward ? chunk.begin : chunk.end;
            while (offset != (forward ? chunk.end : chunk.begin)) {
                const list_chunk::element each = forward ? chunk.at(offset) : chunk.before(offset);
                if (!visit(each.text)) return;
                offset = forward ? each.end : each.begin;
            }
        }
    }

    // -- How Redis would keep it --

    bool is_quicklist() const noexcept { return quicklist_; }

    /// Before elements come: Redis looks at their bytes, not at what they will need.
    void expect(std::size_t bytes, std::size_t elements, const listpack_limit& limit) noexcept {
        if (limit.exceeded(listpack_bytes_ + bytes, size_ + elements)) quicklist_ = true;
    }

    /// After elements have gone.
    void note_shrinking(const listpack_limit& limit) noexcept {
        if (quicklist_ && limit.is_far_from(listpack_bytes_, size_)) quicklist_ = false;
    }

private:
    struct slot {
        list_chunk_ptr chunk;
        std::uint32_t count = 0;
    };

    using slots = std::vector<slot, counted_allocator<slot>>;

    struct place {
        std::size_t slot;
        std::size_t number; ///< of the element in its chunk
        std::size_t offset; ///< of the element in its chunk
    };

    using texts = std::vector<std::string_view>;

    bool has_chunks() const noexcept { return first_ != slots_.size(); }

    place seek(std::size_t index) const noexcept;
    bool make_room(slot& edge, list_end where, std::size_t length);
    void open_chunk(list_end where, std::size_t length);
    slot& add_slot(list_end where, slot added);
    void remove_slot(list_end where) noexcept;
    void rebuild(std::size_t at, texts& elements);
    void count_in(std::string_view text) noexcept;
    void count_out(std::string_view text) noexcept;

    static list_chunk_ptr allocate(std::size_t capacity, std::size_t width);
    static void move_to(list_chunk_ptr& chunk, std::size_t capacity, list_end room_at);
    static void seal(slot& full);
    static std::size_t with_lengths(const slot& one) noexcept;
    static void collect(const slot& from, texts& out);
    static void build(std::span<const std::string_view> elements, slots& out);

    // The first `first_` slots are empty: room for chunks at the head.
    slots slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
    std::size_t listpack_bytes_ = empty_listpack_size;
    bool quicklist_ = false;
};

} // namespace mini_redis
