// Messages between a connection's reader and the coroutine that takes them.
//
// Invariant: who waits is woken by every change that may end the wait; it looks again by itself.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <mini_redis/subscriber.hpp>
#include <mini_redis/wakeup.hpp>
#include <optional>
#include <system_error>
#include <utility>

namespace mini_redis {

/// One producer, one consumer, one executor. Shared ownership is up to its users.
class message_queue {
public:
    message_queue(const asio::any_io_executor& executor, std::size_t capacity)
        : capacity_{capacity},
          filled_{executor},
          drained_{executor} {}

    /// The producer asks for room before it pushes.
    bool is_full() const noexcept { return messages_.size() >= capacity_; }

    void push(message received) {
        if (ended_) return;
        messages_.push_back(std::move(received));
        filled_.notify();
    }

    /// Waits until it is not full, or has ended.
    asio::awaitable<void> wait_for_room() {
        while (is_full() && !ended_)
            co_await drained_.wait();
    }

    /// Nothing is pushed any more. Only the first reason counts.
    void end(std::error_code why) {
        if (ended_) return;
        ended_ = why;
        filled_.notify();
        drained_.notify();
    }

    /// Nobody takes them any more.
    void discard() noexcept { messages_.clear(); }

    /// The next message; nothing when it has ended and all were taken, and then why_ended() tells.
    ///
    /// *Errors*: asio::error::operation_aborted if cancelled.
    asio::awaitable<std::optional<message>> pop() {
        while (messages_.empty()) {
            if (ended_) co_return std::nullopt;
            co_await filled_.wait();
        }
        std::optional<message> next{std::move(messages_.front())};
        messages_.pop_front();
        drained_.notify();
        co_return next;
    }

    std::error_code why_ended() const noexcept { return ended_; }

private:
    std::size_t capacity_;
    std::deque<message> messages_;
    std::error_code ended_;
    wakeup filled_;
    wakeup drained_;
};

} // namespace mini_redis
