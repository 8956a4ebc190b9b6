// What the snippets of the documents stand in. A snippet is included where its code can stand, as
// "mini_redis/client.hpp.1": the first one of that header; the lines around it are what its reader
// has to imagine, and tell whether it did what it says.
#pragma once

#include <asio/steady_timer.hpp>
#include <concepts>
#include <cstdint>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "client/support.hpp"

namespace snippets {

using namespace mini_redis;
using namespace mini_redis::test;

/// What print() has written, a line each.
inline std::string printed;

template <class T>
void print(const T& value) {
    std::ostringstream line;
    line << value << '\n';
    printed += line.str();
}

/// Since the last time.
inline std::string take_printed() {
    return std::exchange(printed, {});
}

/// The server that the snippets of a test talk to.
inline std::string address;

/// Calls test() while `address` is that of each server that knows the command in turn.
template <class Test>
void with_servers(std::string_view command, Test test) {
    with_servers_that_know(command, [&](server_kind kind, const redis_process& server) {
        INFO(to_string(kind));
        address = address_of(server);
        printed.clear();
        test();
    });
}

/// The same with a coroutine that gets a client.
template <class Body>
void with_client(std::string_view command, Body body) {
    with_servers(command, [&] {
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address);
            co_await body(c);
        });
    });
}

inline void with_client(auto body) {
    with_client("PING", std::move(body));
}

/// A client that gets to that server whatever address a snippet shows, but by TLS if it says so.
struct client_of_test : client {
    explicit client_of_test(client connected) : client{std::move(connected)} {}

    static asio::awaitable<client_of_test> connect(std::string shown,
                                                   connect_options options = {}) {
        const std::string scheme = shown.starts_with("rediss://") ? "rediss://" : "redis://";
        client connected = co_await client::connect(scheme + address, std::move(options));
        co_return client_of_test{std::move(connected)};
    }
};

struct blocking_client_of_test : blocking_client {
    static blocking_client connect(const std::string& /*shown*/, connect_options options = {}) {
        return blocking_client::connect(address, std::move(options));
    }
};

/// In here, a snippet that connects gets one of those.
namespace connecting {

using client = client_of_test;
using blocking_client = blocking_client_of_test;

} // namespace connecting

/// Publishes as soon as somebody listens, and then has the server hang up.
inline void publish_and_hang_up(const std::string& channel, const std::string& text) {
    auto c = blocking_client::connect(address);
    while (c.publish(channel, text) == 0)
        std::this_thread::sleep_for(1ms);
    client_filter listeners;
    listeners.type = "pubsub";
    c.client_kill(listeners);
}

} // namespace snippets
