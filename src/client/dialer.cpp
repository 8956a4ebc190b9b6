#include "client/dialer.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/local/stream_protocol.hpp>
#include <cstdint>
#include <mini_redis/error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <tuple>

#include "client/deadline.hpp"

namespace mini_redis {

namespace {

using asio::ip::tcp;

asio::generic::stream_protocol::endpoint unix_endpoint(const std::string& path) {
#ifdef ASIO_HAS_LOCAL_SOCKETS
    if (path.size() >= sizeof(sockaddr_un{}.sun_path))
        throw std::system_error(errc::bad_address, "too long a path");
    return asio::local::stream_protocol::endpoint{path};
#else
    throw std::system_error(errc::bad_address, "this system has no unix sockets: " + path);
#endif
}

// A server that is gone without a word is found out by the system too: of a connection on which
// nothing may be said, as it waits for an element, that is the only way.
void keep_alive(asio::generic::stream_protocol::socket& socket, std::chrono::milliseconds quiet) {
    std::error_code ignored;
    socket.set_option(asio::socket_base::keep_alive{true}, ignored);
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
    const int seconds = static_cast<int>(std::clamp<std::int64_t>(quiet.count() / 1000, 1, 3600));
    const auto set = [&](int option, int value) {
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
    };
    set(TCP_KEEPIDLE, seconds);
    set(TCP_KEEPINTVL, std::max(seconds / 3, 1));
    set(TCP_KEEPCNT, 3);
#endif
}

} // namespace

void dialer::limit(std::chrono::milliseconds time_out) {
    if (time_out.count() <= 0) return;
    until_ = deadline_after(std::chrono::steady_clock::now(), time_out);
    timer_.expires_at(until_);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (error) return;
        self->is_late_ = true;
        self->cancel();
    });
}

void dialer::cancel() noexcept {
    is_cancelled_ = true;
    timer_.cancel();
    attempt_.cancel();
    looked_up_.notify();
    resolver_.cancel();
    if (transport_) transport_->close();
}

std::unique_ptr<transport> dialer::release() noexcept {
    timer_.cancel();
    attempt_.cancel();
    return std::move(transport_);
}

void dialer::throw_if_ended() const {
    if (is_late_) throw std::system_error(errc::timed_out);
    if (is_cancelled_) throw std::system_error(asio::error::operation_aborted);
}

asio::awaitable<dialer::endpoint_list> dialer::look_up(const server_address& where) {
    if (!where.path.empty()) co_return endpoint_list{unix_endpoint(where.path)};
    std::error_code error;
    const auto address = asio::ip::make_address(where.host, error);
    if (!error) co_return endpoint_list{tcp::endpoint{address, where.port}};

    // Its handler may come long after nobody waits any more.
    const auto found = std::make_shared<std::optional<tcp::resolver::results_type>>();
    const auto failed = std::make_shared<std::error_code>();
    resolver_.async_resolve(where.host, std::to_string(where.port),
                            [self = shared_from_this(), found,
                             failed](std::error_code why, tcp::resolver::results_type results) {
                                *failed = why;
                                *found = std::move(results);
                                self->looked_up_.notify();
                            });
    while (!*found && !is_cancelled_)
        co_await looked_up_.wait();
    throw_if_ended();
    if (*failed) throw std::system_error(*failed, "looking up " + where.host);
    endpoint_list endpoints;
    for (const auto& result : **found)
        endpoints.emplace_back(result.endpoint());
    co_return endpoints;
}

// One address that keeps silent must not use up the time in which the others would answer.
void dialer::limit_attempt(std::size_t addresses_left) {
    if (addresses_left < 2 || until_ == std::chrono::steady_clock::time_point::max()) return;
    const auto left = until_ - std::chrono::steady_clock::now();
    attempt_.expires_after(left / static_cast<std::int64_t>(addresses_left));
    attempt_.async_wait([self = shared_from_this(), attempt = attempts_](std::error_code error) {
        std::error_code ignored;
        if (!error && self->attempts_ == attempt) self->transport_->socket().cancel(ignored);
    });
}

// Its timer may have run out already, without its handler having been called.
void dialer::end_attempt() {
    ++attempts_;
    attempt_.cancel();
}

asio::awaitable<void> dialer::reach(const server_address& where) {
    const endpoint_list endpoints = co_await look_up(where);
    // Not asio::async_connect(), which hides that no socket could be opened.
    std::error_code error = asio::error::host_not_found;
    auto& socket = transport_->socket();
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        throw_if_ended();
        std::error_code ignored;
        socket.close(ignored);
        socket.open(endpoints[i].protocol(), error);
        if (error) continue;
        limit_attempt(endpoints.size() - i);
        std::tie(error) = co_await socket.async_connect(endpoints[i], use_tuple);
        end_attempt();
        if (!error) break;
        if (error == asio::error::operation_aborted) error = errc::timed_out;
    }
    throw_if_ended();
    if (error) throw std::system_error(error);
}

asio::awaitable<void> dialer::dial(const server_address& where, const connect_options& options) {
    const auto keep = shared_from_this();
    throw_if_ended();
    co_await reach(where);
    auto& socket = transport_->socket();
    if (where.path.empty()) {
        socket.set_option(tcp::no_delay{true});
        if (options.health_check.count() > 0) keep_alive(socket, options.health_check);
    }
    socket.non_blocking(true);
    if (options.use_tls) co_await transport_->use_tls(options.tls).shake_hands(where.host);
}

} // namespace mini_redis
