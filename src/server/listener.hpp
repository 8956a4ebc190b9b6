// The accept loops, one for each address: they take connections, refuse what is too many, and wait
// when descriptors run out. The addresses can change while they run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <asio/local/stream_protocol.hpp>

#include "server/io.hpp"

namespace mini_redis {

class core;
class worker;

/// *Thread safety*: port(), move() and stop() from any thread; the loops run on the first worker's.
class listener {
public:
    /// Binds and listens, on all addresses of server_options::bind; throws std::system_error where
    /// that fails.
    listener(core& server, asio::io_context& io, const std::string& addresses, std::uint16_t port);

    /// Removes the Unix socket.
    ~listener();

    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    std::uint16_t port() const noexcept { return port_.load(std::memory_order_relaxed); }

    /// Accepts until stop(), and then calls `ended`.
    void start(std::function<void()> ended);

    /// Listens on these addresses and this port instead, which takes effect soon. Where it listens
    /// already it goes on. Throws std::system_error where it cannot, and nothing has changed.
    void move(const std::string& addresses, std::uint16_t port);

    /// Closes all sockets; posts itself to the loop's thread.
    void stop();

private:
    template <class Acceptor>
    struct door_of {
        explicit door_of(asio::io_context& io) : acceptor{io}, pause{io} {}

        void close() {
            std::error_code ignored;
            closed = true;
            acceptor.close(ignored);
            pause.cancel();
        }

        Acceptor acceptor;
        timer pause;
        bool closed = false; // the loop's thread's own
    };

    using door = door_of<tcp_acceptor>;
    using unix_door =
        door_of<asio::basic_socket_acceptor<asio::local::stream_protocol, io_executor>>;

    using doors = std::vector<std::shared_ptr<door>>;

    doors open_all(const std::string& addresses, std::uint16_t port, const doors& open_ones) const;
    std::shared_ptr<door> open(const asio::ip::tcp::endpoint& endpoint) const;
    void open_unix(const std::string& path);
    bool may_enter(tcp_socket& socket) const;

    template <class Acceptor>
    void spawn(std::shared_ptr<door_of<Acceptor>> here);
    template <class Acceptor>
    task<void> accept_at(std::shared_ptr<door_of<Acceptor>> here);
    void take(tcp_socket socket);
    void take(asio::basic_stream_socket<asio::local::stream_protocol, io_executor> socket);
    template <class Socket>
    bool has_room_for(Socket& socket);

    core* server_;
    asio::io_context* io_;
    std::mutex mutex_;
    doors doors_; // guarded by mutex_
    std::shared_ptr<unix_door> unix_door_;
    std::string unix_path_; // of the socket, which goes with the server
    std::atomic<std::uint16_t> port_{0};
    std::function<void()> ended_;
    std::size_t loops_ = 0; // that run; with the next, the loops' thread's own
    bool stopped_ = false;
    std::uint64_t next_id_ = 1;
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> rejected_{0};

public:
    std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }

    std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }
};

} // namespace mini_redis
