// Client-side caching: what a client has asked to be told of, and the commands by which it does.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace mini_redis {

struct client_state;
struct context;
class services;
class sharded_store;

/// CLIENT TRACKING's options, of a client for which it is on.
///
/// *Thread safety*: belongs to the thread of its connection, as client_state.
struct tracking_state {
    bool broadcast = false;     ///< BCAST: told of all keys with its prefixes, whoever reads them
    bool opt_in = false;        ///< only what follows CLIENT CACHING YES counts as read
    bool opt_out = false;       ///< all but what follows CLIENT CACHING NO
    bool no_loop = false;       ///< not told of what it changes itself
    bool caching = false;       ///< CLIENT CACHING was called for the next request or transaction
    bool broken = false;        ///< there was something to tell, and `redirect` was gone
    std::uint64_t redirect = 0; ///< the client that is told in its place; 0: itself
    std::set<std::string, std::less<>> prefixes; ///< with `broadcast`

    /// Whether a key that the client reads now counts as read.
    bool counts_reads() const noexcept {
        return !broadcast && (opt_in ? caching : !(opt_out && caching));
    }
};

/// Ends tracking, if it is on. `locked`: the caller holds the locks of all shards, otherwise of
/// none.
void end_tracking(client_state& client, sharded_store& store, services& server,
                  bool locked) noexcept;

void client_caching(context& c);
void client_getredir(context& c);
void client_tracking(context& c);
void client_trackinginfo(context& c);

} // namespace mini_redis
