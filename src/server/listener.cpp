#include "server/listener.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <system_error>
#include <utility>

#include "commands/settings.hpp"
#include "server/core.hpp"
#include "server/worker.hpp"

namespace mini_redis {
namespace {

constexpr std::chrono::milliseconds shortest_pause{10};
constexpr std::chrono::milliseconds longest_pause{1'000};

// What accept() reports about one connection only, which was gone before it was taken.
bool concerns_one_connection(const std::error_code& error) {
    return error == asio::error::connection_aborted || error == asio::error::connection_reset ||
           error == asio::error::interrupted || error == asio::error::try_again ||
           error == asio::error::would_block || error == std::errc::protocol_error;
}

} // namespace

listener::listener(core& server, asio::io_context& io, const std::string& address,
                   std::uint16_t port)
    : server_{&server},
      io_{&io},
      acceptor_{io},
      pause_{io} {
    try {
        const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(address), port};
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(asio::socket_base::reuse_address{true});
        acceptor_.bind(endpoint);
        acceptor_.listen(511); // as Redis: room for a burst of connections
        port_ = acceptor_.local_endpoint().port();
    } catch (const std::system_error& error) {
        // As an errno, which compares with std::errc: Asio's own category did not before 1.24.
        throw std::system_error{error.code().value(), std::generic_category(),
                                fmt::format("cannot listen on {}:{}", address, port)};
    }
}

task<void> listener::run() {
    std::chrono::milliseconds pause = shortest_pause;
    while (!stopped_) {
        auto [error, socket] = co_await acceptor_.async_accept(io_tuple);
        if (!error) {
            pause = shortest_pause;
            take(std::move(socket));
            continue;
        }
        if (stopped_ || concerns_one_connection(error)) continue;
        // Out of descriptors or memory: trying again at once would only spin.
        spdlog::warn("cannot accept a connection: {}; trying again in {} ms", error.message(),
                     pause.count());
        pause_.expires_after(pause);
        co_await pause_.async_wait(io_tuple);
        pause = std::min(pause * 2, longest_pause);
    }
}

void listener::take(tcp_socket socket) {
    accepted_.fetch_add(1, std::memory_order_relaxed);
    std::error_code ignored;
    const std::size_t limit = static_cast<std::size_t>(
        server_->configuration().max_clients.load(std::memory_order_relaxed));
    if (!server_->try_enter(limit)) {
        rejected_.fetch_add(1, std::memory_order_relaxed);
        static constexpr std::string_view refusal = "-ERR max number of clients reached\r\n";
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(refusal), ignored);
        return;
    }
    const asio::ip::tcp protocol = socket.local_endpoint(ignored).protocol();
    const auto descriptor = socket.release(ignored);
    server_->next_worker().adopt(descriptor, protocol, next_id_++);
}

void listener::stop() {
    asio::post(*io_, [this] {
        stopped_ = true;
        std::error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    });
}

} // namespace mini_redis
