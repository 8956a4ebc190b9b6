#include "commands/parked_call.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace mini_redis {

parked_call::parked_call(const command& what, std::span<const std::string_view> args,
                         std::span<const hashed_key> all_keys, const client_state& from,
                         const parking& why)
    : row{what},
      request{args},
      how{why} {
    told_of_loss = why.also_when_lost;
    how.words.clear(); // they are in the request
    client.id = from.id;
    client.database = from.database;
    client.protocol = from.protocol;
    client.no_touch = from.no_touch;

    // Keys come in the order of the words, so that each is looked for where the last was found.
    const std::span words = request.words();
    auto place = words.begin();
    const auto own = [&](std::string_view name) {
        place = std::find(place, words.end(), name);
        if (place == words.end()) place = std::find(words.begin(), words.end(), name);
        return *place;
    };
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < all_keys.size(); ++i) {
        if (i < why.keys && why.keys > 1 && !seen.insert(all_keys[i].name).second) {
            --how.keys; // a key that is named twice is waited on once
            continue;
        }
        hashed_key key = all_keys[i];
        key.name = own(key.name);
        keys.push_back(key);
    }
    for (std::size_t i = how.keys; i < keys.size(); ++i)
        also_needs.push_back(keys[i].hash);
}

bool parked_call::finish() {
    const std::lock_guard lock{mutex};
    return !std::exchange(finished, true);
}

bool parked_call::has_finished() {
    const std::lock_guard lock{mutex};
    return finished;
}

} // namespace mini_redis
