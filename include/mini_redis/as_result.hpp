// The completion token of those who would rather look than catch.
#pragma once

#include <asio/associator.hpp>
#include <asio/async_result.hpp>
#include <exception>
#include <mini_redis/result.hpp>
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
/// So it does within another one, but then it has to be around one itself:
/// `bind_cancellation_slot(slot, as_result(asio::use_awaitable))`. A type of reply that has no
/// default value needs it as the outermost one.
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

/// What a call of an error and a value completes with instead.
template <class Signature>
struct as_result_signature {
    static_assert(!std::is_same_v<Signature, Signature>,
                  "as_result is for operations that complete with void(std::exception_ptr) or "
                  "void(std::exception_ptr, T)");
};

template <>
struct as_result_signature<void(std::exception_ptr)> {
    using value = void;
    using type = void(result<void>);
};

template <class T>
struct as_result_signature<void(std::exception_ptr, T)> {
    using value = std::decay_t<T>;
    using type = void(result<value>);
};

/// Takes an error and a value, and hands a result on to another handler.
template <class T, class Handler>
struct handler_of_result {
    void operator()(const std::exception_ptr& failed, T value) {
        result<T> ended{std::move(value)};
        if (failed) ended = failure::from(failed);
        std::move(handler)(std::move(ended));
    }

    Handler handler;
};

template <class Handler>
struct handler_of_result<void, Handler> {
    void operator()(const std::exception_ptr& failed) {
        std::move(handler)(failed ? result<void>{failure::from(failed)} : result<void>{});
    }

    Handler handler;
};

} // namespace mini_redis

/// Where as_result stands within another token, as in bind_executor(executor, as_result(callback)).
template <class Token, class Signature>
class asio::async_result<mini_redis::as_result_t<Token>, Signature>
    : public async_result<Token, typename mini_redis::as_result_signature<Signature>::type> {
    static_assert(!std::is_same_v<Token, mini_redis::own_token>,
                  "as_result by itself stands for the token that a call has anyway, which is not "
                  "known within another one: say as_result(asio::use_awaitable) or the like");

    using inner = async_result<Token, typename mini_redis::as_result_signature<Signature>::type>;
    using value = typename mini_redis::as_result_signature<Signature>::value;

    template <class Initiation>
    struct wrapped_initiation {
        template <class Handler, class... Args>
        void operator()(Handler&& handler, Args&&... args) {
            using wrapped = mini_redis::handler_of_result<value, std::decay_t<Handler>>;
            std::move(initiation)(wrapped{std::forward<Handler>(handler)},
                                  std::forward<Args>(args)...);
        }

        Initiation initiation;
    };

public:
    using inner::inner;

    template <class Initiation, class Raw, class... Args>
    static auto initiate(Initiation&& initiation, Raw&& token, Args&&... args) {
        using wrapped = wrapped_initiation<std::decay_t<Initiation>>;
        return asio::async_initiate<Token,
                                    typename mini_redis::as_result_signature<Signature>::type>(
            wrapped{std::forward<Initiation>(initiation)}, token.token,
            std::forward<Args>(args)...);
    }
};

template <template <class, class> class Associator, class T, class Handler, class Default>
struct asio::associator<Associator, mini_redis::handler_of_result<T, Handler>, Default> {
    using type = typename Associator<Handler, Default>::type;

    static type get(const mini_redis::handler_of_result<T, Handler>& of,
                    const Default& otherwise = Default()) noexcept {
        return Associator<Handler, Default>::get(of.handler, otherwise);
    }
};
