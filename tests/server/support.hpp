// What the server's tests share: a server within the test, and waiting for a condition.
#pragma once

#include <chrono>
#include <cstdint>
#include <mini_redis/server.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/catch.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"
#include "support/wire_value.hpp"

namespace mini_redis::test {

using namespace std::chrono_literals;

/// On a free port, with few shards, because these tests start many servers.
inline server_options small(std::size_t threads = 1) {
    return {.port = 0, .threads = threads, .databases = 1, .shards = 16};
}

/// A server that serves for as long as it lives.
struct running_server : server {
    explicit running_server(const server_options& options = small()) : server{options} { start(); }

    raw_connection connect() const { return raw_connection{port()}; }
};

/// Whether the condition came true within a time that even a loaded machine keeps.
template <class Condition>
bool eventually(Condition condition) {
    for (const auto end = std::chrono::steady_clock::now() + 30s; !condition();) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

/// The number in a field of INFO.
inline std::int64_t info(raw_connection& connection, const std::string& field) {
    const std::string all = connection.command({"INFO", "everything"}).text;
    const std::size_t at = all.find("\n" + field + ":");
    return at == std::string::npos ? -1 : std::stoll(all.substr(at + field.size() + 2));
}

/// Whether nobody listens on the port any more.
inline bool refuses(std::uint16_t port) {
    try {
        const raw_connection connection{port};
    } catch (const std::system_error&) {
        return true;
    }
    return false;
}

/// A client and one that can watch it, on different threads of a server with two.
struct watched_client {
    explicit watched_client(running_server& redis)
        : client{redis.connect()},
          watcher{(answers(client), redis.connect())} {
        answers(watcher);
    }

    static void answers(raw_connection& connection) {
        if (connection.command({"PING"}).text != "PONG") throw std::runtime_error{"no PONG"};
    }

    raw_connection client;
    raw_connection watcher;
};

} // namespace mini_redis::test
