#include "support/raw_connection.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace mini_redis::test {
namespace {

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0; // SO_NOSIGPIPE is set instead
#endif

} // namespace

raw_connection::raw_connection(std::uint16_t port, const std::string& host,
                               std::chrono::milliseconds timeout)
    : timeout_{timeout} {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket_ < 0) throw_errno("socket");
    ::fcntl(socket_, F_SETFD, FD_CLOEXEC);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        ::close(socket_);
        throw std::system_error{error, std::generic_category(), "connect"};
    }
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    ::setsockopt(socket_, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
}

raw_connection::~raw_connection() {
    if (socket_ >= 0) ::close(socket_);
}

raw_connection::raw_connection(raw_connection&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)},
      closed_{other.closed_},
      timeout_{other.timeout_},
      received_{std::move(other.received_)},
      taken_{other.taken_} {}

raw_connection& raw_connection::operator=(raw_connection&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(closed_, other.closed_);
    std::swap(timeout_, other.timeout_);
    std::swap(received_, other.received_);
    std::swap(taken_, other.taken_);
    return *this;
}

bool raw_connection::fill(std::chrono::steady_clock::time_point deadline) {
    if (closed_) return false;
    while (true) {
        char buffer[64 * 1024];
        const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n > 0) {
            received_.erase(0, taken_);
            taken_ = 0;
            received_.append(buffer, static_cast<std::size_t>(n));
            return true;
        }
        if (n == 0 || errno == ECONNRESET || errno == EPIPE) {
            closed_ = true;
            return false;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) throw_errno("recv");
        pollfd wait{socket_, POLLIN, 0};
        const int ready = ::poll(&wait, 1, milliseconds_until(deadline));
        if (ready == 0) throw reply_timed_out{"nothing came in time"};
        if (ready < 0 && errno != EINTR) throw_errno("poll");
    }
}

void raw_connection::send(std::string_view bytes) {
    send(bytes, true);
}

bool raw_connection::send_blindly(std::string_view bytes) {
    return send(bytes, false);
}

// False if the peer has closed the connection.
bool raw_connection::send(std::string_view bytes, bool reads) {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    const short events = reads ? POLLIN | POLLOUT : POLLOUT;
    while (!bytes.empty()) {
        const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), send_flags);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        // A peer that closed early is found out by whoever reads the reply.
        if (errno == EPIPE || errno == ECONNRESET) return false;
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) throw_errno("send");
        pollfd wait{socket_, events, 0};
        const int ready = ::poll(&wait, 1, milliseconds_until(deadline));
        if (ready == 0) throw reply_timed_out{"the peer does not read"};
        if (ready < 0 && errno != EINTR) throw_errno("poll");
        if (ready > 0 && (wait.revents & POLLIN) != 0 && !fill(deadline)) return false;
    }
    return true;
}

void raw_connection::send_byte_by_byte(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        send(bytes.substr(i, 1));
}

std::string raw_connection::read_reply() {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    while (true) {
        const std::string_view bytes = std::string_view{received_}.substr(taken_);
        if (const std::size_t size = reply_size(bytes); size > 0) {
            taken_ += size;
            return std::string{bytes.substr(0, size)};
        }
        if (!fill(deadline))
            throw connection_closed{bytes.empty() ? "the connection was closed"
                                                  : "the connection was closed within a reply"};
    }
}

std::vector<std::string> raw_connection::read_replies(std::size_t count) {
    std::vector<std::string> replies;
    while (replies.size() < count)
        replies.push_back(read_reply());
    return replies;
}

wire_value raw_connection::command(const std::vector<std::string>& arguments) {
    send(encode_request(arguments));
    return parse_reply(read_reply());
}

void raw_connection::finish_sending() {
    ::shutdown(socket_, SHUT_WR);
}

std::string raw_connection::read_to_end() {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    while (fill(deadline)) {
    }
    std::string rest = received_.substr(taken_);
    received_.clear();
    taken_ = 0;
    return rest;
}

std::string_view raw_connection::unread() {
    try {
        while (fill(std::chrono::steady_clock::now())) {
        }
    } catch (const reply_timed_out&) { // all that was there has been read
    }
    return std::string_view{received_}.substr(taken_);
}

} // namespace mini_redis::test
