// Sorted sets, whichever way they are kept: what is in them, and how they change.
//
// Members ascend by score, then by their bytes; a rank is a member's number in that order, from 0.
// A range of scores or of members is first made into one of ranks, so that there is one way to
// count, list and remove it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "store/entry.hpp"
#include "store/packed.hpp"
#include "store/sorted_members.hpp"

namespace mini_redis {

struct scored_member {
    std::string_view member;
    double score = 0;
};

/// In the order of a sorted set.
inline bool ranks_before(const scored_member& a, const scored_member& b) noexcept {
    return a.score != b.score ? a.score < b.score : a.member < b.member;
}

/// The ranks from `first` on, without `last`.
struct rank_range {
    std::size_t first = 0;
    std::size_t last = 0;

    std::size_t size() const noexcept { return last - first; }

    bool empty() const noexcept { return first == last; }
};

struct score_range {
    double least = 0;
    double most = 0;
    bool without_least = false;
    bool without_most = false;

    bool is_below(double score) const noexcept {
        return without_least ? score <= least : score < least;
    }

    bool reaches(double score) const noexcept {
        return without_most ? score < most : score <= most;
    }
};

/// An end of a range of members: "[a", "(a", or "-" and "+", which lie before and behind all.
struct member_bound {
    enum class where : std::uint8_t { lowest, value, highest } place = where::value;
    std::string_view text{};
    bool exclusive = false;
};

struct member_range {
    member_bound least{};
    member_bound most{};

    bool is_below(std::string_view member) const noexcept {
        if (least.place != member_bound::where::value)
            return least.place == member_bound::where::highest;
        return least.exclusive ? member <= least.text : member < least.text;
    }

    bool reaches(std::string_view member) const noexcept {
        if (most.place != member_bound::where::value)
            return most.place == member_bound::where::highest;
        return most.exclusive ? member < most.text : member <= most.text;
    }
};

/// Looks at a sorted set, whose entry outlives the view and does not change meanwhile.
class sorted_set_view {
public:
    explicit sorted_set_view(const entry& kept) noexcept : kept_{&kept} {}

    std::size_t size() const noexcept {
        return kept_->is_object() ? object().size() : block().size() / 2;
    }

    std::optional<double> score(std::string_view member) const noexcept;

    struct place {
        std::size_t rank = 0;
        double score = 0;
    };

    std::optional<place> find(std::string_view member) const noexcept;

    /// Who has that rank, which must be less than size().
    scored_member at(std::size_t rank) const noexcept;

    rank_range ranks(const score_range& wanted) const noexcept;
    /// Where all scores are equal; otherwise as far as that makes sense.
    rank_range ranks(const member_range& wanted) const noexcept;

    rank_range all() const noexcept { return {0, size()}; }

    /// Calls `visit(member, score)` for the ranks of a range, which there are, in ascending order.
    template <class Visit>
    void for_each(rank_range range, Visit&& visit) const {
        if (range.empty()) return;
        if (kept_->is_object()) {
            object().ranks().for_each(range.first, range.size(), [&](const rank_tree::item& one) {
                visit(one.member->key(), one.score);
            });
            return;
        }
        packed::iterator here = block().begin();
        for (std::size_t i = 0; i < range.first * 2; ++i)
            ++here;
        for (std::size_t left = range.size(); left > 0; --left, ++here) {
            const std::string_view member = here->text;
            ++here;
            visit(member, score_in(*here));
        }
    }

    template <class Visit>
    void for_each(Visit&& visit) const {
        for_each(all(), std::forward<Visit>(visit));
    }

    /// The same in descending order.
    template <class Visit>
    void for_each_backward(rank_range range, Visit&& visit) const {
        if (range.empty()) return;
        if (kept_->is_object()) {
            object().ranks().for_each_backward(
                range.last - 1, range.size(),
                [&](const rank_tree::item& one) { visit(one.member->key(), one.score); });
            return;
        }
        thread_local std::vector<scored_member> found; // a block is read forwards only
        found.clear();
        for_each(range, [](std::string_view member, double score) {
            found.push_back({member, score});
        });
        for (std::size_t i = found.size(); i-- > 0;)
            visit(found[i].member, found[i].score);
    }

    /// The members by name, in the order in which they are scanned, if it is not a block.
    const member_table* names() const noexcept {
        return kept_->is_object() ? &object().names() : nullptr;
    }

    static double score_in(const packed_element& element) noexcept {
        double score;
        std::memcpy(&score, element.text.data(), sizeof score);
        return score;
    }

private:
    const sorted_members& object() const noexcept { return kept_->object<sorted_members>(); }

    packed block() const noexcept { return packed{kept_->bytes()}; }

    template <class Range, class Of>
    rank_range ranks_of(const Range& wanted, Of&& of) const noexcept;

    const entry* kept_;
};

/// Changes the sorted set at a key, which may not be there yet. finish() ends it.
class sorted_set_editor {
public:
    /// `at` is what find() said of the key.
    sorted_set_editor(database& db, const hashed_key& key, located at) noexcept
        : db_{&db},
          key_{&key},
          at_{at} {}

    /// A member's place, if it is there; valid until the next change.
    struct place {
        hashed_key name;
        bool there = false;
        double score = 0;
        std::size_t begin = 0; ///< in a block: where the member begins, and where its score ends
        std::size_t end = 0;
        member_table::slot* slot = nullptr;
    };

    std::size_t size() const noexcept { return at_ ? sorted_set_view{*at_}.size() : 0; }

    place find(std::string_view member) const noexcept;

    /// Gives the member that score, and adds it if it is not there.
    void put(const place& where, double score);

    void erase(const place& where);

    void erase(rank_range range);

    /// Says that there was a change, or removes the key of a set that has become empty: then true.
    bool finish();

private:
    sorted_members& object() const noexcept { return at_->object<sorted_members>(); }

    void create(const hashed_key& member, double score);
    void add_packed(std::string_view member, double score);
    void move_packed(const place& where, double score);
    void put_score(std::size_t end, double score);
    void become_object();

    database* db_;
    const hashed_key* key_;
    located at_;
    bool emptied_ = false; // as a whole: nobody has taken the members out one by one
    bool silent_ = false;  // an object has changed, and nobody has been told
};

/// A new entry with these members, which stand in the order of a sorted set, each once.
entry_ptr make_sorted_set(std::string_view key, std::span<const scored_member> members,
                          const compact_limits& limits);

} // namespace mini_redis
