#include "commands/parked_call.hpp"

#include <algorithm>
#include <utility>

namespace mini_redis {

parked_call::parked_call(const command& what, std::span<const std::string_view> args,
                         std::span<const hashed_key> all_keys, const client_state& from,
                         const parking& why)
    : row{what},
      how{why} {
    client.id = from.id;
    client.database = from.database;
    client.protocol = from.protocol;
    client.no_touch = from.no_touch;

    std::size_t size = 0;
    for (const std::string_view word : args)
        size += word.size();
    text_.reserve(size);
    for (const std::string_view word : args) {
        const std::size_t at = text_.size();
        text_.append(word); // within what was reserved: views stay right
        words.emplace_back(text_.data() + at, word.size());
    }
    const auto own = [&](std::string_view name) {
        return *std::find(words.begin(), words.end(), name);
    };
    for (std::size_t i = 0; i < all_keys.size(); ++i) {
        const bool awaited = i < why.keys;
        const auto same = [&](const hashed_key& other) { return other.name == all_keys[i].name; };
        if (awaited && std::any_of(keys.begin(), keys.end(), same)) {
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

void parked_call::write_timeout(reply_writer& out) const {
    switch (how.otherwise) {
    case timeout_reply::null: return out.null();
    case timeout_reply::null_array: return out.null_array();
    case timeout_reply::zero: return out.integer(0);
    }
}

} // namespace mini_redis
