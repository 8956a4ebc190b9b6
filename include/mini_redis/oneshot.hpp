// A single value on its way from one coroutine to another: the answer to a request that was handed
// over through a channel.
//
// Invariant: the receiver waits only while there is a sender that has not sent; it is woken by the
// value and by the sender's end.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <memory>
#include <mini_redis/wakeup.hpp>
#include <optional>
#include <system_error>
#include <utility>

namespace mini_redis {

/// What the two ends share.
template <class T>
struct oneshot_state {
    explicit oneshot_state(const asio::any_io_executor& executor) : changed{executor} {}

    std::optional<T> value;
    bool may_come = true;
    wakeup changed;
};

/// The end that sends. Destroying it unused tells the receiver that nothing will come.
///
/// *Thread safety*: both ends belong to one executor.
template <class T>
class oneshot_sender {
public:
    oneshot_sender() = default;

    explicit oneshot_sender(std::shared_ptr<oneshot_state<T>> state) noexcept
        : state_{std::move(state)} {}

    oneshot_sender(oneshot_sender&& other) noexcept = default;

    oneshot_sender& operator=(oneshot_sender&& other) noexcept {
        oneshot_sender moved{std::move(other)};
        std::swap(state_, moved.state_);
        return *this;
    }

    ~oneshot_sender() { finish(); }

    /// Hands the value over; it never waits.
    ///
    /// @return false if there is nothing to send to: it has sent already, or was moved from.
    bool send(T value) {
        if (!state_) return false;
        state_->value.emplace(std::move(value));
        finish();
        return true;
    }

private:
    void finish() {
        if (!state_) return;
        state_->may_come = false;
        state_->changed.notify();
        state_.reset();
    }

    std::shared_ptr<oneshot_state<T>> state_;
};

/// The end that waits.
template <class T>
class oneshot_receiver {
public:
    explicit oneshot_receiver(std::shared_ptr<oneshot_state<T>> state) noexcept
        : state_{std::move(state)} {}

    oneshot_receiver(oneshot_receiver&&) noexcept = default;
    oneshot_receiver& operator=(oneshot_receiver&&) noexcept = default;

    /// The value, as soon as it is there.
    ///
    /// *Errors*: asio::error::broken_pipe if the sender went away without sending, or the value was
    /// received before. *Cancellation*: asio::error::operation_aborted; it may be called again.
    asio::awaitable<T> receive() { return receive_from(state_); }

private:
    // A parameter, not `this`: the receiver may be moved or destroyed meanwhile.
    static asio::awaitable<T> receive_from(std::shared_ptr<oneshot_state<T>> state) {
        while (!state->value && state->may_come)
            co_await state->changed.wait();
        if (!state->value) throw std::system_error(asio::error::broken_pipe);
        T value = std::move(*state->value);
        state->value.reset();
        co_return value;
    }

    std::shared_ptr<oneshot_state<T>> state_;
};

template <class T>
struct oneshot {
    oneshot_sender<T> sender;
    oneshot_receiver<T> receiver;
};

/// A connected pair of ends.
///
///     auto [sender, receiver] = make_oneshot<int>(co_await asio::this_coro::executor);
///     hand_over(std::move(sender));                    // elsewhere: sender.send(42);
///     int answer = co_await receiver.receive();
template <class T>
oneshot<T> make_oneshot(const asio::any_io_executor& executor) {
    auto state = std::make_shared<oneshot_state<T>>(executor);
    return {oneshot_sender<T>{state}, oneshot_receiver<T>{state}};
}

} // namespace mini_redis
