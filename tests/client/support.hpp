// What the client's tests share: a loop with a watchdog, servers to talk to, and a server that does
// what a script says.
//
// In these tests no co_await stands inside CHECK: GCC 12 would await twice, as the macro names its
// argument twice.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <mini_redis/asio.hpp>
#include <mini_redis/client.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/redis_process.hpp"

namespace mini_redis::test {

using namespace std::chrono_literals;

/// Runs the coroutine until it ends, and everything that it has spawned as well.
void run_to_end(asio::awaitable<void> coroutine);

/// The same with the coroutine that `body` makes, which may be a lambda with captures: it outlives
/// its coroutine.
template <class Body>
void run(Body&& body) {
    run_to_end(body());
}

/// Starts a coroutine beside the calling one. What it throws ends the test (out of run()).
template <class Body>
void spawn(const asio::any_io_executor& executor, Body coroutine) {
    asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
}

/// Lets the loop run until the condition holds.
template <class Condition>
asio::awaitable<void> until(Condition condition) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor};
    for (const auto end = std::chrono::steady_clock::now() + 30s; !condition();) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("waited in vain");
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

/// How a call ended: its error, or none.
template <class T>
asio::awaitable<std::error_code> error_of(asio::awaitable<T> call) {
    try {
        co_await std::move(call);
    } catch (const std::system_error& error) {
        co_return error.code();
    }
    co_return std::error_code{};
}

enum class server_kind { mini_redis, redis };

inline const char* to_string(server_kind kind) {
    return kind == server_kind::mini_redis ? "mini-redis-server" : "redis-server";
}

/// Whether the server can be started here; says so if not.
inline bool is_available(server_kind kind) {
    const auto program = kind == server_kind::mini_redis ? redis_process::find_mini_redis_server()
                                                         : redis_process::find_redis_server();
    if (!program) WARN("skipped: there is no " << to_string(kind));
    return program.has_value();
}

inline redis_process start(server_kind kind) {
    return kind == server_kind::mini_redis ? redis_process::start_mini_redis()
                                           : redis_process::start_redis();
}

/// The servers that can be started here, for a test that is to pass with each.
inline std::vector<server_kind> available_servers() {
    std::vector<server_kind> found;
    for (const server_kind kind : {server_kind::mini_redis, server_kind::redis})
        if (is_available(kind)) found.push_back(kind);
    return found;
}

inline std::string address_of(const redis_process& server) {
    return "127.0.0.1:" + std::to_string(server.port());
}

/// Whether the server has this command.
bool knows(const redis_process& server, std::string_view command);

/// Calls test(kind, server) for each server that can be started here and has this command; says so
/// if none has.
template <class Test>
void with_servers_that_know(std::string_view command, Test test) {
    bool is_known = false;
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        if (!knows(server, command)) continue;
        is_known = true;
        test(kind, server);
    }
    if (!is_known) WARN("skipped: no server here knows " << command);
}

/// A listener whose connections the test serves by hand.
class scripted_server {
public:
    explicit scripted_server(const asio::any_io_executor& executor, std::uint16_t at = 0)
        : acceptor_{executor, {asio::ip::make_address("127.0.0.1"), at}} {}

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

    asio::awaitable<asio::ip::tcp::socket> accept() {
        return acceptor_.async_accept(asio::use_awaitable);
    }

    void close() { acceptor_.close(); }

private:
    asio::ip::tcp::acceptor acceptor_;
};

/// Options for scripted_server: nothing is sent before the first call, and a connection that was
/// lost is not made anew.
inline connect_options quiet() {
    connect_options options;
    options.protocol = protocol_version::resp2;
    options.ask_before_calls = false;
    options.reconnect = false;
    return options;
}

/// Reads until the bytes that came end with `end`, and returns them all.
asio::awaitable<std::string> read_until(asio::ip::tcp::socket& peer, std::string_view end);

/// Writes all of it. The text is copied first.
asio::awaitable<void> write(asio::ip::tcp::socket& peer, std::string text);

} // namespace mini_redis::test
