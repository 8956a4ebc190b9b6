// The completion token of those who would rather look than catch.
#pragma once

#include <type_traits>
#include <utility>

namespace mini_redis {

/// The completion token that calls have anyway: an awaitable for coroutines of the client's
/// executor.
struct own_token {};

/// Makes a call complete with a result instead of an error or a value.
///
///     result<std::optional<std::string>> value = co_await c.get("key", as_result);
///     c.get("key", as_result([](const auto& found) { print(found.has_value()); }));
///
/// By itself it leaves the call an awaitable; around another token it completes as that one says.
template <class Token>
struct as_result_t {
    Token token;

    template <class Other>
    constexpr as_result_t<std::decay_t<Other>> operator()(Other&& other) const {
        return {std::forward<Other>(other)};
    }
};

inline constexpr as_result_t<own_token> as_result{};

template <class Token>
inline constexpr bool is_as_result = false;
template <class Token>
inline constexpr bool is_as_result<as_result_t<Token>> = true;

} // namespace mini_redis
