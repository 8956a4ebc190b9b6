// The concrete Asio types of the server. A worker's sockets, timers and coroutines name its
// io_context's executor by type: any_io_executor would cost an allocation for each of them.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <mini_redis/asio.hpp>

namespace mini_redis {

using io_executor = asio::io_context::executor_type;

template <class T>
using task = asio::awaitable<T, io_executor>;

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, io_executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, io_executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, io_executor>;

/// `auto [error, …] = co_await operation(…, io_tuple);`
inline constexpr auto io_tuple = as_tuple(asio::use_awaitable_t<io_executor>{});

} // namespace mini_redis
