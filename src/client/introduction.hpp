// What a connection says before anything else: HELLO, AUTH, CLIENT SETNAME and SETINFO, SELECT.
#pragma once

#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/frame.hpp>

#include "client/transport.hpp"

namespace mini_redis {

/// Gives the protocol that was agreed on.
///
/// *Errors*: redis_error if the server refuses (WRONGPASS, NOAUTH, LOADING …); asio::system_error:
/// the socket's, errc::protocol_error, errc::connection_closed. *Cancellation*: by closing the
/// transport.
asio::awaitable<protocol_version> introduce(transport& to, const connect_options& options);

} // namespace mini_redis
