// Commands that are sent together: pipelines and transactions.
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <tuple>
#include <variant>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using maybe_text = std::optional<std::string>;

} // namespace

TEST_CASE("a pipeline gives a tuple of its replies") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            auto [set, text, sum, type, renamed] = co_await c.pipeline()
                                                       .set("key", "value")
                                                       .get("key")
                                                       .incr("number")
                                                       .command<std::string>("TYPE", "number")
                                                       .rename("key", "other")
                                                       .execute();
            static_assert(std::is_same_v<decltype(renamed), std::monostate>);
            CHECK(set);
            CHECK(text == "value");
            CHECK(sum == 1);
            CHECK(type == "string");

            // The first failure is thrown, and what is behind it was executed.
            auto failing = c.pipeline().incr("other").incr("number").get<int>("other");
            CHECK_THROWS_AS(co_await failing.execute(), redis_error);
            auto [now] = co_await c.pipeline().get<int>("number").execute();
            CHECK(now == 2);

            // Or each has its own.
            auto [error, next, shape] =
                co_await c.pipeline().incr("other").incr("number").get<int>("other").execute_each();
            CHECK(error.error().code() == errc::error_reply);
            CHECK(next.value() == 3);
            CHECK(shape.error().code() == errc::unexpected_reply);
            auto whole = co_await c.pipeline().incr("other").get("other").execute(as_result);
            CHECK(whole.error().code() == errc::error_reply);

            std::string reply = co_await c.ping();
            CHECK(reply == "PONG");
        });
    }
}

TEST_CASE("a pipeline refers to nothing that it was given") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        const auto build = [&c] {
            std::string key = "a key that is long enough to be on the heap, and then gone";
            return c.pipeline().set(key, std::string(100, 'x')).strlen(key);
        };
        auto built = build();
        auto [set, size] = co_await std::move(built).execute();
        CHECK(set);
        CHECK(size == 100);
    });
}

TEST_CASE("the commands of a pipeline stay together") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        int ended = 0;
        const auto batch = [](client& on, int& done) -> asio::awaitable<void> {
            auto [a, b, d] = co_await on.pipeline().get("a").get("b").get("c").execute();
            if (a == "1" && b == "2" && d == "3") ++done;
        };
        const auto single = [](client& on, int& done) -> asio::awaitable<void> {
            if (co_await on.get("d") == "4") ++done;
        };
        spawn(executor, batch(c, ended));
        spawn(executor, single(c, ended));
        const std::string sent = co_await read_until(peer, "d\r\n");
        CHECK(sent == "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n"
                      "*2\r\n$3\r\nGET\r\n$1\r\nc\r\n*2\r\n$3\r\nGET\r\n$1\r\nd\r\n");
        for (const char byte : std::string{"$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n"})
            co_await write(peer, std::string(1, byte)); // cut everywhere
        co_await until([&] { return ended == 2; });
    });
}

TEST_CASE("a pipeline that is given up keeps the order") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.call_timeout = 50ms;
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "b\r\n");
            co_await write(to, "$1\r\n1\r\n"); // and not the other
            co_await read_until(to, "PING\r\n");
            co_await write(to, "$1\r\n2\r\n+PONG\r\n");
        }(peer));
        auto waiting = c.pipeline().get("a").get("b");
        result<std::tuple<maybe_text, maybe_text>> late = co_await waiting.execute(as_result);
        CHECK(late.error().code() == errc::timed_out);
        std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}

TEST_CASE("a transaction is done at once or not at all") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            auto [set, sum] = co_await c.transaction().set("key", "text").incr("n").execute();
            CHECK(set);
            CHECK(sum == 1);

            // A command that fails when it is executed fails alone.
            auto [error, next] = co_await c.transaction().incr("key").incr("n").execute_each();
            CHECK(error.error().code() == errc::error_reply);
            CHECK(next.value() == 2);
            auto failing = c.transaction().incr("key").incr("n");
            CHECK_THROWS_AS(co_await failing.execute(), redis_error);
            auto [n] = co_await c.pipeline().get<int>("n").execute();
            CHECK(n == 3);

            // One that cannot be queued leaves nothing done, and says why.
            auto broken = c.transaction().incr("n").command<int>("NOSUCH", "command");
            result<std::tuple<std::int64_t, int>> refused = co_await broken.execute(as_result);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().text().starts_with("ERR unknown command 'NOSUCH'"));
            auto [same] = co_await c.pipeline().get<int>("n").execute();
            CHECK(same == 3);
            std::string reply = co_await c.ping();
            CHECK(reply == "PONG");
        });
    }
}

TEST_CASE("a pipeline refuses what would change the connection") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        auto monitor = c.pipeline().get("a").command<frame>("MONITOR");
        std::error_code error = co_await error_of(monitor.execute());
        CHECK(error == errc::not_allowed);
        error = co_await error_of(c.pipeline().command<void>("SELECT", 3).get("key").execute());
        CHECK(error == errc::not_allowed);
        std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}

TEST_CASE("a pipeline may have any number of commands") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            auto sets = c.pipeline().of<bool>();
            for (int i = 0; i < 1000; ++i)
                sets.set("key:" + std::to_string(i), i);
            CHECK(sets.size() == 1000);
            const std::vector<bool> set = co_await sets.execute();
            CHECK(set == std::vector<bool>(1000, true));

            // What they answer is up to them, and each has its own error.
            const script answer{"return 42"};
            auto mixed = c.transaction().of<frame>();
            mixed.get("key:7");
            mixed.command("RPUSH", "list", "a", "b");
            mixed.eval<int>(answer, {});
            const std::vector<frame> frames = co_await mixed.execute();
            REQUIRE(frames.size() == 3);
            CHECK(frames[0].text() == "7");
            CHECK(frames[1] == frame::integer(2));
            CHECK(frames[2] == frame::integer(42));
            auto numbers = c.pipeline().within(10s).of<int>();
            numbers.incr("key:7");
            numbers.incr("list");
            const std::vector<result<int>> each = co_await numbers.execute_each();
            CHECK(each.at(0).value() == 8);
            CHECK(each.at(1).error().code() == errc::error_reply);
            numbers.incr("list");
            const result<std::vector<int>> whole = co_await numbers.execute(as_result);
            CHECK(whole.error().code() == errc::error_reply);

            // It may be none.
            const std::vector<int> nothing = co_await numbers.execute();
            CHECK(nothing.empty());
            const std::vector<int> nothing_at_once = co_await c.transaction().of<int>().execute();
            CHECK(nothing_at_once.empty());

            // Depending on what was read.
            const auto read = [](watching_client<client>& t) { return t.get<int>("key:3"); };
            const auto write = [](auto multi, int times) {
                auto all = multi.template of<int>();
                for (int i = 0; i < times; ++i)
                    all.incr("key:3");
                return all;
            };
            const std::vector<int> sums = co_await c.transaction({"key:3"}, read, write);
            CHECK(sums == std::vector<int>{4, 5, 6});
        });
    }
}

TEST_CASE("a thread has pipelines, too") {
    const redis_process server = start(server_kind::mini_redis);
    auto c = blocking_client::connect(address_of(server));
    auto [set, text] = c.pipeline().set("key", 1).get("key").execute();
    CHECK(set);
    CHECK(text == "1");
    auto [sum] = c.transaction().incr("key").execute();
    CHECK(sum == 2);
    CHECK_THROWS_AS(c.pipeline().rename("absent", "x").execute(), redis_error);
    auto whole = c.pipeline().rename("absent", "x").execute(as_result);
    CHECK(whole.error().message() == "ERR no such key");
    CHECK(c.get<int>("key") == 2);
    CHECK(c.command<std::vector<int>>("MGET", "key", "key") == std::vector<int>{2, 2});
}
