// Prints what is published to a channel, until Ctrl-C ends it; that the server goes away for a
// while does not.
//
//   sub channel [host:port]
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
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

asio::awaitable<void> listen(std::string channel, std::string address) {
    client c = co_await client::connect(address);
    subscriber s = co_await c.subscribe(channel);
    std::cout << "subscribed to " << channel << std::endl;

    asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
    signals.async_wait([&s](std::error_code error, int) {
        if (!error) s.close(); // next() then gives nothing
    });

    while (std::optional<message> m = co_await s.next())
        std::cout << m->channel << ": " << m->payload << std::endl;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: sub channel [host:port]\n";
        return EXIT_FAILURE;
    }
    try {
        asio::io_context context{1};
        asio::co_spawn(context, listen(argv[1], argc > 2 ? argv[2] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
