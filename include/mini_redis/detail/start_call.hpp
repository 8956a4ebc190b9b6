// From a typed call to the connection: the one way, whatever the completion token. Not for
// applications.
#pragma once

#include <array>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/system_executor.hpp>
#include <concepts>
#include <exception>
#include <mini_redis/as_result.hpp>
#include <mini_redis/asio.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/detail/request_batch.hpp>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/result.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mini_redis {

/// Reads a reply as Reply; a server's error reply is a failure of the call.
template <class Reply>
struct typed_reader {
    static constexpr bool takes_errors = false;

    Reply operator()(const reply_view& reply) const {
        if constexpr (!std::is_void_v<Reply>) return read_reply<Reply>(reply);
    }
};

template <class T>
struct typed_reader<result<T>> {
    static constexpr bool takes_errors = true;

    result<T> operator()(const reply_view& reply) const { return read_reply<result<T>>(reply); }
};

/// Reads any reply, an error too, as a frame.
struct frame_reader {
    static constexpr bool takes_errors = true;

    frame operator()(const reply_view& reply) const { return reply.to_frame(); }
};

/// Reads a reply as a user's function does.
template <class Read>
struct in_place_reader {
    static constexpr bool takes_errors = false;

    Read read;

    auto operator()(const reply_view& reply) { return read(reply); }
};

/// What a call with this token completes with.
template <class Reply, bool AsResult>
struct call_signature {
    using type = void(std::exception_ptr, Reply);
};

template <>
struct call_signature<void, false> {
    using type = void(std::exception_ptr);
};

template <class Reply>
struct call_signature<Reply, true> {
    using type = void(result<Reply>);
};

/// Calls the handler on its executor: at once if that is the one that this runs on, which saves it
/// the way through the scheduler; otherwise, and always if `later`, in a turn of its own.
///
/// The values are handed on by reference: a string would be moved at each step otherwise.
template <class Handler, class... Args>
void resume(const asio::any_io_executor& here, bool later, Handler handler, Args&&... args) {
    const auto executor = asio::get_associated_executor(handler, here);
    if (!later) {
        bool is_here = false;
        if constexpr (std::equality_comparable_with<decltype(executor), asio::any_io_executor>) {
            is_here = executor == here;
        } else {
            using executor_type = std::decay_t<decltype(executor)>;
            const auto* const own = here.template target<executor_type>();
            is_here = own && *own == executor;
        }
        if (is_here) return std::move(handler)(std::forward<Args>(args)...);
    }
    asio::post(executor, [handler = std::move(handler),
                          ... held = std::decay_t<Args>(std::forward<Args>(args))]() mutable {
        std::move(handler)(std::move(held)...);
    });
}

template <class Reply, class Reader, bool AsResult, class Handler>
class call final : public pending_call {
public:
    call(call_target& owner, Handler&& handler, Reader reader)
        : pending_call{owner},
          handler_{std::move(handler)},
          reader_{std::move(reader)} {
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (!slot.is_connected()) return;
        slot.assign([this](asio::cancellation_type type) {
            // `total` alone asks for a call without effect, which nobody can promise any more.
            constexpr auto served =
                asio::cancellation_type::terminal | asio::cancellation_type::partial;
            if ((type & served) != asio::cancellation_type::none)
                holder->give_up(this, asio::error::operation_aborted);
        });
    }

    void collect(const reply_view& reply) override {
        if constexpr (requires { reader_.collect(reply); })
            if (handler_) reader_.collect(reply);
    }

    void deliver(const reply_view& reply) override {
        if (!handler_) return holder->memory().destroy(this);
        if constexpr (AsResult)
            finish(read_as_result(reply));
        else if constexpr (std::is_void_v<Reply>)
            finish(reply.is_error() ? error_reply(reply).to_exception() : nullptr);
        else
            deliver_value(reply);
    }

    void fail(failure why) override {
        if (given_up) return;
        given_up = true;
        fail_later(holder->executor(), take_handler(), std::move(why));
    }

    /// For a call that fails before it has begun.
    static void fail_later(const asio::any_io_executor& executor, Handler handler, failure why) {
        if constexpr (AsResult)
            resume(executor, true, std::move(handler), result<Reply>{std::move(why)});
        else if constexpr (std::is_void_v<Reply>)
            resume(executor, true, std::move(handler), why.to_exception());
        else
            resume(executor, true, std::move(handler), why.to_exception(), Reply{});
    }

private:
    static failure error_reply(const reply_view& reply) {
        return failure::error_reply(std::string{reply.text()});
    }

    void deliver_value(const reply_view& reply) {
        std::exception_ptr failed;
        Reply value = read_value(reply, failed);
        finish(std::move(failed), std::move(value));
    }

    Reply read_value(const reply_view& reply, std::exception_ptr& failed) {
        static_assert(std::is_default_constructible_v<Reply>,
                      "where an error is thrown, the value beside it is a default one: this type "
                      "has none, so the call has to be made with as_result as the outermost token");
        try {
            if (!reply.is_error() || Reader::takes_errors) return reader_(reply);
            failed = error_reply(reply).to_exception();
        } catch (...) {
            failed = std::current_exception();
        }
        return Reply{};
    }

    result<Reply> read_as_result(const reply_view& reply) {
        if (reply.is_error() && !Reader::takes_errors) return error_reply(reply);
        try {
            if constexpr (std::is_void_v<Reply>)
                return {};
            else
                return reader_(reply);
        } catch (...) {
            return failure::from(std::current_exception());
        }
    }

    template <class... Args>
    void finish(Args&&... args) {
        Handler handler = take_handler();
        call_target& owner = *holder;
        owner.memory().destroy(this);
        resume(owner.executor(), false, std::move(handler), std::forward<Args>(args)...);
    }

    Handler take_handler() {
        asio::get_associated_cancellation_slot(*handler_).clear();
        Handler handler = std::move(*handler_);
        handler_.reset();
        return handler;
    }

    std::optional<Handler> handler_; // empty once it was given up
    [[no_unique_address]] Reader reader_;
};

/// Hands the words over as an array: on the stack, as nearly all commands are short.
template <class Words, class Use>
void with_views(const Words& words, Use&& use) {
    if constexpr (std::convertible_to<const Words&, std::span<const std::string_view>>) {
        use(std::span<const std::string_view>{words});
    } else {
        constexpr std::size_t few = 8;
        std::array<std::string_view, few> views;
        std::vector<std::string_view> many;
        std::string_view* out = views.data();
        if (words.size() > few) {
            many.resize(words.size());
            out = many.data();
        }
        for (std::size_t i = 0; i < words.size(); ++i)
            out[i] = words[i];
        use(std::span<const std::string_view>{out, words.size()});
    }
}

/// Starts a call when its token has it started: with use_awaitable when it is awaited. Then `words`
/// are sent, which has size() and operator[]. `to` is a call_router or a call_target, or null, of a
/// client that was moved from.
template <class Reply, class To, class Reader, class Words, class Token>
auto start_call(To* to, Words words, call_settings settings, Reader reader, Token&& token) {
    using token_type = std::decay_t<Token>;
    if constexpr (is_as_result<token_type>) {
        return initiate_call<Reply, true>(to, std::move(words), settings, std::move(reader),
                                          std::forward<Token>(token).token);
    } else {
        return initiate_call<Reply, false>(to, std::move(words), settings, std::move(reader),
                                           std::forward<Token>(token));
    }
}

inline call_target& route_call(call_router& by, const call_settings& settings,
                               std::span<const std::string_view> words) {
    return by.route(settings, words);
}

inline call_target& route_call(call_target& to, const call_settings& /*settings*/,
                               std::span<const std::string_view> /*words*/) {
    return to;
}

template <class Reply, bool AsResult, class To, class Reader, class Words, class Token>
auto initiate_call(To* to, Words words, call_settings settings, Reader reader, Token&& token) {
    const auto initiation = [](auto handler, To* target, const Words& sent,
                               const call_settings& with, Reader read) {
        using handler_type = decltype(handler);
        using call_type = call<Reply, Reader, AsResult, handler_type>;
        if (!target)
            return call_type::fail_later(asio::system_executor{}, std::move(handler),
                                         failure::unsent(errc::client_closed));
        const auto start = [&](std::span<const std::string_view> route_by, const auto& requests) {
            call_target& found = route_call(*target, with, route_by);
            auto* const started =
                found.memory().template make<call_type>(found, std::move(handler), std::move(read));
            found.start(started, with, requests);
        };
        if constexpr (std::same_as<Words, request_batch>)
            start({}, sent);
        else
            with_views(sent, [&](std::span<const std::string_view> views) { start(views, views); });
    };
    using signature = typename call_signature<Reply, AsResult>::type;
    return asio::async_initiate<Token, signature>(initiation, token, to, std::move(words), settings,
                                                  std::move(reader));
}

} // namespace mini_redis
