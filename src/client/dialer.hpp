// From an address to a transport: name look-up, connecting, TLS.
#pragma once

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/wakeup.hpp>
#include <system_error>
#include <vector>

#include "client/address.hpp"
#include "client/transport.hpp"

namespace mini_redis {

/// One attempt to reach a server. Shared with its handlers, some of which outlive it: the system's
/// name look-up, for one, cannot be stopped, only left behind.
class dialer : public std::enable_shared_from_this<dialer> {
public:
    explicit dialer(const asio::any_io_executor& executor)
        : resolver_{executor},
          timer_{executor},
          next_{executor},
          changed_{executor},
          transport_{std::make_unique<transport>(executor)} {}

    /// Everything until cancel() or the end of the time fails; zero: no limit. Once, first.
    void limit(std::chrono::milliseconds time_out);

    /// A connected transport: to that of the host's addresses which takes the connection first.
    /// They are tried in their order, each a quarter of a second after the one before, or at once
    /// if one has failed. Its socket blocks nobody. The dialer guards it until release(). If called
    /// again, it makes another one instead.
    ///
    /// *Errors*: asio::system_error: errc::timed_out, the last address's, OpenSSL's.
    asio::awaitable<void> dial(const server_address& where, const connect_options& options);

    transport& reached() noexcept { return *transport_; }

    bool is_late() const noexcept { return is_late_; }

    /// It stays connected whatever happens to the dialer.
    std::unique_ptr<transport> release() noexcept;

    /// Ends what is under way.
    void cancel() noexcept;

private:
    using endpoint = asio::generic::stream_protocol::endpoint;

    // Of attempts to connect, of which the first that succeeds ends all others.
    struct race {
        void close() noexcept;

        std::vector<std::unique_ptr<transport::socket_type>> attempts; // as far as they have begun
        std::size_t failed = 0;
        transport::socket_type* winner = nullptr;
        bool next_is_due = true;
        std::error_code error; // the last one
    };

    asio::awaitable<std::vector<endpoint>> look_up(const server_address& where);
    asio::awaitable<void> reach(const server_address& where);
    void attempt(const endpoint& to);
    void set_off_next_later();
    void throw_if_ended() const;

    asio::ip::tcp::resolver resolver_;
    asio::steady_timer timer_;
    asio::steady_timer next_; // attempt to connect to one of several addresses
    wakeup changed_;          // what is waited for, or that it is not to be waited for any longer
    std::shared_ptr<race> race_;
    std::unique_ptr<transport> transport_;
    bool is_late_ = false;
    bool is_cancelled_ = false;
};

} // namespace mini_redis
