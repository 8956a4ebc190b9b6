// How a client gets to its server, and how long it waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <mini_redis/call_hook.hpp>
#include <mini_redis/frame.hpp>
#include <string>

namespace mini_redis {

/// What a connection over TLS needs to know, if the system's certificates are not it.
struct tls_options {
    /// A file of certificates (PEM) by which the server's is judged; empty: the system's.
    std::string ca_file{};
    /// This client's own certificate (a chain, PEM) and key, if the server asks for one.
    std::string certificate_file{};
    std::string key_file{};
    /// The name that the server's certificate must be for; empty: the host of the address.
    std::string server_name{};
    /// False: any certificate will do. Then somebody else may answer as the server.
    bool verify = true;
};

/// What client::connect may be told besides the address.
///
///     connect_options options;
///     options.client_name = "worker";
///     client c = co_await client::connect("localhost", options);
struct connect_options {
    /// Keeps it from being an aggregate: GCC 12 destroys an aggregate that is made inside a
    /// co_await expression twice, a default argument too.
    connect_options() = default;

    /// For everything until the client can be used: name look-up, connecting, TLS, HELLO, AUTH,
    /// SELECT; of each attempt, when it reconnects. Zero: no limit but the operating system's.
    std::chrono::milliseconds connect_timeout{5'000};

    /// For each call, from its beginning to its reply, whether there is a connection or not. Zero:
    /// no limit.
    std::chrono::milliseconds call_timeout{5'000};

    /// CLIENT SETNAME, unless empty.
    std::string client_name{};

    /// Sent with AUTH, unless the password is empty. An empty user is the server's "default".
    std::string user{};
    std::string password{};

    /// SELECT, unless 0.
    int database = 0;

    /// resp3 asks with HELLO 3, and stays with RESP2 if the server does not know it, or closes the
    /// connection without a word (twemproxy): then another one is made. resp2 does not ask.
    protocol_version protocol = protocol_version::resp3;

    /// In RESP2 there may be nothing to say before the first call; then PING asks whether the
    /// server lets one in, as it may want a password. False: that turns out with the first call.
    bool ask_before_calls = true;

    /// TLS, as an address that begins with rediss:// asks for as well.
    bool use_tls = false;
    tls_options tls{};

    /// Whether a lost connection is made again. If not, the client is of no use without it: calls
    /// fail with errc::not_sent.
    bool reconnect = true;

    /// How long it waits before it tries again: nothing the first time, then a random time of up to
    /// reconnect_delay, and twice as long each time up to longest_reconnect_delay.
    std::chrono::milliseconds reconnect_delay{100};
    std::chrono::milliseconds longest_reconnect_delay{5'000};

    /// Whether calls that find no connection wait for it, until their time-out; if not, they fail
    /// at once with errc::not_sent.
    bool wait_for_connection = true;

    /// A connection on which nothing was heard for so long is tried with PING; if then nothing is
    /// heard for as long again, it is given up. Zero: never.
    std::chrono::milliseconds health_check{10'000};

    /// Back-pressure: so many bytes of requests are under way without a reply at most; what is more
    /// waits in the client …
    std::size_t most_outstanding = 16 * 1024 * 1024;
    /// … and when so many bytes wait there, further calls fail with errc::overloaded.
    std::size_t most_unsent = 256 * 1024 * 1024;

    /// How many connections there are at most for blocking calls and for transactions that watch
    /// keys, each of which takes one meanwhile. Who finds none free waits for one, in order and
    /// within its time-out, which then says so. Blocking calls leave the last one to transactions,
    /// unless it is the only one. Subscribers' connections do not count. Zero: any number.
    std::size_t most_connections = 32;

    /// How many of them are kept when they are not in use.
    std::size_t pool_size = 8;

    /// Hooks; see there.
    call_hook on_call{};
    log_hook log{};
};

} // namespace mini_redis
