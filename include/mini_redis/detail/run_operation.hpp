// Operations that are coroutines (connecting, waiting for a message …), for any completion token;
// and those of a blocking client, with their errors as values. Not for applications.
#pragma once

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/co_spawn.hpp>
#include <concepts>
#include <exception>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/result.hpp>
#include <type_traits>
#include <utility>

namespace mini_redis {

/// The same operation with its error as a value.
template <class T, class Executor>
asio::awaitable<result<T>, Executor> with_result(asio::awaitable<T, Executor> operation) {
    std::exception_ptr failed;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            co_return result<void>{};
        } else {
            T value = co_await std::move(operation);
            co_return result<T>{std::move(value)};
        }
    } catch (...) {
        failed = std::current_exception();
    }
    co_return result<T>{failure::from(failed)};
}

/// Hands on the result alone, as with_result() throws nothing.
template <class T, class Handler>
struct result_handler {
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
    using allocator_type = asio::associated_allocator_t<Handler>;

    void operator()(const std::exception_ptr& failed, result<T> ended) {
        if (failed) ended = failure::from(failed);
        std::move(handler)(std::move(ended));
    }

    executor_type get_executor() const noexcept {
        return asio::get_associated_executor(handler, home);
    }

    cancellation_slot_type get_cancellation_slot() const noexcept {
        return asio::get_associated_cancellation_slot(handler);
    }

    allocator_type get_allocator() const noexcept {
        return asio::get_associated_allocator(handler);
    }

    Handler handler;
    asio::any_io_executor home;
};

/// Of the type that coroutines name. *Errors*: errc::client_closed, if it is none of this type, as
/// that of a client that was moved from.
template <class Executor>
Executor executor_as(const asio::any_io_executor& executor) {
    if constexpr (std::same_as<Executor, asio::any_io_executor>) {
        return executor;
    } else {
        const auto* const found = executor.template target<Executor>();
        if (!found) throw call_error(make_error_code(errc::client_closed), false);
        return *found;
    }
}

/// Without a token, it is to be awaited.
template <class T, class Executor>
asio::awaitable<T, Executor> run_operation(const asio::any_io_executor& /*home*/,
                                           asio::awaitable<T, Executor> operation) {
    return operation;
}

/// With one, it runs on `home`; with as_result by itself it is to be awaited as well.
template <class T, class Executor, class Token>
auto run_operation(const asio::any_io_executor& home, asio::awaitable<T, Executor> operation,
                   Token token) {
    if constexpr (std::same_as<Token, as_result_t<own_token>>) {
        return with_result(std::move(operation));
    } else if constexpr (is_as_result<Token>) {
        const auto initiation = [](auto handler, const asio::any_io_executor& on,
                                   asio::awaitable<T, Executor> begun) {
            using handler_type = std::decay_t<decltype(handler)>;
            asio::co_spawn(executor_as<Executor>(on), with_result(std::move(begun)),
                           result_handler<T, handler_type>{std::move(handler), on});
        };
        auto given = std::move(token.token);
        return asio::async_initiate<decltype(given), void(result<T>)>(initiation, given, home,
                                                                      std::move(operation));
    } else {
        return asio::co_spawn(executor_as<Executor>(home), std::move(operation), std::move(token));
    }
}

/// What a function gives, or why it has thrown.
template <class Call>
auto result_of(Call call) -> result<std::invoke_result_t<Call&>> {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Call&>>) {
            call();
            return {};
        } else {
            return call();
        }
    } catch (...) {
        return failure::from(std::current_exception());
    }
}

/// A function of a blocking client: it throws, or with as_result it does not.
template <class Call>
auto run_blocking(Call call) {
    return call();
}

template <class Call, class Token>
auto run_blocking(Call call, as_result_t<Token> /*token*/) {
    return result_of(std::move(call));
}

} // namespace mini_redis
