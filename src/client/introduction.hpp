// What a connection says before anything else: HELLO, AUTH, CLIENT SETNAME and SETINFO, SELECT.
#pragma once

#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/frame.hpp>
#include <system_error>

#include "client/transport.hpp"

namespace mini_redis {

/// The server has closed the connection at HELLO, without a word: it may be one that speaks RESP2
/// alone, such as twemproxy.
class hello_unanswered : public std::system_error {
public:
    using std::system_error::system_error;
};

/// Gives the protocol that was agreed on: RESP3 only if it is `asked` for.
///
/// *Errors*: hello_unanswered; redis_error if the server refuses (WRONGPASS, NOAUTH, LOADING …);
/// asio::system_error: the socket's, errc::protocol_error, errc::connection_closed. *Cancellation*:
/// by closing the transport.
asio::awaitable<protocol_version> introduce(transport& to, const connect_options& options,
                                            protocol_version asked);

} // namespace mini_redis
