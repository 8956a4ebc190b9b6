// What the list commands share with those that wait: taking elements off a list, and moving one to
// another list, with their replies and notifications.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "commands/context.hpp"
#include "commands/type_checks.hpp"
#include "store/list_value.hpp"

namespace mini_redis {

/// LEFT or RIGHT; otherwise replies with an error and returns nothing.
std::optional<list_end> list_end_argument(context& c, std::string_view word);

/// Replies with the element at that end of the list at the key, and takes it off.
void pop_one(context& c, const hashed_key& key, located found, list_end where);

/// Replies with an array of up to `most` elements from that end, and takes them off.
void pop_many(context& c, const hashed_key& key, located found, list_end where, std::size_t most);

/// Replies with the element at an end of the list `source`, which exists, and moves it to
/// `destination`, which may be the same; or with an error if that is no list.
void move_one(context& c, const hashed_key& source, located found, list_end from,
              const hashed_key& destination, list_end to);

/// What LMPOP and BLMPOP are told besides their keys.
struct many_pop {
    list_end where = list_end::head;
    std::size_t count = 1;
};

/// Read from the word on that says how many keys there are; otherwise replies with an error and
/// returns nothing.
std::optional<many_pop> many_pop_arguments(context& c, std::size_t numkeys_at);

/// Pops from the first of the command's keys that holds a list, and replies with its name and an
/// array of the elements. False, and no reply, if none does.
bool pop_from_first(context& c, const many_pop& how);

} // namespace mini_redis
