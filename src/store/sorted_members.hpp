// A sorted set that has outgrown a compact block: its members by name, each with its score, and by
// rank.
//
// Invariant: both hold the same members; an entry's value is the 8 bytes of the score it has in the
// tree.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "store/entry.hpp"
#include "store/member_table.hpp"
#include "store/rank_tree.hpp"

namespace mini_redis {

/// *Thread safety*: none; the lock of its key's shard guards it.
class sorted_members final : public collection {
public:
    /// With room for so many members.
    explicit sorted_members(std::size_t expected = 0) : names_{expected} {}

    std::size_t size() const noexcept override { return ranks_.size(); }

    std::size_t memory() const noexcept override { return names_.memory() + ranks_.memory(); }

    std::unique_ptr<collection> clone() const override {
        auto copy = std::make_unique<sorted_members>(size());
        ranks_.for_each(0, size(), [&](const rank_tree::item& one) {
            copy->add(hashed_key{one.member->key()}, one.score);
        });
        return copy;
    }

    const member_table& names() const noexcept { return names_; }

    const rank_tree& ranks() const noexcept { return ranks_; }

    static double score_of(const entry& member) noexcept {
        double score;
        std::memcpy(&score, member.bytes().data(), sizeof score);
        return score;
    }

    /// Adds a member that is not there.
    void add(const hashed_key& name, double score) {
        char bytes[sizeof score];
        std::memcpy(bytes, &score, sizeof score);
        entry& made = names_.insert(name, entry::make_string(name.name, {bytes, sizeof bytes},
                                                             std::nullopt, string_encoding::raw));
        try {
            ranks_.insert({score, &made});
        } catch (const std::bad_alloc&) {
            names_.take(*names_.find(name), name);
            throw;
        }
    }

    void set_score(entry& member, double score) {
        ranks_.move({score_of(member), &member}, score);
        std::memcpy(member.mutable_bytes().data(), &score, sizeof score);
    }

    void erase(member_table::slot& place, const hashed_key& name) noexcept {
        entry& gone = member_table::at(place);
        ranks_.erase({score_of(gone), &gone});
        names_.take(place, name);
    }

private:
    member_table names_;
    rank_tree ranks_;
};

} // namespace mini_redis
