// A blocked client's command, from the moment when it found nothing to the one when it is served,
// times out, or its client leaves.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "commands/client_state.hpp"
#include "commands/command.hpp"
#include "commands/effects.hpp"
#include "commands/owned_words.hpp"
#include "resp/output_buffer.hpp"
#include "store/hash.hpp"
#include "store/listeners.hpp"

namespace mini_redis {

/// Waits in the lists of its keys' shards, and is owned by its client as well. Whoever first calls
/// finish(), or serves it, decides how it ends.
///
/// *Thread safety*: `mutex` guards `finished` and `reply` while it waits; a thread that holds
/// shards' locks may take it, not the other way round. The rest does not change.
class parked_call final : public waiter {
public:
    parked_call(const command& what, std::span<const std::string_view> args,
                std::span<const hashed_key> all_keys, const client_state& from, const parking& how);

    /// Ends the wait without an answer; false if it has ended already.
    bool finish();

    bool has_finished();

    /// The keys that it waits on.
    std::span<const hashed_key> awaited_keys() const noexcept {
        return std::span{keys}.first(how.keys);
    }

    const command& row;
    owned_words request;
    std::vector<hashed_key> keys; ///< views into `request`; each once, the awaited ones first
    client_state client;          ///< what of the client's state the command needs
    parking how;
    std::int64_t ticks = 0; ///< that the command took before it waited; its client's thread's own

    std::mutex mutex;
    bool finished = false;
    output_buffer reply;
    /// Called once it has been served, by the thread that did it, under the locks of shards.
    std::function<void()> on_served;
};

} // namespace mini_redis
