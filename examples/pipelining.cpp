// Pipelining comes by itself: calls of many coroutines on one client travel together. Compares that
// with one call after the other.
//
//   pipelining [host:port]
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <utility>

namespace {

using mini_redis::client;

constexpr int calls = 10'000;

asio::awaitable<void> increment(client& c, int times) {
    for (int i = 0; i < times; ++i)
        co_await c.send("INCR", "pipelining:counter");
}

/// Runs as many coroutines on the client, and returns the calls per second.
long measure(asio::io_context& context, client& c, int coroutines) {
    const auto begin = std::chrono::steady_clock::now();
    int running = coroutines;
    for (int i = 0; i < coroutines; ++i) {
        asio::co_spawn(context, increment(c, calls / coroutines),
                       [&running](const std::exception_ptr& thrown) {
                           --running;
                           if (thrown) std::rethrow_exception(thrown);
                       });
    }
    while (running > 0)
        context.run_one();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return static_cast<long>(calls / took.count());
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        client c;
        asio::co_spawn(context, client::connect(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [&c](const std::exception_ptr& thrown, client connected) {
                           if (thrown) std::rethrow_exception(thrown);
                           c = std::move(connected);
                       });
        while (!c.is_open())
            context.run_one();
        for (const int coroutines : {1, 10, 100})
            std::cout << coroutines << " at once: " << measure(context, c, coroutines)
                      << " calls/s\n";
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
