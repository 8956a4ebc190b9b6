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
#include <utility>

#include "client/deadline.hpp"

namespace mini_redis {

namespace {

using asio::ip::tcp;

// How long an address is waited for before the next one is tried as well (as RFC 8305 has it).
constexpr std::chrono::milliseconds head_start{250};

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
    timer_.expires_at(deadline_after(std::chrono::steady_clock::now(), time_out));
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (error) return;
        self->is_late_ = true;
        self->cancel();
    });
}

void dialer::cancel() noexcept {
    is_cancelled_ = true;
    timer_.cancel();
    next_.cancel();
    changed_.notify();
    resolver_.cancel();
    if (race_) race_->close();
    if (transport_) transport_->close();
}

std::unique_ptr<transport> dialer::release() noexcept {
    timer_.cancel();
    return std::move(transport_);
}

void dialer::throw_if_ended() const {
    if (is_late_) throw std::system_error(errc::timed_out);
    if (is_cancelled_) throw std::system_error(asio::error::operation_aborted);
}

asio::awaitable<std::vector<dialer::endpoint>> dialer::look_up(const server_address& where) {
    if (!where.path.empty()) co_return std::vector<endpoint>{unix_endpoint(where.path)};
    std::error_code error;
    const auto address = asio::ip::make_address(where.host, error);
    if (!error) co_return std::vector<endpoint>{tcp::endpoint{address, where.port}};

    // Its handler may come long after nobody waits any more.
    const auto found = std::make_shared<std::optional<tcp::resolver::results_type>>();
    const auto failed = std::make_shared<std::error_code>();
    resolver_.async_resolve(where.host, std::to_string(where.port),
                            [self = shared_from_this(), found,
                             failed](std::error_code why, tcp::resolver::results_type results) {
                                *failed = why;
                                *found = std::move(results);
                                self->changed_.notify();
                            });
    while (!*found && !is_cancelled_)
        co_await changed_.wait();
    throw_if_ended();
    if (*failed) throw std::system_error(*failed, "looking up " + where.host);
    std::vector<endpoint> endpoints;
    for (const auto& result : **found)
        endpoints.emplace_back(result.endpoint());
    co_return endpoints;
}

void dialer::race::close() noexcept {
    std::error_code ignored;
    for (const auto& each : attempts)
        each->close(ignored);
}

// Not asio::async_connect(), which hides that no socket could be opened. The handlers know their
// race, as a later one is none of their business.
void dialer::attempt(const endpoint& to) {
    race_->next_is_due = false;
    auto& socket = *race_->attempts.emplace_back(
        std::make_unique<transport::socket_type>(resolver_.get_executor()));
    const auto note = [self = shared_from_this(), in = race_, &socket](std::error_code error) {
        if (error) {
            ++in->failed;
            in->error = error;
            in->next_is_due = true;
        } else if (!in->winner) {
            in->winner = &socket;
        }
        self->changed_.notify();
    };
    std::error_code error;
    socket.open(to.protocol(), error);
    if (error) return note(error);
    socket.async_connect(to, note);
}

// An address that keeps silent must not use up the time in which the others would answer.
void dialer::set_off_next_later() {
    next_.expires_after(head_start);
    next_.async_wait([self = shared_from_this(), in = race_,
                      begun = race_->attempts.size()](std::error_code error) {
        if (error || in->attempts.size() != begun) return;
        in->next_is_due = true;
        self->changed_.notify();
    });
}

asio::awaitable<void> dialer::reach(const server_address& where) {
    const std::vector<endpoint> endpoints = co_await look_up(where);
    const auto among = std::make_shared<race>();
    race_ = among;
    among->error = asio::error::host_not_found;
    while (!among->winner && among->failed < endpoints.size()) {
        throw_if_ended();
        const std::size_t begun = among->attempts.size();
        if (among->next_is_due && begun < endpoints.size()) {
            attempt(endpoints[begun]);
            if (begun + 1 < endpoints.size()) set_off_next_later();
        } else {
            co_await changed_.wait();
        }
    }
    next_.cancel();
    throw_if_ended();
    if (!among->winner) throw std::system_error(among->error);
    transport_->socket() = std::move(*among->winner);
    among->close();
}

asio::awaitable<void> dialer::dial(const server_address& where, const connect_options& options) {
    const auto keep = shared_from_this();
    throw_if_ended();
    transport_ = std::make_unique<transport>(resolver_.get_executor());
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
