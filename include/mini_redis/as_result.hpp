// The completion token of those who would rather look than catch.
#pragma once

#include <asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace mini_redis {

/// Makes a call complete with a result instead of an error or a value.
///
///     result<std::optional<std::string>> value = co_await c.get("key", as_result);
///     c.get("key", as_result([](const auto& found) { print(found.has_value()); }));
///
/// By itself it stands for as_result(asio::use_awaitable).
template <class Token>
struct as_result_t {
    Token token;

    template <class Other>
    constexpr as_result_t<std::decay_t<Other>> operator()(Other&& other) const {
        return {std::forward<Other>(other)};
    }
};

inline constexpr as_result_t<asio::use_awaitable_t<>> as_result{};

template <class Token>
inline constexpr bool is_as_result = false;
template <class Token>
inline constexpr bool is_as_result<as_result_t<Token>> = true;

} // namespace mini_redis
