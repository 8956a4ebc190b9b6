// Messages between a connection's reader and the coroutine that takes them.
//
// Invariant: who waits is woken by every change that may end the wait; it looks again by itself.
// The two channels only wake. They have no room, because Asio 1.22 forgets a channel's room when a
// waiting receive is cancelled, and what is inside when it is closed.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <cstddef>
#include <deque>
#include <mini_redis/asio.hpp>
#include <mini_redis/channel.hpp>
#include <mini_redis/subscriber.hpp>
#include <optional>
#include <system_error>
#include <utility>

namespace mini_redis {

/// One producer, one consumer, one executor. Shared ownership is up to its users.
class message_queue {
public:
    message_queue(const asio::any_io_executor& executor, std::size_t capacity)
        : capacity_{capacity},
          filled_{executor, 0},
          drained_{executor, 0} {}

    /// The producer asks for room before it pushes.
    bool is_full() const noexcept { return messages_.size() >= capacity_; }

    void push(message received) {
        if (ended_) return;
        messages_.push_back(std::move(received));
        filled_.try_send(std::error_code{}, true);
    }

    /// Waits until it is not full, or has ended.
    asio::awaitable<void> wait_for_room() {
        while (is_full() && !ended_)
            co_await drained_.async_receive(use_tuple);
    }

    /// Nothing is pushed any more. Only the first reason counts.
    void end(std::error_code why) {
        if (ended_) return;
        ended_ = why;
        filled_.try_send(std::error_code{}, true);
        drained_.try_send(std::error_code{}, true);
    }

    /// Nobody takes them any more.
    void discard() noexcept { messages_.clear(); }

    /// The next message; nothing when it has ended and all were taken, and then why_ended() tells.
    ///
    /// *Errors*: asio::error::operation_aborted if cancelled.
    asio::awaitable<std::optional<message>> pop() {
        while (messages_.empty()) {
            if (ended_) co_return std::nullopt;
            const auto [error, unused] = co_await filled_.async_receive(use_tuple);
            if (error) throw std::system_error(asio::error::operation_aborted);
        }
        std::optional<message> next{std::move(messages_.front())};
        messages_.pop_front();
        drained_.try_send(std::error_code{}, true);
        co_return next;
    }

    std::error_code why_ended() const noexcept { return ended_; }

private:
    std::size_t capacity_;
    std::deque<message> messages_;
    std::error_code ended_;
    channel<bool> filled_;
    channel<bool> drained_;
};

} // namespace mini_redis
