#include "client/fault_proxy.hpp"

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mini_redis::test {

namespace {

using asio::ip::tcp;

// Nothing of RESP begins with them.
constexpr std::string_view garbage{"\xff?\x01"};

const asio::ip::address loopback = asio::ip::make_address("127.0.0.1");

// A connection of the client's, and the one to the server that belongs to it.
struct link {
    link(tcp::socket accepted, const fault_plan& befalls)
        : sockets{tcp::socket{accepted.get_executor()}, std::move(accepted)},
          plan{befalls} {}

    // What is written to it goes that way.
    tcp::socket& out(direction way) { return sockets[static_cast<std::size_t>(way)]; }

    // What is read from it goes that way.
    tcp::socket& in(direction way) { return sockets[1 - static_cast<std::size_t>(way)]; }

    bool is_due(direction way) const {
        return plan.what != fault::none && plan.way == way &&
               passed[static_cast<std::size_t>(way)] >= plan.after;
    }

    void close() noexcept {
        std::error_code ignored;
        for (tcp::socket& socket : sockets)
            socket.close(ignored);
    }

    void strike(direction way, fault what) {
        std::error_code ignored;
        switch (what) {
        case fault::none:
        case fault::garbage: break;
        case fault::close: return close();
        case fault::reset:
            out(direction::to_client).set_option(asio::socket_base::linger{true, 0}, ignored);
            return close();
        case fault::half_close: out(way).shutdown(tcp::socket::shutdown_send, ignored); break;
        case fault::stall: is_stalled = true; break;
        }
    }

    std::array<tcp::socket, 2> sockets; // the server's, the client's
    std::array<std::size_t, 2> passed{};
    fault_plan plan;
    bool is_stalled = false;
};

using link_pointer = std::shared_ptr<link>;

// Until an end or an error comes, or the plan says so.
asio::awaitable<void> pass(link_pointer on, direction way) {
    const auto executor = co_await asio::this_coro::executor;
    std::vector<char> buffer(64 * 1024);
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t& passed = on->passed[static_cast<std::size_t>(way)];
    while (true) {
        if (on->is_due(way)) {
            const fault what = std::exchange(on->plan.what, fault::none);
            on->strike(way, what);
            if (what == fault::half_close) co_return;
            if (what == fault::garbage)
                co_await asio::async_write(on->out(way), asio::buffer(garbage),
                                           asio::use_awaitable);
        }
        if (begin == end) {
            begin = 0;
            end = co_await on->in(way).async_read_some(asio::buffer(buffer), asio::use_awaitable);
        }
        if (on->is_stalled) {
            begin = end;
            continue;
        }
        std::size_t size = std::min(end - begin, on->plan.piece);
        if (on->plan.what != fault::none && on->plan.way == way)
            size = std::min(size, on->plan.after - passed);
        co_await asio::async_write(on->out(way), asio::buffer(buffer.data() + begin, size),
                                   asio::use_awaitable);
        begin += size;
        passed += size;
        if (begin != end) co_await asio::post(executor, asio::use_awaitable);
    }
}

asio::awaitable<void> serve(link_pointer on, tcp::endpoint server) {
    const auto executor = co_await asio::this_coro::executor;
    co_await on->out(direction::to_server).async_connect(server, asio::use_awaitable);
    for (tcp::socket& socket : on->sockets)
        socket.set_option(tcp::no_delay{true});
    asio::co_spawn(executor, pass(on, direction::to_client),
                   [on](const std::exception_ptr& failed) {
                       if (failed) on->close();
                   });
    co_await pass(on, direction::to_server);
}

} // namespace

struct fault_proxy::state {
    state(const asio::any_io_executor& executor, std::uint16_t port)
        : acceptor{executor, tcp::endpoint{loopback, 0}},
          server{loopback, port} {}

    void close() noexcept {
        std::error_code ignored;
        acceptor.close(ignored);
        for (const link_pointer& each : links)
            each->close();
    }

    static asio::awaitable<void> accept(std::shared_ptr<state> self) {
        while (true) {
            tcp::socket accepted = co_await self->acceptor.async_accept(asio::use_awaitable);
            const bool is_planned = self->links.size() == self->index;
            const auto made =
                std::make_shared<link>(std::move(accepted), is_planned ? self->one : self->others);
            self->links.push_back(made);
            asio::co_spawn(self->acceptor.get_executor(), serve(made, self->server),
                           [made](const std::exception_ptr& failed) {
                               if (failed) made->close();
                           });
        }
    }

    tcp::acceptor acceptor;
    tcp::endpoint server;
    std::vector<link_pointer> links; // since plan()
    std::size_t index = 0;
    fault_plan one;
    fault_plan others;
};

fault_proxy::fault_proxy(const asio::any_io_executor& executor, std::uint16_t server_port)
    : state_{std::make_shared<state>(executor, server_port)} {
    asio::co_spawn(executor, state::accept(state_), [](const std::exception_ptr&) {}); // closed
}

fault_proxy::~fault_proxy() {
    state_->close();
}

std::string fault_proxy::address() const {
    return "127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port());
}

void fault_proxy::plan(std::size_t index, const fault_plan& plan) {
    strike(fault::close);
    state_->links.clear();
    state_->index = index;
    state_->one = plan;
}

void fault_proxy::plan_for_all(const fault_plan& plan) {
    state_->one = state_->others = plan;
}

std::size_t fault_proxy::accepted() const noexcept {
    return state_->links.size();
}

std::size_t fault_proxy::passed(std::size_t index, direction way) const {
    return state_->links.at(index)->passed[static_cast<std::size_t>(way)];
}

void fault_proxy::strike(fault what) {
    for (const link_pointer& each : state_->links)
        each->strike(direction::to_client, what);
}

} // namespace mini_redis::test
