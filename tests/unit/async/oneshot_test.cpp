#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <mini_redis/oneshot.hpp>
#include <optional>
#include <string>

#include "support/catch.hpp"

using namespace mini_redis;
using namespace asio::experimental::awaitable_operators;

namespace {

// Waits for the value, and notes it or the error.
struct outcome {
    std::optional<std::string> value;
    std::error_code error;
};

asio::awaitable<void> wait_for(oneshot_receiver<std::string> receiver, outcome& result) {
    try {
        result.value = co_await receiver.receive();
    } catch (const std::system_error& error) {
        result.error = error.code();
    }
}

void start(asio::io_context& context, asio::awaitable<void> coroutine) {
    asio::co_spawn(context, std::move(coroutine), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
}

} // namespace

TEST_CASE("a oneshot gives the value to who waits, before or after") {
    for (const bool sent_first : {true, false}) {
        asio::io_context context{1};
        auto [sender, receiver] = make_oneshot<std::string>(context.get_executor());
        outcome result;
        if (sent_first) CHECK(sender.send("value"));
        start(context, wait_for(std::move(receiver), result));
        context.poll();
        if (!sent_first) {
            CHECK_FALSE(result.value);
            CHECK(sender.send("value"));
        }
        context.run();
        CHECK(result.value == "value");
        CHECK_FALSE(sender.send("second"));
    }
}

TEST_CASE("a oneshot without a sender is broken, not waited for") {
    for (const bool dropped_first : {true, false}) {
        asio::io_context context{1};
        auto pair = std::make_unique<oneshot<std::string>>(
            make_oneshot<std::string>(context.get_executor()));
        outcome result;
        oneshot_receiver<std::string> receiver = std::move(pair->receiver);
        if (dropped_first) pair.reset();
        start(context, wait_for(std::move(receiver), result));
        context.poll();
        if (!dropped_first) {
            CHECK_FALSE(result.error);
            pair.reset();
        }
        context.restart();
        context.run();
        CHECK(result.error == asio::error::broken_pipe);
    }
}

TEST_CASE("a sender that is assigned over is gone") {
    asio::io_context context{1};
    auto [sender, receiver] = make_oneshot<std::string>(context.get_executor());
    auto [other_sender, other_receiver] = make_oneshot<std::string>(context.get_executor());
    sender = std::move(other_sender);
    outcome result;
    outcome other_result;
    start(context, wait_for(std::move(receiver), result));
    start(context, wait_for(std::move(other_receiver), other_result));
    CHECK(sender.send("to the other"));
    context.run();
    CHECK(result.error == asio::error::broken_pipe);
    CHECK(other_result.value == "to the other");
}

TEST_CASE("waiting for a oneshot can be given up, and taken up again") {
    asio::io_context context{1};
    auto [sender, receiver] = make_oneshot<std::string>(context.get_executor());
    std::string value;
    start(context,
          [](oneshot_sender<std::string> from, oneshot_receiver<std::string> to,
             std::string& result) -> asio::awaitable<void> {
              asio::steady_timer timer{co_await asio::this_coro::executor};
              timer.expires_after(std::chrono::milliseconds{1});
              auto waiting = to.receive();
              auto time = timer.async_wait(asio::use_awaitable);
              const auto first = co_await (std::move(waiting) || std::move(time));
              CHECK(first.index() == 1);
              from.send("late");
              result = co_await to.receive();
              // It is gone with that.
              outcome again;
              co_await wait_for(std::move(to), again);
              CHECK(again.error == asio::error::broken_pipe);
          }(std::move(sender), std::move(receiver), value));
    context.run();
    CHECK(value == "late");
}

TEST_CASE("an io_context may end while a oneshot is waited for") {
    asio::io_context context{1};
    auto [sender, receiver] = make_oneshot<std::string>(context.get_executor());
    outcome result;
    start(context, wait_for(std::move(receiver), result));
    context.poll();
    CHECK_FALSE(result.value);
}

TEST_CASE("an io_context may end while both ends of a oneshot wait") {
    // Whichever is destroyed first; the sender's end is a notification.
    for (const bool sender_first : {true, false}) {
        asio::io_context context{1};
        outcome result;
        auto [sender, receiver] = make_oneshot<std::string>(context.get_executor());
        const auto hold = [](oneshot_sender<std::string> held) -> asio::awaitable<void> {
            wakeup never{co_await asio::this_coro::executor};
            co_await never.wait();
            held.send("never");
        };
        if (sender_first) start(context, hold(std::move(sender)));
        start(context, wait_for(std::move(receiver), result));
        if (!sender_first) start(context, hold(std::move(sender)));
        context.poll();
        CHECK_FALSE(result.value);
    }
}
