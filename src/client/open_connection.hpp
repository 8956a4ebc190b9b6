// From an address to a connection that is ready: name look-up, connecting, introduction.
#pragma once

#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <string>

#include "client/connection.hpp"

namespace mini_redis {

/// As client::connect.
asio::awaitable<std::shared_ptr<connection>> open_connection(std::string address,
                                                             connect_options options);

} // namespace mini_redis
