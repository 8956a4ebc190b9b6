// Every connection of the server by its number, for CLIENT LIST, CLIENT KILL and the connection
// limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "commands/services.hpp"

namespace mini_redis {

class session;

/// *Thread safety*: every function may be called from any thread.
class directory {
public:
    void add(session& one);
    void remove(session& one);

    std::size_t size() const;
    /// What all of them take, in bytes.
    std::size_t memory() const;
    std::vector<client_info> describe_all() const;
    client_info describe(const session& one) const;
    /// The session of that number, or null.
    std::shared_ptr<session> find(std::uint64_t id) const;

    void publish_names(session& one);

    /// Lets the peer of a session see the end of its connection now, if it is still there.
    void hang_up(session& one) const;

    /// Those that match, the `caller` among them or not as the filter says.
    /// None if the connection of `caller` has been ended itself: nobody is to be killed by the
    /// dead.
    std::vector<std::shared_ptr<session>> matching(const client_filter& which,
                                                   const session* caller = nullptr) const;

private:
    mutable std::mutex mutex_;
    std::map<std::uint64_t, session*> sessions_; // guarded by mutex_; in the order of their numbers
};

} // namespace mini_redis
