// A set, however it is kept: few integers in ascending order, few small members packed, many in a
// member_table of entries named by the member.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "store/entry.hpp"
#include "store/integer_set.hpp"
#include "store/member_table.hpp"
#include "store/packed.hpp"

namespace mini_redis {

/// The digits of an integer.
class integer_text {
public:
    explicit integer_text(std::int64_t value) noexcept;

    std::string_view view() const noexcept { return {digits_, size_}; }

private:
    char digits_[24];
    std::size_t size_;
};

/// Looks at the set in an entry. What it gives is valid until the set changes.
class set_value {
public:
    explicit set_value(const entry& holds) noexcept
        : bytes_{holds.is_object() ? std::string_view{} : holds.bytes()},
          kept_as_{holds.kept_as()},
          table_{holds.is_object() ? &holds.object<member_table>() : nullptr} {}

    std::size_t size() const noexcept {
        if (table_ != nullptr) return table_->size();
        return are_integers() ? integer_set{bytes_}.size() : packed{bytes_}.size();
    }

    bool contains(std::string_view member) const noexcept;

    /// Calls `visit(member)` for all; the text is valid during the call.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (table_ != nullptr) {
            table_->for_each([&](const entry& each) { visit(each.key()); });
        } else if (are_integers()) {
            const integer_set all{bytes_};
            for (std::size_t i = 0; i < all.size(); ++i)
                visit(integer_text{all.at(i)}.view());
        } else {
            for (const packed_element& each : packed{bytes_})
                visit(each.text);
        }
    }

    /// As for_each(), until `visit` returns false.
    template <class Visit>
    void for_each_while(Visit&& visit) const {
        if (table_ != nullptr) {
            table_->for_each_while([&](const entry& each) { return visit(each.key()); });
        } else {
            bool more = true;
            for_each([&](std::string_view member) { more = more && visit(member); });
        }
    }

    /// Calls `visit(member)` for one of them, each with the same chance; there must be one.
    template <class Visit>
    void pick(std::uint64_t random, Visit&& visit) const {
        if (table_ != nullptr)
            visit(table_->pick(random).key());
        else if (are_integers())
            visit(integer_text{integer_set{bytes_}.at(random % size())}.view());
        else
            visit(packed{bytes_}.at(random % size()).text);
    }

    bool are_integers() const noexcept { return kept_as_ == collection_encoding::integers; }

    /// Null if it is kept compactly.
    const member_table* table() const noexcept { return table_; }

private:
    std::string_view bytes_;
    collection_encoding kept_as_;
    const member_table* table_;
};

/// Gathers a new set, in the form that fits its members.
class set_builder {
public:
    /// `expected` members, or fewer: a form that holds so many is chosen from the beginning.
    set_builder(const compact_limits& limits, std::size_t expected);

    /// Begins with the members of a compact set, in its form.
    set_builder(const compact_limits& limits, const entry& holds);

    /// There will be so many members at the end: a table is made large enough for them.
    void expect_at_least(std::size_t members) noexcept { least_ = std::max(least_, members); }

    /// Returns whether it is new.
    bool add(std::string_view member);

    /// Returns whether it was there.
    bool remove(std::string_view member);

    std::size_t size() const noexcept;

    /// Changes to a table, which is for more than the limits allow.
    void use_table();

    /// Calls `visit(member)` for all.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (table_) {
            table_->for_each([&](const entry& each) { visit(each.key()); });
        } else if (form_ == collection_encoding::integers) {
            for (const std::int64_t each : integers_)
                visit(integer_text{each}.view());
        } else {
            for (const packed_element& each : packed{block_})
                visit(each.text);
        }
    }

    /// The set as a key's value; it must not be empty.
    entry_ptr finish(std::string_view key, std::optional<std::int64_t> expire_at);

private:
    bool add_integer(std::int64_t value);
    bool add_packed(std::string_view member);
    bool add_to_table(std::string_view member);
    void add_text_to_integers(std::string_view member);

    std::size_t least_ = 0; // of the members that come
    std::size_t most_integers_;
    std::size_t most_packed_;
    std::size_t longest_packed_;
    collection_encoding form_ = collection_encoding::integers;
    std::vector<std::int64_t> integers_; // ascending
    std::string block_ = packed::make_empty();
    std::size_t in_block_ = 0;
    std::unique_ptr<member_table> table_;
};

/// Adds members to the set at the key, which is created if it was absent: `at` is what find() said
/// of it. Returns how many are new.
std::size_t set_add(database& db, const hashed_key& key, located at,
                    std::span<const std::string_view> members);

/// Takes those members out of a compact set that `goes(member)` says so of: some, not all.
template <class Goes>
void remove_from_compact(database& db, const hashed_key& key, located at, Goes&& goes) {
    const std::string_view block = at->bytes();
    std::string kept;
    if (at->kept_as() == collection_encoding::integers) {
        const integer_set all{block};
        for (std::size_t i = 0; i < all.size(); ++i)
            if (!goes(integer_text{all.at(i)}.view()))
                integer_set::append(kept, all.at(i), all.width());
        const std::size_t begin = all.offset_of(0);
        return db.splice(key, at, begin, block.size() - begin, kept);
    }
    std::size_t count = 0;
    for (const packed_element& each : packed{block}) {
        if (goes(each.text)) continue;
        packed::append(kept, each.text);
        ++count;
    }
    db.splice_packed(key, at, packed::header, block.size() - packed::header, kept, count);
}

/// Takes members out, and the key with the last of them: `at` is nothing then. Returns how many
/// there were.
std::size_t set_remove(database& db, const hashed_key& key, located& at,
                       std::span<const std::string_view> members);

} // namespace mini_redis
