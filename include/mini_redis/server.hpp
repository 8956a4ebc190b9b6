// The server, to run or to embed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/clock.hpp>
#include <mini_redis/keyspace.hpp>
#include <string>
#include <vector>

namespace mini_redis {

struct server_options {
    /// Numeric IPv4 and IPv6 addresses with spaces between them. One behind a `-` may be missing on
    /// this machine; `*` and `::*` are all of a kind.
    std::string bind = "127.0.0.1";
    std::uint16_t port = 6379; ///< 0: any free port; server::port() tells which
    std::size_t threads = 1;   ///< worker threads, each with its own io_context
    std::size_t max_clients = 10'000;
    std::string password{}; ///< empty: none is asked for
    std::size_t databases = 16;
    std::size_t shards = 1024;   ///< of the keyspace
    const clock* time = nullptr; ///< null: the machine's clock; must outlive the server
    /// How long stop() waits for replies to reach their clients before it cuts the connections.
    std::chrono::milliseconds shutdown_grace{5'000};
    /// Further settings, as the words of a line of a redis.conf each: {"timeout", "60"}. What they
    /// say of the above is not heeded; see read_configuration().
    std::vector<std::vector<std::string>> settings{};
    std::string config_file{}; ///< what CONFIG REWRITE writes to; empty: it has nothing to
};

/// A Redis server in this process, on its own threads.
///
/// *Thread safety*: every function may be called from any thread.
/// *Errors*: std::system_error where the address cannot be listened on, std::invalid_argument for
/// options that make no sense.
///
///     mini_redis::server redis{{.port = 0}};
///     redis.start();
///     connect_to("127.0.0.1", redis.port());
class server {
public:
    explicit server(server_options options = {});

    /// Stops it.
    ~server();

    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Listens and serves, in the background. Once only.
    void start();

    /// Ends in order: accepts nobody any more, finishes the requests that have come in whole, tells
    /// subscribers (an unsubscribe for each channel) and closes, at the latest after the grace
    /// time. Returns when all is over. Does nothing if it is not running.
    void stop();

    /// As stop(), without waiting.
    void request_stop();

    /// Waits until somebody has stopped it.
    void wait();

    /// start(), then completes when the server has stopped. Cancelling it stops the server, which
    /// has to outlive it.
    asio::awaitable<void> run();

    /// The port that it listens on, after start().
    std::uint16_t port() const;

    /// The keys that it serves, for direct use from any thread.
    mini_redis::keyspace& keys() noexcept;

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace mini_redis
