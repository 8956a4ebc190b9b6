// A server in the test's own program, on its own thread: quicker to make than a process.
#pragma once

#include <mini_redis/server.hpp>
#include <string>

namespace mini_redis::test {

class own_server {
public:
    explicit own_server(const std::string& password = {}) : server_{options_for(password)} {
        server_.start();
    }

    std::uint16_t port() const { return server_.port(); }

    std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

    mini_redis::keyspace& keys() noexcept { return server_.keys(); }

private:
    static server_options options_for(const std::string& password) {
        server_options options;
        options.port = 0;
        options.password = password;
        options.shutdown_grace = std::chrono::milliseconds{0};
        return options;
    }

    server server_;
};

} // namespace mini_redis::test
