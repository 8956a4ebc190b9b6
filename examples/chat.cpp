// A chat room: what you type is published, what the others type is printed. Two coroutines, and the
// first of them to end, ends the other.
//
//   chat name [host:port]
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>

namespace {

using mini_redis::client;
using mini_redis::message;
using mini_redis::subscriber;

asio::awaitable<void> type(client& c, std::string name) {
    asio::posix::stream_descriptor keyboard{co_await asio::this_coro::executor,
                                            ::dup(STDIN_FILENO)};
    std::string typed;
    for (;;) {
        const auto [error, size] = co_await asio::async_read_until(
            keyboard, asio::dynamic_buffer(typed), '\n', mini_redis::use_tuple);
        if (error == asio::error::eof) co_return;
        if (error) throw std::system_error(error, "reading what you type");
        const std::string line = name + ": " + typed.substr(0, size - 1);
        typed.erase(0, size);
        co_await c.publish("chat", line);
    }
}

asio::awaitable<void> listen(subscriber& room) {
    while (std::optional<message> m = co_await room.next())
        std::cout << m->payload << std::endl;
}

asio::awaitable<void> chat(std::string name, std::string address) {
    using namespace asio::experimental::awaitable_operators;
    client c = co_await client::connect(address);
    subscriber room = co_await c.subscribe("chat"); // on a connection of its own
    std::cout << "welcome, " << name << std::endl;
    co_await (type(c, name) || listen(room));
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: chat name [host:port]\n";
        return EXIT_FAILURE;
    }
    try {
        asio::io_context context{1};
        asio::co_spawn(context, chat(argv[1], argc > 2 ? argv[2] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
