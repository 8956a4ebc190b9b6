// What sessions are told by others, on its way through their workers' mailboxes.
#pragma once

#include <cstddef>

namespace mini_redis {

class session;

/// *Thread safety*: does not change, since the workers of all receivers share it.
class session_message {
public:
    virtual ~session_message() = default;

    /// About as many bytes as it is on the wire.
    virtual std::size_t size() const noexcept = 0;

    /// On the receiver's thread.
    virtual void give_to(session& receiver) const = 0;

protected:
    session_message() = default;
    session_message(const session_message&) = default;
    session_message(session_message&&) = default;
    session_message& operator=(const session_message&) = default;
    session_message& operator=(session_message&&) = default;
};

} // namespace mini_redis
