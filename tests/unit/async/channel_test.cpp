// Asio's channel is tested by Asio. This shows what the rest of the library counts on.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/channel.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace mini_redis;

namespace {

asio::awaitable<void> produce(channel<std::unique_ptr<int>>& to, int from, int count, int& sent) {
    for (int i = 0; i < count; ++i) {
        auto value = std::make_unique<int>(from + i);
        co_await to.async_send(std::error_code{}, std::move(value), asio::use_awaitable);
        ++sent;
    }
}

asio::awaitable<void> consume(channel<std::unique_ptr<int>>& from, std::vector<int>& received) {
    for (;;) {
        auto [error, value] = co_await from.async_receive(use_tuple);
        if (error) {
            CHECK(error == channel_errc::channel_closed);
            co_return;
        }
        received.push_back(*value);
    }
}

void start(asio::io_context& context, asio::awaitable<void> coroutine) {
    asio::co_spawn(context, std::move(coroutine), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
}

} // namespace

TEST_CASE("a full channel makes its producers wait") {
    asio::io_context context{1};
    channel<std::unique_ptr<int>> numbers{context.get_executor(), 3};
    int sent = 0;
    start(context, produce(numbers, 0, 5, sent));
    start(context, produce(numbers, 100, 5, sent));
    context.poll();
    CHECK(sent == 3);

    std::vector<int> received;
    start(context, consume(numbers, received));
    context.poll();
    CHECK(sent == 10);
    CHECK(received.size() == 10);
    numbers.close();
    context.restart();
    context.run();
    // Each producer's values come in its order.
    std::vector<int> low;
    for (const int value : received)
        if (value < 100) low.push_back(value);
    CHECK(low == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a closed channel refuses, and ends who waits") {
    asio::io_context context{1};
    channel<std::unique_ptr<int>> numbers{context.get_executor(), 3};
    std::vector<int> received;
    start(context, consume(numbers, received));
    start(context, consume(numbers, received));
    context.poll();
    numbers.close();
    CHECK_FALSE(numbers.try_send(std::error_code{}, std::make_unique<int>(3)));
    context.run(); // both consumers end
    start(context, consume(numbers, received));
    context.restart();
    context.run(); // and so does who comes late
    CHECK(received.empty());
}

TEST_CASE("try_send takes nothing where there is no room") {
    asio::io_context context{1};
    channel<std::unique_ptr<int>> numbers{context.get_executor(), 1};
    auto value = std::make_unique<int>(1);
    CHECK(numbers.try_send(std::error_code{}, std::move(value)));
    value = std::make_unique<int>(2);
    CHECK_FALSE(numbers.try_send(std::error_code{}, std::move(value)));
    REQUIRE(value);
    CHECK(*value == 2);
}
