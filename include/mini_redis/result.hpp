// What a call comes to, for callers who would rather look than catch.
#pragma once

#include <exception>
#include <mini_redis/error.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace mini_redis {

/// Why a call has no value: an error on the way, or the server's error reply.
class failure {
public:
    /// On the way; `context` says more than the code's own message, or is empty.
    failure(std::error_code code, std::string context = {}, bool may_have_run = true) noexcept
        : code_{code},
          text_{std::move(context)},
          may_have_run_{may_have_run} {}

    /// The same of a command that was not sent.
    static failure unsent(std::error_code code, std::string context = {}) noexcept {
        return {code, std::move(context), false};
    }

    /// The server's: its text, such as "WRONGTYPE Operation against …".
    static failure error_reply(std::string text) noexcept {
        return {make_error_code(errc::error_reply), std::move(text)};
    }

    /// errc::error_reply for a server's error reply.
    const std::error_code& code() const noexcept { return code_; }

    /// A server's error reply as it came; otherwise what is known besides the code, or nothing.
    const std::string& text() const noexcept { return text_; }

    /// False if the command cannot have been executed, as it was not sent.
    bool may_have_run() const noexcept { return may_have_run_; }

    /// For people.
    std::string message() const {
        if (code_ == errc::error_reply) return text_;
        return text_.empty() ? code_.message() : text_ + ": " + code_.message();
    }

    /// Throws what a call throws: redis_error or call_error.
    [[noreturn]] void raise() const {
        if (code_ == errc::error_reply) throw redis_error(text_);
        if (text_.empty()) throw call_error(code_, may_have_run_);
        throw call_error(code_, text_, may_have_run_);
    }

    /// The same, not thrown.
    std::exception_ptr to_exception() const;

    /// Of an exception that is a call's, or a user's own.
    static failure from(const std::exception_ptr& thrown);

private:
    std::error_code code_;
    std::string text_;
    bool may_have_run_ = true;
};

/// A value, or why there is none.
///
///     result<std::string> r = co_await c.command<std::string>("TYPE", key, as_result);
///     if (!r) log(r.error().message());
///
/// As a part of a reply, it holds the error that stands in its place: EXEC answers
/// `result<long long>, result<std::string>` even where one command has failed.
template <class T>
class result {
public:
    using value_type = T;

    /// Without a value: errc::unexpected_reply.
    result() noexcept : result{failure{make_error_code(errc::unexpected_reply)}} {}

    result(T value) noexcept(std::is_nothrow_move_constructible_v<T>)
        : held_{std::in_place_index<0>, std::move(value)} {}

    result(failure why) noexcept : held_{std::in_place_index<1>, std::move(why)} {}

    bool has_value() const noexcept { return held_.index() == 0; }

    explicit operator bool() const noexcept { return has_value(); }

    /// There must be a value.
    T& operator*() & noexcept { return *std::get_if<0>(&held_); }

    const T& operator*() const& noexcept { return *std::get_if<0>(&held_); }

    T&& operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }

    T* operator->() noexcept { return std::get_if<0>(&held_); }

    const T* operator->() const noexcept { return std::get_if<0>(&held_); }

    /// The value; without one it throws what the call would have thrown.
    T& value() & { return require(), **this; }

    const T& value() const& { return require(), **this; }

    T value() && { return require(), std::move(**this); }

    template <class Other>
    T value_or(Other&& other) const& {
        return has_value() ? **this : static_cast<T>(std::forward<Other>(other));
    }

    /// There must be none.
    const failure& error() const noexcept { return *std::get_if<1>(&held_); }

    failure& error() noexcept { return *std::get_if<1>(&held_); }

private:
    void require() const {
        if (!has_value()) error().raise();
    }

    std::variant<T, failure> held_;
};

/// Of a command that answers with nothing but OK.
template <>
class result<void> {
public:
    using value_type = void;

    result() noexcept = default;

    result(failure why) noexcept : why_{std::move(why)} {}

    bool has_value() const noexcept { return !why_; }

    explicit operator bool() const noexcept { return has_value(); }

    void value() const {
        if (why_) why_->raise();
    }

    const failure& error() const noexcept { return *why_; }

private:
    std::optional<failure> why_;
};

} // namespace mini_redis
