// The accept loop: takes connections, refuses what is too many, waits when descriptors run out.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/io.hpp"

namespace mini_redis {

class core;
class worker;

/// *Thread safety*: port() and stop() from any thread; the loop runs on the first worker's.
class listener {
public:
    /// Binds and listens; throws std::system_error where that fails.
    listener(core& server, asio::io_context& io, const std::string& address, std::uint16_t port);

    std::uint16_t port() const noexcept { return port_; }

    /// Accepts until stop().
    task<void> run();

    /// Closes the socket; posts itself to the loop's thread.
    void stop();

private:
    void take(tcp_socket socket);

    core* server_;
    asio::io_context* io_;
    tcp_acceptor acceptor_;
    timer pause_;
    std::uint16_t port_;
    bool stopped_ = false;
    std::uint64_t next_id_ = 1;
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> rejected_{0};

public:
    std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }

    std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }
};

} // namespace mini_redis
