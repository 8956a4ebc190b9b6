// What a client tells of itself, and how much it takes upon itself.
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

TEST_CASE("a hook sees each call begin and end") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            std::vector<std::string> seen;
            connect_options options;
            options.on_call = [&](const call_begin& begin) -> call_observer {
                const std::string name = std::string{begin.command} + "/" +
                                         std::to_string(begin.commands) + "/" +
                                         std::to_string(begin.size);
                seen.push_back("begin " + name);
                if (begin.command == "DEL") return {};
                return [&seen, name](const call_end& end) {
                    seen.push_back("end " + name + " " + std::string{end.text} + "/" +
                                   std::to_string(end.size));
                };
            };
            client c = co_await client::connect(address_of(server), options);
            co_await c.set("key", "value");
            co_await c.pipeline().get("key").get("key").execute();
            co_await c.del("other");
            const auto wrong = co_await c.incr("key", as_result);
            CHECK(wrong.error().code() == errc::error_reply);
            c.close();
            co_await error_of(c.get("key"));
            const std::vector<std::string> expected{
                "begin SET/1/33",
                "end SET/1/33 /5",
                "begin GET/2/44",
                "end GET/2/44 /11",
                "begin DEL/1/24",
                "begin INCR/1/23",
                "end INCR/1/23 ERR value is not an integer or out of range/46",
                "begin GET/1/0",
                "end GET/1/0 /0",
            };
            CHECK(seen == expected);
        });
    }
}

TEST_CASE("a client counts") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            const client_counters before = c.counters();
            CHECK(before.connections == 1);
            CHECK(before.calls == 0);
            co_await c.set("key", "value");
            co_await error_of(c.pipeline().get("key").execute());
            const auto wrong = co_await c.incr("key", as_result);
            CHECK_FALSE(wrong);
            const client_counters after = c.counters();
            CHECK(after.calls == 3);
            CHECK(after.error_replies == 1);
            CHECK(after.failures == 0);
            CHECK(after.in_flight == 0);
            CHECK(after.bytes_sent == 33 + 22 + 23);
            CHECK(after.bytes_received == 5 + 11 + 46);
            CHECK(after.reconnects == 0);
        });
    }
}

TEST_CASE("no more is under way than was allowed") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.most_outstanding = 100; // three requests of 28 bytes
        options.most_unsent = 150;
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();
        int answered = 0;
        int refused = 0;
        for (int i = 0; i < 20; ++i)
            c.ping("number" + std::to_string(10 + i),
                   as_result([&](const result<std::string>& reply) {
                       if (reply)
                           ++answered;
                       else if (reply.error().code() == errc::overloaded)
                           refused += !reply.error().may_have_run();
                   }));
        std::string requests = co_await read_until(peer, "number12\r\n");
        CHECK(requests.size() == 3 * 28);
        co_await until([&] { return refused > 0; });
        CHECK(refused == 14); // six took 150 bytes together
        CHECK(peer.available() == 0);
        co_await write(peer, "+a\r\n");
        requests = co_await read_until(peer, "number13\r\n");
        CHECK(requests.size() == 28);
        co_await write(peer, "+a\r\n+a\r\n+a\r\n");
        requests = co_await read_until(peer, "number15\r\n");
        CHECK(requests.size() == 2 * 28);
        co_await write(peer, "+a\r\n+a\r\n");
        co_await until([&] { return answered == 6; });

        // One that is larger than the limit goes alone.
        const std::string large(1000, 'x');
        auto call = c.ping(large);
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "x\r\n");
            co_await write(to, "+large\r\n");
        }(peer));
        const std::string reply = co_await std::move(call);
        CHECK(reply == "large");
    });
}

TEST_CASE("what the client does by itself is neither counted nor shown") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.health_check = 10ms;
        int shown = 0;
        options.on_call = [&](const call_begin&) -> call_observer {
            ++shown;
            return {};
        };
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();
        co_await read_until(peer, "PING\r\n");
        co_await write(peer, "+PONG\r\n");
        co_await read_until(peer, "PING\r\n");
        CHECK(c.counters().calls == 0);
        CHECK(c.counters().in_flight == 0);
        CHECK(c.counters().bytes_sent == 2 * 14);
        CHECK(shown == 0);
    });
}
