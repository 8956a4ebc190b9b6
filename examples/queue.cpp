// A queue of jobs that loses none: a worker moves a job to a list of its own, and removes it from
// there when it is done. What a worker that died has left there, the next one of its name finds.
//
//   queue [host:port]
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>

namespace {

using mini_redis::client;
using mini_redis::list_side;
using namespace std::chrono_literals;

int done = 0;

void work(const std::string& /*job*/) {
    ++done; // twice, if a worker dies between this and LREM
}

asio::awaitable<void> produce(client& c, std::string jobs, int count) {
    for (int i = 1; i <= count; ++i)
        co_await c.lpush(jobs, "job " + std::to_string(i));
}

asio::awaitable<void> consume(client& c, std::string jobs, std::string name) {
    const std::string own = jobs + ":of:" + name;
    // What it had not finished when it ended last comes first.
    while (co_await c.lmove(own, jobs, list_side::left, list_side::right)) {
    }

    // Others call meanwhile: to wait, it has a connection of its own.
    while (std::optional<std::string> job =
               co_await c.blmove(jobs, own, list_side::right, list_side::left, 500ms)) {
        work(*job);
        co_await c.lrem(own, 1, *job);
    }
}

asio::awaitable<void> run(std::string address) {
    using namespace asio::experimental::awaitable_operators;
    client c = co_await client::connect(address);
    const std::string jobs = "example:jobs";
    co_await (produce(c, jobs, 10) && consume(c, jobs, "Ada") && consume(c, jobs, "Bob"));
    const auto left = co_await c.exists(jobs, jobs + ":of:Ada", jobs + ":of:Bob");
    std::cout << done << " jobs done, " << left << " lists left\n";
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context{1};
        asio::co_spawn(context, run(argc > 1 ? argv[1] : "127.0.0.1:6379"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
