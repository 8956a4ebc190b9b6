// A lock that several programs share, for as long as it lives: SET NX PX with a token that nobody
// else has, and released only by who has it. The server has to know scripts (EVAL).
//
//   lock [host:port]
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <mini_redis/script.hpp>
#include <optional>
#include <random>
#include <string>

namespace {

using mini_redis::client;
using mini_redis::set_condition;
using namespace std::chrono_literals;

/// The token, if nobody else holds the lock. It ends by itself, as its holder may die.
asio::awaitable<std::optional<std::string>> acquire(client& c, std::string name,
                                                    std::chrono::milliseconds ttl) {
    std::random_device random;
    const std::string token = std::to_string(random()) + "-" + std::to_string(random());
    const mini_redis::set_options if_free{.ttl = ttl, .condition = set_condition::if_absent};
    if (co_await c.set(name, token, if_free)) co_return token;
    co_return std::nullopt;
}

const mini_redis::script compare_and_delete{R"(
    if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
    return 0)"};

/// False, if the lock had ended meanwhile, and may be another's.
asio::awaitable<bool> release(client& c, std::string name, std::string token) {
    co_return co_await c.eval<bool>(compare_and_delete, name, token);
}

asio::awaitable<void> contend(std::string address) {
    client c = co_await client::connect(address);
    co_await c.del("example:lock");
    const auto first = co_await acquire(c, "example:lock", 500ms);
    const auto refused = co_await acquire(c, "example:lock", 500ms);
    std::cout << "first: " << first.has_value() << ", second: " << refused.has_value() << '\n';

    asio::steady_timer timer{co_await asio::this_coro::executor, 600ms};
    co_await timer.async_wait(asio::use_awaitable); // the first takes too long
    const auto second = co_await acquire(c, "example:lock", 10s);
    const bool too_late = !co_await release(c, "example:lock", first.value());
    const bool released = co_await release(c, "example:lock", second.value());
    std::cout << "the first came too late: " << too_late << ", the second not: " << released
              << '\n';
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, contend(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
