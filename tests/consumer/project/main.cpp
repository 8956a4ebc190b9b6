// Uses the store and the client as a stranger would, without a server: what counts is that it
// compiles, links and runs.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <mini_redis/keyspace.hpp>
#include <mini_redis/version.hpp>
#include <system_error>

namespace {

// A timer of its own takes memory from the Asio that the library was compiled with. Nobody listens
// on port 1, so the client has something to say about it.
asio::awaitable<void> greet() {
    asio::steady_timer pause{co_await asio::this_coro::executor, std::chrono::milliseconds{1}};
    co_await pause.async_wait(asio::use_awaitable);
    auto client = co_await mini_redis::client::connect("127.0.0.1:1");
    co_await client.set("greeting", "hello");
}

} // namespace

int main() {
    mini_redis::keyspace cache;
    cache.set("session:1", "Ada", std::chrono::minutes{30});
    if (cache.get("session:1") != "Ada" || !cache.ttl("session:1")) return 1;

    bool refused = false;
    asio::io_context context;
    asio::co_spawn(context, greet(), [&](std::exception_ptr failure) {
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const std::system_error& error) {
            refused = true;
            std::cout << "mini-redis " << mini_redis::version << ": " << error.what() << '\n';
        }
    });
    context.run();
    return refused ? 0 : 2;
}
