#include "store/set_value.hpp"

#include <algorithm>
#include <utility>

#include "resp/number.hpp"

namespace mini_redis {
namespace {

static_assert(sizeof(integer_text) >= integer_digits);

std::optional<packed_element> find_packed(std::string_view block,
                                          std::string_view member) noexcept {
    for (const packed_element& each : packed{block})
        if (each.text == member) return each;
    return std::nullopt;
}

std::size_t within(const std::atomic<std::int64_t>& limit, std::size_t most) noexcept {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(limit.load(std::memory_order_relaxed),
                                                             0, static_cast<std::int64_t>(most)));
}

constexpr std::size_t most_integers = std::size_t{1} << 30;

enum class outcome : std::uint8_t { there, added, does_not_fit };

/// Adds a member to a set of integers where it stands.
outcome add_integer(database& db, const hashed_key& key, located at, std::string_view member) {
    const std::optional<std::int64_t> value = parse_integer(member);
    if (!value) return outcome::does_not_fit;
    const integer_set all{at->bytes()};
    const std::size_t index = all.lower_bound(*value);
    if (index < all.size() && all.at(index) == *value) return outcome::there;
    if (all.size() >= within(db.limits().set_integers, most_integers)) return outcome::does_not_fit;
    std::string bytes;
    const std::size_t width = integer_set::width_of(*value);
    if (width <= all.width()) {
        integer_set::append(bytes, *value, all.width());
        db.splice(key, at, all.offset_of(index), 0, bytes);
        return outcome::added;
    }
    bytes.push_back(static_cast<char>(width));
    for (std::size_t i = 0; i <= all.size(); ++i) {
        if (i == index) integer_set::append(bytes, *value, width);
        if (i < all.size()) integer_set::append(bytes, all.at(i), width);
    }
    db.put(key, at,
           entry::make_compact(value_type::set, collection_encoding::integers, key.name, bytes,
                               at->expiry()));
    return outcome::added;
}

/// Adds a member to a packed set where it stands.
outcome add_packed(database& db, const hashed_key& key, located at, std::string_view member) {
    const std::string_view block = at->bytes();
    if (find_packed(block, member)) return outcome::there;
    const std::size_t size = packed{block}.size();
    if (size >= within(db.limits().set_entries, packed::most_elements) ||
        member.size() > within(db.limits().set_value, SIZE_MAX / 2))
        return outcome::does_not_fit;
    thread_local std::string scratch;
    scratch.clear();
    packed::append(scratch, member);
    db.splice_packed(key, at, block.size(), 0, scratch, size + 1);
    return outcome::added;
}

bool add_to_table(member_table& table, std::string_view member) {
    const hashed_key name{member};
    if (table.find(name) != nullptr) return false;
    table.insert(name, entry::make_string(member, {}, std::nullopt));
    return true;
}

/// Adds the members to a compact set, in another form where they do not fit its own.
std::size_t rebuild(database& db, const hashed_key& key, located at, bool as_table,
                    std::span<const std::string_view> members) {
    set_builder builder{db.limits(), *at};
    if (as_table) builder.use_table();
    std::size_t added = 0;
    for (const std::string_view member : members)
        added += builder.add(member);
    db.put(key, at, builder.finish(key.name, at->expiry()));
    return added;
}

bool remove_one(database& db, const hashed_key& key, located at, std::string_view member) {
    if (at->is_object()) {
        member_table& table = at->object<member_table>();
        const hashed_key name{member};
        member_table::slot* const found = table.find(name);
        if (found == nullptr) return false;
        table.take(*found, name);
        return true;
    }
    if (at->kept_as() == collection_encoding::integers) {
        const std::optional<std::int64_t> value = parse_integer(member);
        const integer_set all{at->bytes()};
        if (!value || !all.contains(*value)) return false;
        db.splice(key, at, all.offset_of(all.lower_bound(*value)), all.width(), {});
        return true;
    }
    const std::string_view block = at->bytes();
    const auto found = find_packed(block, member);
    if (!found) return false;
    db.splice_packed(key, at, found->begin, found->end - found->begin, {},
                     packed{block}.size() - 1);
    return true;
}

} // namespace

integer_text::integer_text(std::int64_t value) noexcept : size_{format_integer(value, digits_)} {}

bool set_value::contains(std::string_view member) const noexcept {
    if (table_ != nullptr) return table_->contains(member);
    if (!are_integers()) return find_packed(bytes_, member).has_value();
    const std::optional<std::int64_t> value = parse_integer(member);
    return value && integer_set{bytes_}.contains(*value);
}

// -- set_builder ------------------------------------------------------------------------------

set_builder::set_builder(const compact_limits& limits, std::size_t expected)
    : most_integers_{within(limits.set_integers, most_integers)},
      most_packed_{within(limits.set_entries, packed::most_elements)},
      longest_packed_{within(limits.set_value, SIZE_MAX / 2)} {
    if (expected <= most_integers_) return;
    if (expected <= most_packed_)
        form_ = collection_encoding::packed;
    else
        use_table();
}

set_builder::set_builder(const compact_limits& limits, const entry& holds)
    : set_builder{limits, std::size_t{0}} {
    if (holds.kept_as() == collection_encoding::integers) {
        const integer_set all{holds.bytes()};
        for (std::size_t i = 0; i < all.size(); ++i)
            integers_.push_back(all.at(i));
    } else {
        form_ = collection_encoding::packed;
        block_ = holds.bytes();
        in_block_ = packed{block_}.size();
    }
}

std::size_t set_builder::size() const noexcept {
    if (table_) return table_->size();
    return form_ == collection_encoding::integers ? integers_.size() : in_block_;
}

bool set_builder::add(std::string_view member) {
    if (table_) return add_to_table(member);
    if (form_ == collection_encoding::packed) return add_packed(member);
    if (const std::optional<std::int64_t> value = parse_integer(member)) return add_integer(*value);
    add_text_to_integers(member);
    return true;
}

bool set_builder::remove(std::string_view member) {
    if (table_) {
        const hashed_key name{member};
        member_table::slot* const found = table_->find(name);
        if (found == nullptr) return false;
        table_->take(*found, name);
        return true;
    }
    if (form_ == collection_encoding::integers) {
        const std::optional<std::int64_t> value = parse_integer(member);
        if (!value) return false;
        const auto place = std::lower_bound(integers_.begin(), integers_.end(), *value);
        if (place == integers_.end() || *place != *value) return false;
        integers_.erase(place);
        return true;
    }
    const auto found = find_packed(block_, member);
    if (!found) return false;
    block_.erase(found->begin, found->end - found->begin);
    --in_block_;
    return true;
}

bool set_builder::add_integer(std::int64_t value) {
    const auto place = std::lower_bound(integers_.begin(), integers_.end(), value);
    if (place != integers_.end() && *place == value) return false;
    integers_.insert(place, value);
    // As Redis has it, too many integers are never packed.
    if (integers_.size() > most_integers_) use_table();
    return true;
}

void set_builder::add_text_to_integers(std::string_view member) {
    std::size_t longest = 0; // of the integers: that of the first or of the last
    if (!integers_.empty())
        longest = std::max(integer_text{integers_.front()}.view().size(),
                           integer_text{integers_.back()}.view().size());
    if (integers_.size() >= most_packed_ || std::max(member.size(), longest) > longest_packed_) {
        use_table();
        add_to_table(member);
        return;
    }
    for (const std::int64_t each : integers_)
        packed::append(block_, integer_text{each}.view());
    in_block_ = integers_.size();
    form_ = collection_encoding::packed;
    add_packed(member);
}

bool set_builder::add_packed(std::string_view member) {
    if (find_packed(block_, member)) return false;
    if (in_block_ >= most_packed_ || member.size() > longest_packed_) {
        use_table();
        return add_to_table(member);
    }
    packed::append(block_, member);
    ++in_block_;
    return true;
}

void set_builder::use_table() {
    if (table_) return;
    auto table = std::make_unique<member_table>(std::max(least_, size()));
    for_each([&](std::string_view member) { mini_redis::add_to_table(*table, member); });
    table_ = std::move(table);
    form_ = collection_encoding::object;
}

bool set_builder::add_to_table(std::string_view member) {
    return mini_redis::add_to_table(*table_, member);
}

entry_ptr set_builder::finish(std::string_view key, std::optional<std::int64_t> expire_at) {
    if (table_) return entry::make_object(value_type::set, key, std::move(table_), expire_at);
    if (form_ == collection_encoding::packed) {
        packed::set_size(block_.data(), in_block_);
        return entry::make_compact(value_type::set, form_, key, block_, expire_at);
    }
    const std::size_t width =
        std::max(integer_set::width_of(integers_.front()), integer_set::width_of(integers_.back()));
    std::string bytes(1, static_cast<char>(width));
    for (const std::int64_t each : integers_)
        integer_set::append(bytes, each, width);
    return entry::make_compact(value_type::set, form_, key, bytes, expire_at);
}

// -- Changes ----------------------------------------------------------------------------------

std::size_t set_add(database& db, const hashed_key& key, located at,
                    std::span<const std::string_view> members) {
    std::size_t added = 0;
    if (!at) {
        // Redis chooses by the first member and by how many there are.
        const std::size_t count = members.size();
        const bool integers = parse_integer(members.front()).has_value();
        const std::size_t packable = within(db.limits().set_entries, packed::most_elements);
        set_builder builder{db.limits(), integers || count <= packable ? count : SIZE_MAX};
        for (const std::string_view member : members)
            added += builder.add(member);
        db.put(key, at, builder.finish(key.name, std::nullopt));
        return added;
    }
    if (at->is_object()) {
        for (const std::string_view member : members)
            added += add_to_table(at->object<member_table>(), member);
        if (added != 0) db.changed(key, &*at);
        return added;
    }
    const bool integers = at->kept_as() == collection_encoding::integers;
    const std::size_t most = integers ? within(db.limits().set_integers, most_integers)
                                      : within(db.limits().set_entries, packed::most_elements);
    if (members.size() > most) { // Redis changes the form for so many, whatever they are
        const bool all_there = std::all_of(members.begin(), members.end(), [&](auto member) {
            return set_value{*at}.contains(member);
        });
        if (!all_there) return rebuild(db, key, at, true, members);
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        const outcome done = at->kept_as() == collection_encoding::integers
                                 ? add_integer(db, key, at, members[i])
                                 : add_packed(db, key, at, members[i]);
        if (done == outcome::does_not_fit)
            return added + rebuild(db, key, at, false, members.subspan(i));
        added += done == outcome::added;
    }
    return added;
}

std::size_t set_remove(database& db, const hashed_key& key, located& at,
                       std::span<const std::string_view> members) {
    std::size_t removed = 0;
    for (const std::string_view member : members) {
        if (!remove_one(db, key, at, member)) continue;
        ++removed;
        if (set_value{*at}.size() == 0) {
            db.erase(key, std::exchange(at, {}));
            return removed;
        }
    }
    if (removed != 0 && at->is_object()) db.changed(key, &*at);
    return removed;
}

} // namespace mini_redis
