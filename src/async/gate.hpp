// Shutting down in order: refuse new work, then wait until the old has ended.
//
// Invariant: drained_ is closed exactly when the gate is closed and nobody is inside.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <cstddef>
#include <mini_redis/asio.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include <mini_redis/channel.hpp>

namespace mini_redis {

/// Counts who is inside, and can be closed.
///
/// *Thread safety*: for one executor. It outlives everyone inside and whoever awaits drained().
///
///     gate work;
///     if (auto pass = work.enter()) co_await serve(…);   // the pass leaves when it is destroyed
///     …
///     work.close();
///     co_await work.drained();
class gate {
public:
    /// The right to be inside, for as long as it lives.
    class pass {
    public:
        explicit pass(gate& entered) noexcept : gate_{&entered} { ++gate_->inside_; }

        pass(pass&& other) noexcept : gate_{std::exchange(other.gate_, nullptr)} {}

        pass& operator=(pass&& other) noexcept {
            pass moved{std::move(other)};
            std::swap(gate_, moved.gate_);
            return *this;
        }

        ~pass() {
            if (gate_) gate_->leave();
        }

    private:
        gate* gate_;
    };

    explicit gate(const asio::any_io_executor& executor) : drained_{executor} {}

    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    /// A pass, or nothing if the gate is closed.
    std::optional<pass> enter() noexcept {
        if (closed_) return std::nullopt;
        return std::optional<pass>{std::in_place, *this};
    }

    /// Refuses who comes from now on. May be called again.
    void close() {
        closed_ = true;
        if (inside_ == 0) drained_.close();
    }

    bool is_closed() const noexcept { return closed_; }

    std::size_t inside() const noexcept { return inside_; }

    /// Ends when the gate is closed and the last one has left; any number of coroutines may wait.
    ///
    /// *Cancellation*: ends with asio::error::operation_aborted; the gate stays as it is.
    asio::awaitable<void> drained() {
        const auto [error, unused] = co_await drained_.async_receive(use_tuple);
        if (error != channel_errc::channel_closed)
            throw asio::system_error(asio::error::operation_aborted);
    }

private:
    void leave() {
        if (--inside_ == 0 && closed_) drained_.close();
    }

    channel<bool> drained_; // carries nothing: its being closed is the news
    std::size_t inside_ = 0;
    bool closed_ = false;
};

} // namespace mini_redis
