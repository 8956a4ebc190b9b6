// Absorbs what differs between Asio 1.22 and 1.38, so that no other file has to know. It includes
// only the small Asio headers: a translation unit that needs sockets or timers includes those
// itself.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/version.hpp>

#if ASIO_VERSION >= 102400 // 1.24 moved as_tuple out of experimental
#include <asio/as_tuple.hpp>
#else
#include <asio/experimental/as_tuple.hpp>
#endif

namespace mini_redis {

#if ASIO_VERSION >= 102400
using asio::as_tuple;
#else
using asio::experimental::as_tuple;
#endif

/// The completion token of this library's own coroutines: `auto [error, n] = co_await
/// socket.async_read_some(buffer, use_tuple);` gives the error as a value instead of throwing it.
inline constexpr auto use_tuple = as_tuple(asio::use_awaitable);

} // namespace mini_redis
