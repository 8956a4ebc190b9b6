// Publish and subscribe, through the end of a connection. For that it has the server cut off all
// who listen, as a restart would: do not try it where others do.
//
//   pub_sub [host:port]
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>

namespace {

using mini_redis::client;
using mini_redis::message;
using mini_redis::subscriber;
using namespace std::chrono_literals;

asio::awaitable<void> listen(subscriber& news) {
    std::uint64_t reconnects = 0;
    while (std::optional<message> m = co_await news.next()) {
        if (news.reconnects() != reconnects) {
            reconnects = news.reconnects();
            std::cout << "(something may have been missed)\n";
        }
        std::cout << m->channel << ": " << m->payload << '\n';
        if (m->payload == "that was all") co_return;
    }
}

/// What is published while nobody listens is lost; so this one says it until somebody has heard.
asio::awaitable<void> tell(client& c, std::string text) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    while (co_await c.publish("news", text) == 0) {
        timer.expires_after(10ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> publish(client& c) {
    co_await tell(c, "hello");
    mini_redis::client_filter listeners;
    listeners.type = "pubsub";
    co_await c.client_kill(listeners);
    co_await tell(c, "that was all");
}

asio::awaitable<void> talk(std::string address) {
    using namespace asio::experimental::awaitable_operators;
    client c = co_await client::connect(address);
    subscriber news = co_await c.subscribe("news"); // on a connection of its own
    co_await (listen(news) && publish(c));
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, talk(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
