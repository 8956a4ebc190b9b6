#include "store/sorted_set_value.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

namespace mini_redis {
namespace {

bool fits_block(const compact_limits& limits, std::size_t members,
                std::size_t longest_member) noexcept {
    const std::int64_t most = limits.zset_entries.load(std::memory_order_relaxed);
    const std::int64_t longest = limits.zset_value.load(std::memory_order_relaxed);
    return static_cast<std::int64_t>(members) <= most && members <= packed::most_elements / 2 &&
           static_cast<std::int64_t>(longest_member) <= longest;
}

// As Redis's blocks, which hold numbers as text: a zero has no sign there.
double as_kept(double score) noexcept {
    return score + 0.0;
}

void append_pair(std::string& out, std::string_view member, double score) {
    packed::append(out, member);
    score = as_kept(score);
    char bytes[sizeof score];
    std::memcpy(bytes, &score, sizeof score);
    packed::append(out, {bytes, sizeof bytes});
}

// Where a member with that score belongs in a block that does not hold it, but for `but`, the
// offset of the one that is to move.
std::size_t place_for(std::string_view bytes, const scored_member& wanted,
                      std::size_t but = 0) noexcept {
    const packed block{bytes};
    for (packed::iterator here = block.begin(); here != block.end(); ++here) {
        const packed_element member = *here;
        ++here;
        if (member.begin == but) continue;
        if (!ranks_before({member.text, sorted_set_view::score_in(*here)}, wanted))
            return member.begin;
    }
    return bytes.size();
}

std::string& scratch() {
    thread_local std::string bytes;
    bytes.clear();
    return bytes;
}

} // namespace

// -- Looking ----------------------------------------------------------------------------------

std::optional<double> sorted_set_view::score(std::string_view member) const noexcept {
    if (kept_->is_object()) {
        member_table::slot* const found = object().names().find(hashed_key{member});
        if (found == nullptr) return std::nullopt;
        return sorted_members::score_of(member_table::at(*found));
    }
    const std::optional<place> found = find(member);
    return found ? std::optional{found->score} : std::nullopt;
}

std::optional<sorted_set_view::place>
sorted_set_view::find(std::string_view member) const noexcept {
    if (kept_->is_object()) {
        member_table::slot* const found = object().names().find(hashed_key{member});
        if (found == nullptr) return std::nullopt;
        entry& one = member_table::at(*found);
        const double score = sorted_members::score_of(one);
        return place{object().ranks().rank({score, &one}), score};
    }
    std::size_t rank = 0;
    const packed all = block();
    for (packed::iterator here = all.begin(); here != all.end(); ++here, ++rank) {
        const bool found = here->text == member;
        ++here;
        if (found) return place{rank, score_in(*here)};
    }
    return std::nullopt;
}

scored_member sorted_set_view::at(std::size_t rank) const noexcept {
    scored_member found;
    for_each({rank, rank + 1}, [&](std::string_view member, double score) {
        found = {member, score};
    });
    return found;
}

template <class Range, class Of>
rank_range sorted_set_view::ranks_of(const Range& wanted, Of&& of) const noexcept {
    rank_range found;
    if (kept_->is_object()) {
        const rank_tree& tree = object().ranks();
        const auto value = [&](const rank_tree::item& one) {
            return of([&] { return one.member->key(); }, one.score);
        };
        found.first = tree.count_while(
            [&](const rank_tree::item& one) { return wanted.is_below(value(one)); });
        found.last = tree.count_while(
            [&](const rank_tree::item& one) { return wanted.reaches(value(one)); });
        found.last = std::max(found.first, found.last);
        return found;
    }
    const packed all = block();
    packed::iterator here = all.begin();
    std::size_t rank = 0;
    const auto skip_while = [&](auto&& holds) {
        for (; here != all.end(); ++rank) {
            packed::iterator score = here;
            ++score;
            if (!holds(of([&] { return here->text; }, score_in(*score)))) return;
            here = ++score;
        }
    };
    skip_while([&](auto value) { return wanted.is_below(value); });
    found.first = rank;
    skip_while([&](auto value) { return wanted.reaches(value); });
    found.last = rank;
    return found;
}

rank_range sorted_set_view::ranks(const score_range& wanted) const noexcept {
    return ranks_of(wanted, [](auto&&, double score) { return score; });
}

rank_range sorted_set_view::ranks(const member_range& wanted) const noexcept {
    return ranks_of(wanted, [](auto&& member, double) { return member(); });
}

// -- Changing ---------------------------------------------------------------------------------

sorted_set_editor::place sorted_set_editor::find(std::string_view member) const noexcept {
    place found;
    if (at_ && at_->is_object()) {
        found.name = hashed_key{member};
        found.slot = object().names().find(found.name);
        found.there = found.slot != nullptr;
        if (found.there) found.score = sorted_members::score_of(member_table::at(*found.slot));
        return found;
    }
    found.name.name = member; // its hash is of no use to a block
    if (!at_) return found;
    const packed all{at_->bytes()};
    for (packed::iterator here = all.begin(); here != all.end(); ++here) {
        const packed_element one = *here;
        ++here;
        if (one.text != member) continue;
        found.there = true;
        found.score = sorted_set_view::score_in(*here);
        found.begin = one.begin;
        found.end = here->end;
        break;
    }
    return found;
}

void sorted_set_editor::put(const place& where, double score) {
    if (!at_) return create(where.name, score);
    if (!at_->is_object()) {
        if (where.there) return move_packed(where, score);
        if (fits_block(db_->limits(), size() + 1, where.name.name.size()))
            return add_packed(where.name.name, score);
        become_object();
        object().add(hashed_key{where.name.name}, score);
    } else if (where.there) {
        object().set_score(member_table::at(*where.slot), score);
    } else {
        object().add(where.name, score);
    }
    silent_ = true;
}

void sorted_set_editor::create(const hashed_key& member, double score) {
    const scored_member only{member.name, score};
    db_->put(*key_, at_, make_sorted_set(key_->name, {&only, 1}, db_->limits()));
    at_ = db_->find(*key_);
}

void sorted_set_editor::add_packed(std::string_view member, double score) {
    std::string& bytes = scratch();
    append_pair(bytes, member, score);
    const std::size_t count = packed{at_->bytes()}.size();
    const std::size_t offset = place_for(at_->bytes(), {member, score});
    db_->splice_packed(*key_, at_, offset, 0, bytes, count + 2);
}

void sorted_set_editor::move_packed(const place& where, double score) {
    const std::size_t size = where.end - where.begin;
    std::size_t offset = place_for(at_->bytes(), {where.name.name, score}, where.begin);
    if (offset == where.begin || offset == where.end) // it stays where it is
        return put_score(where.end, score);
    // The bytes stay as many: what stands between the two places makes way.
    char* const bytes = at_->mutable_bytes().data();
    char* const begin = bytes + where.begin;
    char* const end = bytes + where.end;
    if (offset > where.end) {
        std::rotate(begin, end, bytes + offset);
        offset -= size;
    } else {
        std::rotate(bytes + offset, begin, end);
    }
    put_score(offset + size, score);
}

// Overwrites the score of the member whose bytes end there.
void sorted_set_editor::put_score(std::size_t end, double score) {
    score = as_kept(score);
    std::memcpy(at_->mutable_bytes().data() + end - sizeof score, &score, sizeof score);
    silent_ = true;
}

void sorted_set_editor::become_object() {
    auto made = std::make_unique<sorted_members>();
    sorted_set_view{*at_}.for_each(
        [&](std::string_view member, double score) { made->add(hashed_key{member}, score); });
    db_->put(*key_, at_,
             entry::make_object(value_type::zset, key_->name, std::move(made), at_->expiry()));
}

void sorted_set_editor::erase(const place& where) {
    if (at_->is_object()) {
        object().erase(*where.slot, where.name);
        silent_ = true;
        return;
    }
    const std::size_t count = packed{at_->bytes()}.size();
    db_->splice_packed(*key_, at_, where.begin, where.end - where.begin, {}, count - 2);
}

void sorted_set_editor::erase(rank_range range) {
    if (range.empty()) return;
    if (range.size() == size()) {
        emptied_ = true;
        return;
    }
    if (at_->is_object()) {
        for (std::size_t left = range.size(); left > 0; --left) {
            const hashed_key name{object().ranks().at(range.first).member->key()};
            object().erase(*object().names().find(name), name);
        }
        silent_ = true;
        return;
    }
    const packed all{at_->bytes()};
    packed::iterator here = all.begin();
    for (std::size_t i = 0; i < range.first * 2; ++i)
        ++here;
    const std::size_t begin = here->begin;
    for (std::size_t i = 0; i < range.size() * 2; ++i)
        ++here;
    db_->splice_packed(*key_, at_, begin, here->begin - begin, {}, all.size() - range.size() * 2);
}

bool sorted_set_editor::finish() {
    if (at_ && (emptied_ || size() == 0)) {
        db_->erase(*key_, at_);
        at_ = {};
        return true;
    }
    if (silent_) db_->changed(*key_, &*at_);
    silent_ = false;
    return false;
}

entry_ptr make_sorted_set(std::string_view key, std::span<const scored_member> members,
                          const compact_limits& limits) {
    std::size_t longest = 0;
    for (const scored_member& one : members)
        longest = std::max(longest, one.member.size());
    if (!fits_block(limits, members.size(), longest)) {
        auto made = std::make_unique<sorted_members>(members.size());
        for (const scored_member& one : members)
            made->add(hashed_key{one.member}, one.score);
        return entry::make_object(value_type::zset, key, std::move(made), std::nullopt);
    }
    std::string& bytes = scratch();
    bytes.append(packed::header, '\0');
    for (const scored_member& one : members)
        append_pair(bytes, one.member, one.score);
    packed::set_size(bytes.data(), members.size() * 2);
    return entry::make_compact(value_type::zset, collection_encoding::packed, key, bytes,
                               std::nullopt);
}

} // namespace mini_redis
