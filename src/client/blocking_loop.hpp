// An event loop that runs only while somebody waits for a result.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "client/turn_end.hpp"

namespace mini_redis {

class blocking_loop {
public:
    /// Runs until the coroutine has ended, and gives its result.
    template <class T>
    T run(asio::awaitable<T> call) {
        std::exception_ptr failed;
        std::optional<T> result;
        bool has_ended = false;
        asio::co_spawn(context_, std::move(call), [&](std::exception_ptr thrown, T value) {
            has_ended = true;
            failed = std::move(thrown);
            if (!failed) result.emplace(std::move(value));
        });
        run_until(has_ended);
        if (failed) std::rethrow_exception(failed);
        return *std::move(result);
    }

    void run(asio::awaitable<void> call) { run(with_value(std::move(call))); }

    void run_until(const bool& has_ended) {
        context_.restart();
        while (!has_ended) {
            end_.flush_all();
            context_.run_one();
        }
        last_run_ = clock::now();
    }

    /// For those whose flushes wait for the end of a turn.
    turn_end& end_of_turn() noexcept { return end_; }

    /// After a pause, learns what has happened meanwhile: that the server has closed the
    /// connection, above all, before a call is sent into it.
    void catch_up() {
        constexpr std::chrono::milliseconds pause{10};
        if (clock::now() - last_run_ >= pause) poll();
    }

    /// Does what can be done without waiting.
    void poll() {
        context_.restart();
        end_.flush_all();
        context_.poll();
    }

private:
    using clock = std::chrono::steady_clock;

    struct nothing {};

    static asio::awaitable<nothing> with_value(asio::awaitable<void> call) {
        co_await std::move(call);
        co_return nothing{};
    }

    asio::io_context context_{1};
    turn_end end_; // what is due in it is gone before the context
    clock::time_point last_run_ = clock::now();
};

} // namespace mini_redis
