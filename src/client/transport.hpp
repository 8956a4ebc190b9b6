// A socket, perhaps with TLS over it: bytes in and out without ever blocking.
#pragma once

#include <asio/buffer.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mini_redis/asio.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/tls.hpp"

namespace mini_redis {

/// Belongs to one executor.
class transport {
public:
    /// Of TCP or a unix socket.
    using socket_type = asio::generic::stream_protocol::socket;

    explicit transport(const asio::any_io_executor& executor) : socket_{executor} {}

    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;

    /// Not after use_tls().
    socket_type& socket() noexcept { return socket_; }

    /// From now on everything goes through TLS, which still has to shake hands.
    tls_stream& use_tls(const tls_options& options) {
        tls_ = make_tls_stream(std::move(socket_), options);
        return *tls_;
    }

    bool has_tls() const noexcept { return static_cast<bool>(tls_); }

    /// What has come, at least a byte; there must be TLS. Without it, one reads from the socket.
    asio::awaitable<std::pair<std::error_code, std::size_t>>
    read_through_tls(asio::mutable_buffer into) {
        return tls_->read_some(into);
    }

    /// Takes so many bytes; with asio::error::would_block, none at present.
    std::size_t write_some(std::string_view bytes, std::error_code& error) {
        if (tls_) return tls_->write_some(bytes, error);
        return socket_.write_some(asio::buffer(bytes), error);
    }

    /// Calls it when write_some() may take more, or fails. Only after asio::error::would_block.
    void when_writable(std::function<void()> then) {
        if (tls_) return tls_->when_writable(std::move(then));
        socket_.async_wait(socket_type::wait_write,
                           [then = std::move(then)](std::error_code) { then(); });
    }

    /// What is under way ends with an error.
    void close() noexcept {
        if (tls_) return tls_->close();
        std::error_code ignored;
        socket_.close(ignored);
    }

private:
    socket_type socket_;
    std::unique_ptr<tls_stream> tls_;
};

} // namespace mini_redis
