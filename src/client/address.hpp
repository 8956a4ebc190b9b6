// What the texts mean by which a server is named.
//
//   address = host-and-port | url | "unix://" path [ "?db=" number ]
//   host-and-port = host [ ":" port ] | "[" v6 "]" [ ":" port ] | v6
//   url = ( "redis://" | "rediss://" ) [ [ user ] ":" password "@" ] host-and-port [ "/" database ]
//
// User, password and path may have bytes written as %xx (RFC 3986). rediss is redis over TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mini_redis {

struct server_address {
    std::string host{}; ///< a name or a number; not of a unix socket
    std::uint16_t port = 6379;
    std::string path{}; ///< of a unix socket, or empty
    bool tls = false;
    // What connect_options say as well; the address goes before them.
    std::optional<std::string> user{};
    std::optional<std::string> password{};
    std::optional<int> database{};
};

/// *Errors*: asio::system_error with errc::bad_address; the message has no password in it.
server_address parse_address(std::string_view text);

/// The address as messages show it: without user and password.
std::string shown_address(const server_address& address);

} // namespace mini_redis
