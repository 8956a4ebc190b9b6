// What a connection has told the server about itself, as commands see and change it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mini_redis/frame.hpp>
#include <set>
#include <string>

namespace mini_redis {

/// Which replies CLIENT REPLY lets through.
enum class reply_mode : std::uint8_t {
    on,
    off,
    skip_next, ///< CLIENT REPLY SKIP was just called: the next command's reply is left out
    skip,      ///< this command's reply is left out, then on again
};

struct tracking_state;
struct transaction;
class parked_call;

/// The state of one connection.
///
/// *Thread safety*: belongs to the thread of its connection; what others may ask about a client
/// goes through services::clients().
struct client_state {
    client_state();
    ~client_state();

    std::uint64_t id = 0;
    std::uint32_t database = 0;
    protocol_version protocol = protocol_version::resp2;
    reply_mode replies = reply_mode::on;
    bool authenticated = true;
    bool close_after_reply = false;
    bool close_without_reply =
        false; ///< with close_after_reply: not even what was just written is sent
    bool no_evict = false;
    bool no_touch = false;
    bool monitoring = false;     ///< fed by MONITOR; set by services
    bool in_transaction = false; ///< after MULTI: `queue` is there
    bool tracking = false;       ///< after CLIENT TRACKING ON: `extra->tracking` is there
    /// While EXEC runs, whose replies are one array: how many requests it has.
    std::uint32_t in_exec = 0;

    /// What the client waits for; while it is set, no further command of it is executed.
    std::shared_ptr<parked_call> parked;

    /// What only few connections have.
    struct rare {
        rare();
        ~rare();

        std::string name;
        std::string library_name;
        std::string library_version;
        std::set<std::string, std::less<>> channels;
        std::set<std::string, std::less<>> patterns;
        std::set<std::string, std::less<>> shard_channels;
        std::unique_ptr<transaction> queue; ///< MULTI and WATCH
        std::unique_ptr<tracking_state> tracking;
    };

    std::unique_ptr<rare> extra;

    rare& ensure_extra() {
        if (!extra) extra = std::make_unique<rare>();
        return *extra;
    }

    std::size_t subscriptions() const noexcept {
        return extra
                   ? extra->channels.size() + extra->patterns.size() + extra->shard_channels.size()
                   : 0;
    }
};

} // namespace mini_redis
