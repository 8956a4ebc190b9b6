// From an address to a connection that is ready: name look-up, connecting, introduction.
#pragma once

#include <cstdint>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <string>
#include <string_view>

#include "client/connection.hpp"

namespace mini_redis {

struct host_and_port {
    std::string host;
    std::uint16_t port = 6379;
};

/// Reads `host:port`, `host`, `[v6]:port`, `[v6]` or a bare v6 address.
///
/// *Errors*: asio::system_error with errc::bad_address.
host_and_port parse_address(std::string_view address);

/// As client::connect.
asio::awaitable<std::shared_ptr<connection>> open_connection(std::string address,
                                                             connect_options options);

} // namespace mini_redis
