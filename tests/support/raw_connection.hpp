// A blocking TCP connection for tests that send and compare bytes: no client library between the
// test and the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/wire_value.hpp"

namespace mini_redis::test {

/// The peer closed the connection where a reply was expected.
struct connection_closed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A reply, or the end of the connection, did not come in time.
struct reply_timed_out : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Sends anything, and cuts what arrives into replies.
///
/// *Thread safety*: one thread at a time.
/// *Errors*: those above, malformed_reply, std::system_error.
class raw_connection {
public:
    /// Generous, so that a loaded machine or a sanitizer does not fail a test.
    static constexpr std::chrono::milliseconds default_timeout{20'000};

    /// Connects to an IPv4 address, with TCP_NODELAY.
    explicit raw_connection(std::uint16_t port, const std::string& host = "127.0.0.1",
                            std::chrono::milliseconds timeout = default_timeout);
    ~raw_connection();
    raw_connection(raw_connection&& other) noexcept;
    raw_connection& operator=(raw_connection&& other) noexcept;

    /// Sends all bytes. Reads meanwhile, so that a peer that waits for its replies to be read goes
    /// on.
    void send(std::string_view bytes);

    /// The same without reading anything, as many clients send a pipeline. False if the peer has
    /// closed the connection; may throw reply_timed_out.
    bool send_blindly(std::string_view bytes);

    /// Sends each byte with a system call of its own.
    void send_byte_by_byte(std::string_view bytes);

    /// The exact bytes of the next reply (or push).
    std::string read_reply();
    /// Of the next `count` replies.
    std::vector<std::string> read_replies(std::size_t count);

    /// Sends the arguments as one request and returns its reply.
    wire_value command(const std::vector<std::string>& arguments);

    /// Tells the peer that nothing more will be sent.
    void finish_sending();

    /// All bytes until the peer closes the connection (a reset counts as that).
    std::string read_to_end();

    /// Bytes that have arrived and were not taken as replies. Does not wait.
    std::string_view unread();

    /// Whether the peer's end has been read.
    bool closed() const noexcept { return closed_; }

private:
    bool send(std::string_view bytes, bool reads);
    bool fill(std::chrono::steady_clock::time_point deadline); // false: closed

    int socket_ = -1;
    bool closed_ = false; // by the peer
    std::chrono::milliseconds timeout_;
    std::string received_;
    std::size_t taken_ = 0; // bytes of received_ that were given out
};

} // namespace mini_redis::test
