// What a client that keeps copies is told: which of them are not worth anything any more.
//
//   RESP3         >2 "invalidate" keys
//   RESP2         *3 "message" "__redis__:invalidate" keys     to the client that it redirects to,
//                                                              if that subscribes to anything
//   keys          *n, each a bulk string | null for all        null as the tracking client's
//                                                              protocol has it
//   gone          >2 "tracking-redir-broken" :id               if there is no such client any more
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mini_redis/frame.hpp>
#include <string>
#include <utility>
#include <vector>

#include "resp/reply_writer.hpp"
#include "server/session_message.hpp"

namespace mini_redis {

/// A key and the client that has changed it, or 0.
struct changed_key {
    std::string name;
    std::uint64_t by = 0;
};

/// Several messages share the keys. Null: all there are.
using changed_keys = std::shared_ptr<const std::vector<changed_key>>;

/// To a client that tracks.
class invalidation final : public session_message {
public:
    enum class cause : std::uint8_t { read, forgotten, broadcast, flush };

    invalidation(cause from, changed_keys what) noexcept : why{from}, keys{std::move(what)} {}

    std::size_t size() const noexcept override;
    void give_to(session& receiver) const override;

    const cause why;
    const changed_keys keys;
};

/// To the client that one redirects to.
class redirected_invalidation final : public session_message {
public:
    redirected_invalidation(changed_keys what, std::uint64_t by_all_but,
                            protocol_version of) noexcept
        : keys{std::move(what)},
          except{by_all_but},
          protocol{of} {}

    std::size_t size() const noexcept override;
    void give_to(session& receiver) const override;

    const changed_keys keys;
    const std::uint64_t except;      ///< keys that were changed by this client are left out
    const protocol_version protocol; ///< the tracking client's
};

/// How many of the keys were changed by others.
std::size_t count_of_others(const changed_keys& keys, std::uint64_t except) noexcept;

/// Writes what follows "invalidate". `protocol` is the tracking client's.
void write_keys(reply_writer& out, const changed_keys& keys, std::uint64_t except,
                protocol_version protocol);

} // namespace mini_redis
