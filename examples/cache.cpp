// A cache: what takes long to compute is kept for a while, and computed once however many ask for
// it at the same time.
//
//   cache [host:port]
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>

namespace {

using mini_redis::client;
using mini_redis::set_condition;
using namespace std::chrono_literals;

asio::awaitable<void> pause(std::chrono::milliseconds duration) {
    asio::steady_timer timer{co_await asio::this_coro::executor, duration};
    co_await timer.async_wait(asio::use_awaitable);
}

int computed = 0;

asio::awaitable<std::string> compute() {
    co_await pause(50ms); // here a database would be asked
    co_return "report " + std::to_string(++computed);
}

constexpr mini_redis::set_options mark{.ttl = 10s, .condition = set_condition::if_absent};

asio::awaitable<std::string> cached_report(client& c, std::string key) {
    const std::string in_work = key + ":in-work";
    for (;; co_await pause(10ms)) {
        std::optional<std::string> found = co_await c.get(key);
        if (found) co_return *found;

        // One computes it. If that one dies, the mark's end lets the next one try.
        if (!co_await c.set(in_work, "", mark)) continue;
        found = co_await c.get(key); // it may have come in between
        if (!found) {
            found = co_await compute();
            co_await c.set(key, *found, {.ttl = 1min});
        }
        co_await c.del(in_work);
        co_return *found;
    }
}

asio::awaitable<void> ask(std::string address) {
    using namespace asio::experimental::awaitable_operators;
    client c = co_await client::connect(address);
    const std::string key = "example:report";
    co_await c.del(key);
    const auto [first, second] = co_await (cached_report(c, key) && cached_report(c, key));
    const std::string third = co_await cached_report(c, key);
    std::cout << first << ", " << second << ", " << third << '\n';
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, ask(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
