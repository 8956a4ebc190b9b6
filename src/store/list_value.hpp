// The list at a key, however it is kept: packed while it is small, a chunked_list otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/chunked_list.hpp"
#include "store/database.hpp"
#include "store/entry.hpp"
#include "store/packed.hpp"

namespace mini_redis {

/// A list to be read.
class list_view {
public:
    explicit list_view(const entry& value) noexcept
        : large_{value.is_object() ? &value.object<chunked_list>() : nullptr},
          small_{large_ != nullptr ? std::string_view{} : value.bytes()} {}

    std::size_t size() const noexcept {
        return large_ != nullptr ? large_->size() : packed{small_}.size();
    }

    /// The element with that number, which must exist.
    std::string_view at(std::size_t index) const noexcept {
        return large_ != nullptr ? large_->at(index) : packed{small_}.at(index).text;
    }

    std::string_view at(list_end where) const noexcept {
        return at(where == list_end::head ? 0 : size() - 1);
    }

    /// The number of the element that `index` means, where negative ones count from the tail.
    std::optional<std::size_t> resolve(std::int64_t index) const noexcept {
        const auto count = static_cast<std::int64_t>(size());
        if (index >= count || index < -count) return std::nullopt;
        return static_cast<std::size_t>(index < 0 ? index + count : index);
    }

    /// Calls `visit(text)` for `count` elements from number `first` on; they must exist.
    template <class Visit>
    void for_each(std::size_t first, std::size_t count, Visit&& visit) const {
        if (large_ != nullptr) return large_->for_each(first, count, visit);
        packed::iterator here = packed{small_}.begin();
        for (; first > 0; --first)
            ++here;
        for (; count > 0; --count, ++here)
            visit(here->text);
    }

    /// Calls `visit(text)` for all elements, from the head on.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for_each(0, size(), visit);
    }

    /// Calls `visit(text)` for the elements from an end on, until it returns false.
    template <class Visit>
    void walk(list_end from, Visit&& visit) const {
        if (large_ != nullptr) return large_->walk(from, visit);
        if (from == list_end::head) {
            for (const packed_element& each : packed{small_})
                if (!visit(each.text)) return;
            return;
        }
        std::vector<std::string_view> all; // a packed list cannot be walked from its tail
        all.reserve(size());
        for_each([&](std::string_view text) { all.push_back(text); });
        for (std::size_t i = all.size(); i > 0; --i)
            if (!visit(all[i - 1])) return;
    }

    /// Whether OBJECT ENCODING is to say "quicklist", otherwise "listpack".
    bool is_quicklist() const noexcept { return large_ != nullptr && large_->is_quicklist(); }

private:
    const chunked_list* large_;
    std::string_view small_;
};

/// A list of these elements, added at an end one after the other, as a key's value; there is at
/// least one.
entry_ptr make_list(std::string_view key, list_end where, std::span<const std::string_view> texts,
                    const listpack_limit& limit);

/// Changes the list at a key. Each function leaves the list in the representation that its size
/// asks for, keeps its expiry, removes it when it has become empty, and tells those who wait.
///
/// *Thread safety*: as the database's.
class list_editor {
public:
    /// `at` is what find() said of the key: a list, or nothing.
    list_editor(database& db, const hashed_key& key, located at) noexcept
        : db_{db},
          key_{key},
          at_{at},
          limit_{db.limits().list_size.load(std::memory_order_relaxed)} {}

    /// Adds elements at an end, one after the other; makes the list if there is none. Not to be
    /// used any more after that.
    void push(list_end where, std::span<const std::string_view> texts);

    /// Takes that many elements off an end; there must be so many. True if the list is gone.
    bool drop(list_end where, std::size_t count);

    /// Takes off the element at an end, which is `text`: who has looked at it has walked there
    /// already. True if the list is gone.
    bool pop(list_end where, std::string_view text);

    /// Leaves only these elements; they must exist. True if the list is gone.
    bool keep(std::size_t first, std::size_t count);

    /// Puts another element in the place of one. `text` is not one of the list's.
    void set(std::size_t index, std::string_view text);

    /// Puts an element in front of the one with that number. `text` is not one of the list's.
    void insert(std::size_t index, std::string_view text);

    /// Removes the first `most` elements, from one end, that are equal to `text`; returns how many.
    /// The list is gone if those were all.
    std::size_t remove(list_end from, std::size_t most, std::string_view text);

    /// Moves the element at an end, which is `text`, to the other.
    void rotate(list_end from, list_end to, std::string_view text);

private:
    chunked_list& large() const noexcept { return at_->object<chunked_list>(); }

    bool make_room(std::size_t added, std::size_t bytes, std::size_t size);
    void enlarge();
    bool settle();
    void rotate_packed(list_end from, std::string_view text);
    void shorten_packed(std::size_t first, std::size_t count);

    database& db_;
    const hashed_key& key_;
    located at_;
    listpack_limit limit_;
};

} // namespace mini_redis
