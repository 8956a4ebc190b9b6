// A call as an awaitable: the one way from the typed methods to the connection.
#pragma once

#include <asio/async_result.hpp>
#include <asio/system_executor.hpp>
#include <exception>
#include <mini_redis/asio.hpp>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "client/connection.hpp"

namespace mini_redis {

/// What the call returns: Convert's view of the reply.
template <auto Convert>
using reply_of = std::invoke_result_t<decltype(Convert), frame&&>;

/// An awaitable that writes `words` when it is awaited, and is the reply. It is not a coroutine of
/// its own: the awaitable that Asio makes of the operation is the only frame a call has.
///
/// `target` may be null, of a client that was moved from.
template <auto Convert, class Words>
asio::awaitable<reply_of<Convert>> start_call(connection* target, Words words,
                                              call_settings settings) {
    return asio::async_initiate<const asio::use_awaitable_t<>,
                                void(std::exception_ptr, reply_of<Convert>)>(
        [](auto handler, connection* to, const Words& sent, const call_settings& with) {
            using handler_type = decltype(handler);
            if (to)
                to->start_call<Convert>(sent, with, std::move(handler));
            else
                call<Convert, handler_type>::fail_later(std::move(handler), asio::system_executor{},
                                                        errc::client_closed);
        },
        asio::use_awaitable, target, std::move(words), settings);
}

/// The reply as it came.
inline frame as_frame(frame&& reply) {
    return std::move(reply);
}

} // namespace mini_redis
