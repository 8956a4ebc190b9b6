// The accept loops, one for each address: they take connections, refuse what is too many, and wait
// when descriptors run out.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <asio/local/stream_protocol.hpp>

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

    /// Removes the Unix socket.
    ~listener();

    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    /// How many addresses it listens on.
    std::size_t doors() const noexcept { return doors_.size(); }

    /// Accepts at one of them until stop().
    task<void> run(std::size_t door);

    /// Whether it listens on a Unix socket, too (the setting `unixsocket`).
    bool has_unix_door() const noexcept { return unix_door_ != nullptr; }

    /// Accepts there until stop().
    task<void> run_unix();

    /// Closes the socket; posts itself to the loop's thread.
    void stop();

private:
    template <class Acceptor>
    struct door_of {
        explicit door_of(asio::io_context& io) : acceptor{io}, pause{io} {}

        Acceptor acceptor;
        timer pause;
    };

    using door = door_of<tcp_acceptor>;
    using unix_door =
        door_of<asio::basic_socket_acceptor<asio::local::stream_protocol, io_executor>>;

    void open(const std::string& address, bool optional);
    void open_unix(const std::string& path);
    bool may_enter(tcp_socket& socket) const;

    template <class Acceptor>
    task<void> accept_at(door_of<Acceptor>& here);
    void take(tcp_socket socket);
    void take(asio::basic_stream_socket<asio::local::stream_protocol, io_executor> socket);
    template <class Socket>
    bool has_room_for(Socket& socket);

    core* server_;
    asio::io_context* io_;
    std::vector<std::unique_ptr<door>> doors_;
    std::unique_ptr<unix_door> unix_door_;
    std::string unix_path_; // of the socket, which goes with the server
    std::uint16_t port_;    // of the first address; those behind it take the same
    bool stopped_ = false;
    std::uint64_t next_id_ = 1;
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> rejected_{0};

public:
    std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }

    std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }
};

} // namespace mini_redis
