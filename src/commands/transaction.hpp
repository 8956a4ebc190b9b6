// What a client has queued since MULTI, and the keys that it watches.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "commands/owned_words.hpp"
#include "store/listeners.hpp"

namespace mini_redis {

class sharded_store;

/// *Thread safety*: belongs to its client, except for the watch, which the shards share.
struct transaction {
    std::vector<owned_words> requests;
    std::size_t memory = 0;    ///< what they occupy
    bool needs_memory = false; ///< one of them does: without, EXEC will refuse
    bool doomed = false;       ///< a request could not be queued: EXEC will refuse

    std::shared_ptr<watch> watching; ///< null: nothing is watched
    std::vector<key_place> watched;

    /// Begins to watch a key, whose lock the caller holds.
    void watch_key(sharded_store& store, std::size_t database, std::string_view key);

    /// Whether a watched key has changed. The caller holds the locks of all of them.
    bool is_broken() const noexcept { return watching && watching->broken(); }
};

/// Ends the watching, with the locks of the keys' shards held by the caller or, unless `locked`,
/// taken one by one here; that may throw server_busy, and can be tried again.
void unwatch_all(transaction& of, sharded_store& store, bool locked);

} // namespace mini_redis
