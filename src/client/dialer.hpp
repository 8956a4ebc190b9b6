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
          attempt_{executor},
          looked_up_{executor},
          transport_{std::make_unique<transport>(executor)} {}

    /// Everything until cancel() or the end of the time fails; zero: no limit. Once, first.
    void limit(std::chrono::milliseconds time_out);

    /// A connected transport: to the first of the host's addresses that takes the connection; each
    /// has an equal share of the time that is left. Its socket blocks nobody. The dialer guards it
    /// until release().
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
    using endpoint_list = std::vector<asio::generic::stream_protocol::endpoint>;

    asio::awaitable<endpoint_list> look_up(const server_address& where);
    asio::awaitable<void> reach(const server_address& where);
    void limit_attempt(std::size_t addresses_left);
    void end_attempt();
    void throw_if_ended() const;

    asio::ip::tcp::resolver resolver_;
    asio::steady_timer timer_;
    asio::steady_timer attempt_; // to connect to one of several addresses
    unsigned attempts_ = 0;      // that have ended
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::time_point::max();
    wakeup looked_up_; // or not to be waited for any longer
    std::unique_ptr<transport> transport_;
    bool is_late_ = false;
    bool is_cancelled_ = false;
};

} // namespace mini_redis
