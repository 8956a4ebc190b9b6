// Drawing at random among the members of a set or the fields of a hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "commands/arguments.hpp"
#include "store/entry.hpp"

namespace mini_redis {

/// Calls `take` with `count` different members, fewer than there are, every selection with the same
/// chance. `Value` has size(), for_each(), whose arguments `take` gets, and table(), which is null
/// where it is kept compactly; a table's members may come as entries, to `take_entry`.
template <class Value, class Take, class TakeEntry>
void draw_different(const Value& from, std::size_t count, Take&& take, TakeEntry&& take_entry) {
    const std::size_t size = from.size();
    if (from.table() != nullptr && count < size / 4) {
        std::unordered_set<const entry*> drawn; // most draws are new ones
        while (drawn.size() < count) {
            const entry& picked = from.table()->pick(random_number());
            if (drawn.insert(&picked).second) take_entry(picked);
        }
        return;
    }
    // One walk, in which each is taken with the chance that is left for it (selection sampling).
    std::size_t needed = count;
    std::size_t left = size;
    from.for_each([&](auto&&... member) {
        if (needed == 0 || random_number() % left-- >= needed) return;
        --needed;
        take(std::forward<decltype(member)>(member)...);
    });
}

} // namespace mini_redis
