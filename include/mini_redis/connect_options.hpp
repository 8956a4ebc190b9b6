// How a client gets to its server, and how long it waits.
#pragma once

#include <chrono>
#include <mini_redis/frame.hpp>
#include <string>

namespace mini_redis {

/// What client::connect may be told besides the address.
///
///     connect_options options;
///     options.client_name = "worker";
///     client c = co_await client::connect("localhost", options);
struct connect_options {
    /// Keeps it from being an aggregate: GCC 12 destroys an aggregate that is made inside a
    /// co_await expression twice, a default argument too.
    connect_options() = default;

    /// For everything until the client can be used: name look-up, connecting, HELLO, AUTH, SELECT.
    /// Zero: no limit but the operating system's.
    std::chrono::milliseconds connect_timeout{5'000};

    /// For each call, from when it is written to its reply. Zero: no limit.
    std::chrono::milliseconds call_timeout{5'000};

    /// Sent with HELLO SETNAME (or CLIENT SETNAME), unless empty.
    std::string client_name{};

    /// Sent with AUTH, unless the password is empty. An empty user is the server's "default".
    std::string user{};
    std::string password{};

    /// SELECT, unless 0.
    int database = 0;

    /// resp3 asks with HELLO 3, and stays with RESP2 if the server does not know it.
    protocol_version protocol = protocol_version::resp3;
};

} // namespace mini_redis
