// TLS over a connected socket (RFC 8446), by OpenSSL if the library was built with it.
#pragma once

#include <asio/buffer.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mini_redis {

/// Reads and writes through TLS. Belongs to one executor.
class tls_stream {
public:
    using socket_type = asio::generic::stream_protocol::socket;

    virtual ~tls_stream() = default;

    /// Comes first, and sees whether the server is `host` (a name or an address).
    ///
    /// *Errors*: asio::system_error with OpenSSL's own: "certificate verify failed" …
    virtual asio::awaitable<void> shake_hands(std::string host) = 0;

    virtual asio::awaitable<std::pair<std::error_code, std::size_t>>
    read_some(asio::mutable_buffer into) = 0;

    /// Takes bytes to encrypt and send; with asio::error::would_block, none while it sends others.
    virtual std::size_t write_some(std::string_view bytes, std::error_code& error) = 0;

    /// Calls it once write_some() takes more, or fails.
    virtual void when_writable(std::function<void()> then) = 0;

    /// What is under way ends with an error.
    virtual void close() noexcept = 0;
};

/// Of a connected socket.
///
/// *Errors*: asio::system_error: errc::not_supported; OpenSSL's own if a file is not what it
/// should be.
std::unique_ptr<tls_stream> make_tls_stream(tls_stream::socket_type socket,
                                            const tls_options& options);

} // namespace mini_redis
