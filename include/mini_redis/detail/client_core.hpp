// What is behind a client of any kind. Not for applications.
#pragma once

#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/connect_options.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/subscriber.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

class connection;

/// Owns the connection: closes it when it ends.
class client_core {
public:
    /// client::connect.
    static asio::awaitable<client_core> open(std::string address, connect_options options);

    client_core() noexcept;
    client_core(client_core&&) noexcept;
    client_core& operator=(client_core&&) noexcept;
    ~client_core();

    /// Null of one that was moved from.
    call_target* target() const noexcept;

    void close() noexcept;
    bool is_open() const noexcept;
    protocol_version protocol() const noexcept;

    /// `command` is SUBSCRIBE or PSUBSCRIBE.
    static asio::awaitable<subscriber> subscribe(client_core from, std::string_view command,
                                                 std::vector<std::string> names);

private:
    explicit client_core(std::shared_ptr<connection> opened) noexcept;

    std::shared_ptr<connection> connection_;
};

/// Whether a request has exactly one reply, so that the calls behind it get their own.
bool has_one_reply(std::span<const std::string_view> words) noexcept;

} // namespace mini_redis
