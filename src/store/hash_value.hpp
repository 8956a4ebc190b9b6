// A hash, however it is kept: few small fields packed (field, value, field, value … in the order in
// which the fields came), many in a member_table of entries named by the field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "store/database.hpp"
#include "store/entry.hpp"
#include "store/member_table.hpp"
#include "store/packed.hpp"

namespace mini_redis {

/// Looks at the hash in an entry. What it gives is valid until the hash changes.
class hash_value {
public:
    explicit hash_value(const entry& holds) noexcept
        : bytes_{holds.is_object() ? std::string_view{} : holds.bytes()},
          table_{holds.is_object() ? &holds.object<member_table>() : nullptr} {}

    std::size_t size() const noexcept {
        return table_ != nullptr ? table_->size() : packed{bytes_}.size() / 2;
    }

    std::optional<std::string_view> get(std::string_view field) const noexcept;

    /// Calls `visit(field, value)` for all; packed ones in the order in which they came.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (table_ != nullptr)
            return table_->for_each([&](const entry& each) { visit(each.key(), each.string()); });
        const packed all{bytes_};
        for (auto here = all.begin(); here != all.end(); ++here) {
            const std::string_view field = here->text;
            visit(field, (++here)->text);
        }
    }

    /// Calls `visit(field, value)` for one of them, each with the same chance; there must be one.
    template <class Visit>
    void pick(std::uint64_t random, Visit&& visit) const {
        if (table_ != nullptr) {
            const entry& picked = table_->pick(random);
            return visit(picked.key(), picked.string());
        }
        auto here = packed{bytes_}.begin();
        for (std::size_t i = random % size() * 2; i > 0; --i)
            ++here;
        const std::string_view field = here->text;
        visit(field, (++here)->text);
    }

    /// Null if it is packed.
    const member_table* table() const noexcept { return table_; }

private:
    std::string_view bytes_;
    const member_table* table_;
};

/// A hash as a key's value: `words` are field, value, field, value …; there is at least one pair.
entry_ptr make_hash(std::string_view key, std::span<const std::string_view> words,
                    const compact_limits& limits);

/// Gives fields their values: `words` are field, value, field, value …; `at` is what find() said of
/// the key, which is created if it was absent. Returns how many fields are new.
std::size_t hash_set(database& db, const hashed_key& key, located at,
                     std::span<const std::string_view> words);

/// Takes fields out, and the key with the last of them: `at` is nothing then. Returns how many
/// there were.
std::size_t hash_remove(database& db, const hashed_key& key, located& at,
                        std::span<const std::string_view> fields);

} // namespace mini_redis
