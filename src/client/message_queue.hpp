// Messages between a connection's reader and the coroutine that takes them.
//
// Invariant: who waits is woken by every change that may end the wait; it looks again by itself.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mini_redis/error.hpp>
#include <mini_redis/subscriber.hpp>
#include <mini_redis/wakeup.hpp>
#include <optional>
#include <system_error>
#include <utility>

namespace mini_redis {

/// One producer, one consumer, one executor. Who waits shares ownership.
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
    static asio::awaitable<void> wait_for_room(std::shared_ptr<message_queue> self) {
        while (self->is_full() && !self->ended_)
            co_await self->drained_.wait();
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

    /// A message that is there already.
    std::optional<message> try_pop() {
        if (messages_.empty()) return std::nullopt;
        std::optional<message> next{std::move(messages_.front())};
        messages_.pop_front();
        drained_.notify();
        return next;
    }

    /// The next message; nothing when it has ended and all were taken, and then why_ended() tells.
    ///
    /// *Errors*: errc::timed_out; asio::error::operation_aborted if cancelled.
    static asio::awaitable<std::optional<message>>
    pop(std::shared_ptr<message_queue> self, std::chrono::steady_clock::time_point until) {
        asio::steady_timer alarm{co_await asio::this_coro::executor};
        if (self->messages_.empty() && until != std::chrono::steady_clock::time_point::max()) {
            alarm.expires_at(until);
            alarm.async_wait([self](std::error_code error) {
                if (!error) self->filled_.notify();
            });
        }
        while (self->messages_.empty()) {
            if (self->ended_) co_return std::nullopt;
            if (std::chrono::steady_clock::now() >= until) throw std::system_error(errc::timed_out);
            co_await self->filled_.wait();
        }
        co_return self->try_pop();
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
