// The smallest program: connect, set a key, get it again.
//
//   hello_redis [host:port]
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>

namespace {

asio::awaitable<void> hello(std::string address) {
    mini_redis::client c = co_await mini_redis::client::connect(address);
    co_await c.set("Hello", "World");
    const std::optional<std::string> value = co_await c.get("Hello");
    std::cout << "Hello " << value.value_or("nobody") << '\n';
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, hello(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
