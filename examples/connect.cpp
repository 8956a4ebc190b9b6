// Getting to a server, and what a call may come to: options, errors in two ways, cancellation, and
// a connection that is lost and made again.
//
//   connect [host:port]        or redis://user:password@host:port/0, rediss://host, unix:///path
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <string>
#include <utility>

namespace {

using mini_redis::client;
using namespace std::chrono_literals;

asio::awaitable<void> fail(client& c) {
    co_await c.set("example:text", "no number");
    try {
        co_await c.incr("example:text");
    } catch (const mini_redis::redis_error& error) {
        std::cout << "thrown: " << error.what() << '\n';
    }
    const auto sum = co_await c.incr("example:text", mini_redis::as_result);
    if (!sum) std::cout << "returned: " << sum.error().message() << '\n';
}

asio::awaitable<void> give_up(client& c) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer{co_await asio::this_coro::executor, 50ms};
    const auto ended = co_await (c.blpop("example:nothing", 0ms) || // would wait for ever
                                 timer.async_wait(asio::use_awaitable));
    if (ended.index() == 1) std::cout << "given up\n";
}

asio::awaitable<void> come_back(client& c) {
    mini_redis::client_filter own_connection;
    own_connection.id = co_await c.client_id();
    own_connection.skip_me = false;
    co_await c.client_kill(own_connection); // as if the server went away
    const auto text = co_await c.idempotent().get("example:text");
    std::cout << "back again, and there is " << text.value_or("nothing") << '\n';
}

asio::awaitable<void> use(std::string address) {
    mini_redis::connect_options options;
    options.client_name = "connect-example";
    options.connect_timeout = 10s; // until the client can be used
    options.call_timeout = 3s;     // for each call, from its beginning to its reply
    client c = co_await client::connect(address, options);
    co_await fail(c);
    co_await give_up(c);
    co_await come_back(c);
    co_await c.del("example:text");
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, use(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
