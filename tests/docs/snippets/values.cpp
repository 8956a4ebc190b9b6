// The snippets of headers that need no server besides their own.
#include <deque>
#include <mini_redis/channel.hpp>
#include <mini_redis/keyspace.hpp>
#include <mini_redis/oneshot.hpp>
#include <mini_redis/server.hpp>
#include <mini_redis/wakeup.hpp>

#include "surroundings.hpp"

using namespace snippets;

TEST_CASE("channel.hpp") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
#include "mini_redis/channel.hpp.1"
        CHECK(number == 7);
    });
}

TEST_CASE("frame.hpp") {
    printed.clear();
#include "mini_redis/frame.hpp.1"
    CHECK(take_printed() == "\"a\"\n(integer) 1\n");
}

TEST_CASE("keyspace.hpp") {
#include "mini_redis/keyspace.hpp.1"
    CHECK(name == "Ada");
}

TEST_CASE("oneshot.hpp") {
    run([]() -> asio::awaitable<void> {
        const auto hand_over = [](oneshot_sender<int> to) { to.send(42); };
#include "mini_redis/oneshot.hpp.1"
        CHECK(answer == 42);
    });
}

TEST_CASE("server.hpp") {
    const auto connect_to = [](const std::string& host, std::uint16_t port) {
        auto c = blocking_client::connect(host + ":" + std::to_string(port));
        CHECK(c.ping() == "PONG");
    };
#include "mini_redis/server.hpp.1"
}

namespace {

asio::awaitable<void> wait_for(std::deque<int>& queue, wakeup& changed){
#include "mini_redis/wakeup.hpp.1"
}

asio::awaitable<void> wake(std::deque<int>& queue, wakeup& changed, int value) {
#include "mini_redis/wakeup.hpp.2"
    co_return;
}

} // namespace

TEST_CASE("wakeup.hpp") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::deque<int> queue;
        wakeup changed{executor};
        spawn(executor, wake(queue, changed, 7));
        co_await wait_for(queue, changed);
        CHECK(queue.front() == 7);
    });
}
