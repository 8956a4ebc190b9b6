// Publish and subscribe, in both protocols.
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace asio::experimental::awaitable_operators;
using strings = std::vector<std::string>;

namespace {

asio::awaitable<void> sleep(std::chrono::milliseconds time) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<message> take(subscriber& from) {
    std::optional<message> received = co_await from.next();
    if (!received) throw std::runtime_error("closed");
    co_return *std::move(received);
}

} // namespace

TEST_CASE("a subscriber receives what is published") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            INFO(to_string(kind) << ", RESP" << static_cast<int>(protocol));
            run([&]() -> asio::awaitable<void> {
                connect_options options;
                options.protocol = protocol;
                client publisher = co_await client::connect(address_of(server));
                client c = co_await client::connect(address_of(server), options);
                subscriber s = co_await c.subscribe("news", "sports");
                CHECK(s.channels() == strings{"news", "sports"});

                const std::string zeros{"\0\r\n\xff", 4};
                std::int64_t count = co_await publisher.publish("news", zeros);
                CHECK(count == 1);
                message m = co_await take(s);
                CHECK(m.channel == "news");
                CHECK(m.payload == zeros);
                CHECK_FALSE(m.pattern);

                co_await s.psubscribe("w?ather", "x*");
                co_await s.subscribe(zeros);
                CHECK(s.patterns() == strings{"w?ather", "x*"});
                count = co_await publisher.publish("weather", "sunny");
                CHECK(count == 1);
                count = co_await publisher.publish(zeros, "");
                CHECK(count == 1);
                m = co_await take(s);
                CHECK(m.channel == "weather");
                CHECK(m.payload == "sunny");
                CHECK(m.pattern == "w?ather");
                m = co_await take(s);
                CHECK(m.channel == zeros);
                CHECK(m.payload.empty());

                co_await s.unsubscribe("sports", "never subscribed");
                count = co_await publisher.publish("sports", "1:0");
                CHECK(count == 0);
                co_await s.unsubscribe();
                co_await s.punsubscribe();
                co_await s.unsubscribe(); // from nothing
                CHECK(s.channels().empty());
                CHECK(s.patterns().empty());
                count = co_await publisher.publish("news", "x");
                CHECK(count == 0);

                co_await s.subscribe("again");
                count = co_await publisher.publish("again", "back");
                CHECK(count == 1);
                m = co_await take(s);
                CHECK(m.payload == "back");
            });
        }
    }
}

TEST_CASE("messages keep their order, however many wait") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = redis_process::start_redis();
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        client publisher = co_await client::connect(address_of(server));
        client c = co_await client::connect(address_of(server));
        subscriber s = co_await c.subscribe("numbers");
        constexpr int count = 5000; // more than fit in its queue
        for (int i = 0; i < count; ++i) {
            const std::string number = std::to_string(i);
            co_await publisher.publish("numbers", number);
        }
        for (int i = 0; i < count; ++i) {
            const message m = co_await take(s);
            if (m.payload != std::to_string(i))
                throw std::runtime_error("lost: " + std::to_string(i));
        }
    });
}

TEST_CASE("a subscriber that is full, and destroyed, leaves nothing behind") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = redis_process::start_redis();
    run([&]() -> asio::awaitable<void> {
        client publisher = co_await client::connect(address_of(server));
        client c = co_await client::connect(address_of(server));
        subscriber s = co_await c.subscribe("numbers");
        for (int i = 0; i < 2000; ++i)
            co_await publisher.publish("numbers", "x");
        message m = co_await take(s);
        CHECK(m.payload == "x");
    });
}

TEST_CASE("an io_context may end while a subscriber waits, or waits to be emptied") {
    if (!is_available(server_kind::mini_redis)) return;
    const redis_process server = redis_process::start_mini_redis();
    for (const bool full : {false, true}) {
        asio::io_context context{1};
        bool is_waiting = false;
        const auto listen = [&]() -> asio::awaitable<void> {
            client publisher = co_await client::connect(address_of(server));
            client c = co_await client::connect(address_of(server));
            subscriber s = co_await c.subscribe("numbers");
            for (int i = 0; full && i < 3000; ++i)
                co_await publisher.publish("numbers", "x");
            is_waiting = true;
            if (full) co_await sleep(1h);
            co_await s.next();
        };
        asio::co_spawn(context, listen(), [](const std::exception_ptr&) {});
        while (!is_waiting)
            context.run_one();
        context.run_for(10ms); // for the reader to fill the queue; the sanitizers see the rest
    }
}

TEST_CASE("leaving and entering a channel at once is done in order") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client other = co_await client::connect(address_of(server));
            client c = co_await client::connect(address_of(server));
            subscriber s = co_await c.subscribe("a");
            auto leave = s.unsubscribe("a");
            auto enter = s.subscribe("a");
            co_await (std::move(leave) && std::move(enter));
            CHECK(s.channels() == strings{"a"});
            co_await s.unsubscribe();
            CHECK(s.channels().empty());
            const std::int64_t receivers = co_await other.publish("a", "x");
            CHECK(receivers == 0);
        });
    }
}

TEST_CASE("next() can be given up, and loses nothing") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = redis_process::start_redis();
    run([&]() -> asio::awaitable<void> {
        client publisher = co_await client::connect(address_of(server));
        client c = co_await client::connect(address_of(server));
        subscriber s = co_await c.subscribe("news");
        auto waiting = s.next();
        auto timer = sleep(10ms);
        const auto first = co_await (std::move(waiting) || std::move(timer));
        CHECK(first.index() == 1);
        co_await publisher.publish("news", "late");
        const message m = co_await take(s);
        CHECK(m.payload == "late");
    });
}

TEST_CASE("next() ends with nothing when the connection is closed in order") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        for (const bool by_server : {true, false}) {
            scripted_server server{executor};
            client c = co_await client::connect(server.address(), quiet());
            const auto shared = co_await server.accept();
            spawn(executor, [](scripted_server& from, bool closes) -> asio::awaitable<void> {
                auto peer = co_await from.accept();
                co_await read_until(peer, "news\r\n");
                co_await write(peer, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
                                     "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$4\r\nlast\r\n");
                if (!closes) co_await error_of(read_until(peer, "never"));
            }(server, by_server));
            subscriber s = co_await c.subscribe("news");
            const message last = co_await take(s);
            CHECK(last.payload == "last");
            if (!by_server) {
                s.close();
                server.close();
            }
            std::optional<message> nothing = co_await s.next();
            CHECK_FALSE(nothing);
            nothing = co_await s.next();
            CHECK_FALSE(nothing);
            std::error_code error = co_await error_of(s.subscribe("more"));
            CHECK(error);
            if (!by_server) break;
        }
    });
}

TEST_CASE("what came before the end is still given out") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        const auto shared = co_await server.accept();
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            auto peer = co_await from.accept();
            co_await read_until(peer, "news\r\n");
            std::string text = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
            for (int i = 0; i < 1500; ++i) // more than fit in its queue
                text += "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n";
            co_await write(peer, text);
        }(server));
        subscriber s = co_await c.subscribe("news");
        int received = 0;
        while (std::optional<message> m = co_await s.next())
            ++received;
        CHECK(received == 1500);
    });
}

TEST_CASE("a refused subscription throws what the server says") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        const auto shared = co_await server.accept();
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            auto peer = co_await from.accept();
            co_await read_until(peer, "secret\r\n");
            co_await write(peer, "-NOPERM this user has no permissions\r\n");
        }(server));
        CHECK_THROWS_AS(co_await c.subscribe("public", "secret"), redis_error);
    });
}

TEST_CASE("a client that was closed makes no subscriber") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        c.close();
        const std::error_code error = co_await error_of(c.subscribe("news"));
        CHECK(error == errc::client_closed);
    });
}

TEST_CASE("a channel that was refused is not among the channels") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        const auto shared = co_await server.accept();
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            auto to = co_await from.accept();
            co_await read_until(to, "open\r\n");
            co_await write(to, "*3\r\n$9\r\nsubscribe\r\n$4\r\nopen\r\n:1\r\n");
            co_await read_until(to, "secret\r\n");
            co_await write(to, "-NOPERM this user has no permissions\r\n");
        }(server));
        subscriber s = co_await c.subscribe("open");
        bool was_refused = false;
        try {
            co_await s.subscribe("open", "secret");
        } catch (const redis_error&) {
            was_refused = true;
        }
        CHECK(was_refused);
        CHECK(s.channels() == strings{"open"});
    });
}
