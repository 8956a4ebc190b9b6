// A bounded queue between coroutines: Asio's channel, under one name for every Asio we build with.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/experimental/channel_error.hpp>
#include <system_error>

namespace mini_redis {

/// Many producers, one or more consumers, all on one executor (or its strand); room for as many
/// values as the constructor says. A producer waits while it is full, which is the back-pressure.
///
///     channel<int> numbers{executor, 32};
///     co_await numbers.async_send(std::error_code{}, 7, asio::use_awaitable);
///     int number = co_await numbers.async_receive(asio::use_awaitable);
///
/// close() ends a waiting receive, and every later operation, with channel_closed. Of Asio 1.22 two
/// things are to be known: close() loses what is still inside, and a receive that is cancelled
/// while it waits takes the room away. `T` needs a default constructor.
template <class T>
using channel = asio::experimental::channel<void(std::error_code, T)>;

namespace channel_errc = asio::experimental::channel_errc;

} // namespace mini_redis
