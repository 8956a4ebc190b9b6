// What all connections of one client have in common.
#pragma once

#include <mini_redis/client_counters.hpp>
#include <mini_redis/connect_options.hpp>
#include <random>
#include <string>
#include <string_view>

#include "client/address.hpp"

namespace mini_redis {

/// Where to connect and how; belongs to one executor.
class client_context {
public:
    /// What the address says goes before the options.
    ///
    /// *Errors*: asio::system_error with errc::bad_address.
    client_context(std::string_view address, connect_options options);

    void log(log_level level, std::string_view text) const {
        if (options.log) options.log(level, text);
    }

    const server_address where;
    const connect_options options;
    const std::string name; ///< of the server, for messages
    client_counters counters;
    std::minstd_rand random; ///< for back-off

private:
    client_context(server_address parsed, connect_options given);
};

} // namespace mini_redis
