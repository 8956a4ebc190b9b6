// How one coroutine wakes another that waits for something to change.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <mini_redis/asio.hpp>
#include <system_error>

namespace mini_redis {

/// A condition variable for the coroutines of one executor. Who waits looks again when it is woken,
///
///     while (queue.empty()) co_await changed.wait();
///
/// and who has changed something wakes:
///
///     queue.push_back(value);
///     changed.notify();
///
/// It is a timer that never fires and is cancelled to wake. A channel would do as well, but Asio
/// 1.22's must not be touched once its io_context is being destroyed, and destructors notify.
///
/// *Thread safety*: belongs to one executor.
class wakeup {
public:
    explicit wakeup(const asio::any_io_executor& executor) : never_{executor} {
        never_.expires_at(asio::steady_timer::time_point::max());
    }

    /// Wakes all who wait. Nobody waiting: nothing happens, and nothing is remembered.
    void notify() { never_.cancel(); }

    /// Returns when notified. It must outlive the wait.
    ///
    /// *Cancellation*: asio::error::operation_aborted.
    asio::awaitable<void> wait() {
        co_await never_.async_wait(use_tuple);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw std::system_error(asio::error::operation_aborted);
    }

private:
    asio::steady_timer never_;
};

} // namespace mini_redis
