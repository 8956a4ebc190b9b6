#include "commands/transaction.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "store/sharded_store.hpp"

namespace mini_redis {

void transaction::watch_key(sharded_store& store, std::size_t database, std::string_view key) {
    key_place place{database, std::string{key}};
    if (!watching) watching = std::make_shared<watch>();
    // Whether this client watches it already: the key has fewer watches than the client may have.
    auto& watches = store.ensure_listeners(store.shard_of(hashed_key{key})).watches[place];
    if (std::find(watches.rbegin(), watches.rend(), watching) != watches.rend()) return;
    watches.push_back(watching);
    watched.push_back(std::move(place));
}

void unwatch_all(transaction& of, sharded_store& store, bool locked) {
    for (const key_place& place : of.watched) {
        const hashed_key key{place.second};
        std::optional<store_guard> guard;
        if (!locked) guard.emplace(store, key);
        shard& home = store.shard_of(key);
        if (!home.listeners) continue;
        auto& watches = home.listeners->watches;
        const auto found = watches.find(place);
        if (found == watches.end()) continue;
        std::erase(found->second, of.watching);
        if (found->second.empty()) watches.erase(found);
        store.drop_listeners_if_unused(home);
    }
    of.watched.clear();
    of.watching.reset();
}

} // namespace mini_redis
