// The accept loops, one for each address: they take connections, refuse what is too many, and wait
// when descriptors run out.
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

/// *Thread safety*: port() and stop() from any thread; the loops run on the first worker's.
class listener {
public:
    /// Binds and listens, on all addresses of server_options::bind; throws std::system_error where
    /// that fails.
    listener(core& server, asio::io_context& io, const std::string& addresses, std::uint16_t port);

    std::uint16_t port() const noexcept { return port_; }

    /// How many addresses it listens on.
    std::size_t doors() const noexcept { return doors_.size(); }

    /// Accepts at one of them until stop().
    task<void> run(std::size_t door);

    /// Closes the socket; posts itself to the loop's thread.
    void stop();

private:
    struct door {
        explicit door(asio::io_context& io) : acceptor{io}, pause{io} {}

        tcp_acceptor acceptor;
        timer pause;
    };

    void open(const std::string& address, bool optional);
    bool may_enter(tcp_socket& socket) const;
    void take(tcp_socket socket);

    core* server_;
    asio::io_context* io_;
    std::vector<std::unique_ptr<door>> doors_;
    std::uint16_t port_; // of the first address; those behind it take the same
    bool stopped_ = false;
    std::uint64_t next_id_ = 1;
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> rejected_{0};

public:
    std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }

    std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }
};

} // namespace mini_redis
