// What all connections of one client have in common.
#pragma once

#include <mini_redis/client_counters.hpp>
#include <mini_redis/connect_options.hpp>
#include <random>
#include <string>
#include <string_view>

#include "client/address.hpp"
#include "client/connection_setup.hpp"
#include "client/turn_end.hpp"

namespace mini_redis {

/// Where to connect and how; belongs to one executor.
class client_context {
public:
    /// What the address says goes before the options. `loop` is that of a blocking client, or null.
    ///
    /// *Errors*: asio::system_error with errc::bad_address.
    client_context(std::string_view address, connect_options options, turn_end* loop);

    /// For another loop: what counts on one thread must not be counted on another.
    client_context(const client_context& other, turn_end* loop);

    client_context(const client_context&) = delete;
    client_context& operator=(const client_context&) = delete;

    void log(log_level level, std::string_view text) const {
        if (options.log) options.log(level, text);
    }

    const server_address where;
    const connect_options options;
    const std::string name; ///< of the server, for messages
    client_counters counters;
    connection_setup setup;
    std::minstd_rand random; ///< for back-off
    turn_end* const loop;

private:
    client_context(server_address parsed, connect_options given, turn_end* of);
};

} // namespace mini_redis
