#include "store/hash_value.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace mini_redis {
namespace {

struct field_place {
    packed_element field;
    packed_element value;
};

std::optional<field_place> find_field(std::string_view block, std::string_view field) noexcept {
    const packed all{block};
    const auto end = all.end();
    for (auto here = all.begin(); here != end; ++here) {
        const packed_element name = *here;
        ++here;
        if (name.text == field) return field_place{name, *here};
    }
    return std::nullopt;
}

std::size_t most_packed(const compact_limits& limits) noexcept {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(
        limits.hash_entries.load(std::memory_order_relaxed), 0, packed::most_elements / 2 - 1));
}

std::size_t longest_packed(const compact_limits& limits) noexcept {
    return static_cast<std::size_t>(limits.hash_value.load(std::memory_order_relaxed));
}

bool fit(const compact_limits& limits, std::span<const std::string_view> words) noexcept {
    const std::size_t longest = longest_packed(limits);
    return words.size() / 2 <= most_packed(limits) &&
           std::all_of(words.begin(), words.end(),
                       [longest](std::string_view word) { return word.size() <= longest; });
}

bool set_in_table(member_table& table, std::string_view field, std::string_view value) {
    const hashed_key name{field};
    member_table::slot* const found = table.find(name);
    if (found == nullptr) {
        table.insert(name, entry::make_string(field, value, std::nullopt));
        return true;
    }
    if (!member_table::at(*found).assign_in_place(value))
        table.replace(*found, entry::make_string(field, value, std::nullopt));
    return false;
}

std::size_t set_in_table(member_table& table, std::span<const std::string_view> words) {
    std::size_t added = 0;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2)
        added += set_in_table(table, words[i], words[i + 1]);
    return added;
}

std::unique_ptr<member_table> unpack(std::string_view block) {
    auto table = std::make_unique<member_table>();
    const packed all{block};
    for (auto here = all.begin(); here != all.end(); ++here) {
        const std::string_view field = here->text;
        table->insert(hashed_key{field}, entry::make_string(field, (++here)->text, std::nullopt));
    }
    return table;
}

/// Replaces the packed hash by a table that has the words' fields too.
std::size_t convert_and_set(database& db, const hashed_key& key, located at,
                            std::span<const std::string_view> words) {
    std::unique_ptr<member_table> table = unpack(at->bytes());
    const std::size_t added = set_in_table(*table, words);
    db.put(key, at, entry::make_object(value_type::hash, key.name, std::move(table), at->expiry()));
    return added;
}

/// Appends a pair to a block of its own, or changes the value; true if the field is new.
bool set_in_block(std::string& block, std::string_view field, std::string_view value) {
    thread_local std::string scratch;
    scratch.clear();
    if (const auto found = find_field(block, field)) {
        packed::append(scratch, value);
        block.replace(found->value.begin, found->value.end - found->value.begin, scratch);
        return false;
    }
    packed::append(block, field);
    packed::append(block, value);
    return true;
}

/// Sets one field of a packed hash with room for it.
bool set_in_packed(database& db, const hashed_key& key, located at, std::string_view field,
                   std::string_view value) {
    thread_local std::string scratch;
    scratch.clear();
    const std::string_view block = at->bytes();
    if (const auto found = find_field(block, field)) {
        if (found->value.text.size() == value.size()) { // in its place, so that nothing moves
            const auto offset = static_cast<std::size_t>(found->value.text.data() - block.data());
            db.splice(key, at, offset, value.size(), value);
            return false;
        }
        packed::append(scratch, value);
        db.splice(key, at, found->value.begin, found->value.end - found->value.begin, scratch);
        return false;
    }
    packed::append(scratch, field);
    packed::append(scratch, value);
    db.splice_packed(key, at, block.size(), 0, scratch, packed{block}.size() + 2);
    return true;
}

} // namespace

std::optional<std::string_view> hash_value::get(std::string_view field) const noexcept {
    if (table_ != nullptr) {
        member_table::slot* const found = table_->find(hashed_key{field});
        return found != nullptr ? std::optional{member_table::at(*found).string()} : std::nullopt;
    }
    const auto found = find_field(bytes_, field);
    return found ? std::optional{found->value.text} : std::nullopt;
}

entry_ptr make_hash(std::string_view key, std::span<const std::string_view> words,
                    const compact_limits& limits) {
    if (!fit(limits, words)) {
        auto table = std::make_unique<member_table>();
        set_in_table(*table, words);
        return entry::make_object(value_type::hash, key, std::move(table), std::nullopt);
    }
    thread_local std::string block;
    block.assign(packed::header, '\0');
    std::size_t fields = 0;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2)
        fields += set_in_block(block, words[i], words[i + 1]);
    packed::set_size(block.data(), fields * 2);
    return entry::make_compact(value_type::hash, collection_encoding::packed, key, block,
                               std::nullopt);
}

std::size_t hash_set(database& db, const hashed_key& key, located at,
                     std::span<const std::string_view> words) {
    if (at && at->is_object()) {
        const std::size_t added = set_in_table(at->object<member_table>(), words);
        db.changed(key, &*at);
        return added;
    }
    if (!at) {
        entry_ptr made = make_hash(key.name, words, db.limits());
        const std::size_t fields = hash_value{*made}.size();
        db.put(key, at, std::move(made));
        return fields;
    }
    if (!fit(db.limits(), words)) return convert_and_set(db, key, at, words);
    const std::size_t most = most_packed(db.limits());
    std::size_t added = 0;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        added += set_in_packed(db, key, at, words[i], words[i + 1]);
        if (packed{at->bytes()}.size() / 2 > most)
            return added + convert_and_set(db, key, at, words.subspan(i + 2));
    }
    return added;
}

std::size_t hash_remove(database& db, const hashed_key& key, located& at,
                        std::span<const std::string_view> fields) {
    std::size_t removed = 0;
    for (const std::string_view field : fields) {
        if (at->is_object()) {
            member_table& table = at->object<member_table>();
            const hashed_key name{field};
            member_table::slot* const found = table.find(name);
            if (found == nullptr) continue;
            table.take(*found, name);
        } else {
            const std::string_view block = at->bytes();
            const auto found = find_field(block, field);
            if (!found) continue;
            db.splice_packed(key, at, found->field.begin, found->value.end - found->field.begin, {},
                             packed{block}.size() - 2);
        }
        ++removed;
        if (hash_value{*at}.size() == 0) {
            db.erase(key, std::exchange(at, {}));
            return removed;
        }
    }
    if (removed != 0 && at->is_object()) db.changed(key, &*at);
    return removed;
}

} // namespace mini_redis
