// A rate limit: so many requests in a window of time, which begins with the first of them.
//
//   rate_limit [host:port]
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <string>

namespace {

using mini_redis::client;
using mini_redis::set_condition;
using namespace std::chrono_literals;

/// Whether one more request of this user is within the limit.
asio::awaitable<bool> allow(client& c, std::string user, int limit,
                            std::chrono::milliseconds window) {
    const std::string key = "requests:" + user;
    auto both = c.transaction()
                    .set(key, 0, {.ttl = window, .condition = set_condition::if_absent})
                    .incr(key);
    const auto [is_first, count] = co_await both.execute();
    co_return count <= limit;
}

asio::awaitable<void> request(std::string address) {
    client c = co_await client::connect(address);
    co_await c.del("requests:Ada");
    for (int i = 1; i <= 5; ++i) {
        const bool is_allowed = co_await allow(c, "Ada", 3, 1min);
        std::cout << "request " << i << (is_allowed ? ": welcome\n" : ": too many\n");
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, request(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
