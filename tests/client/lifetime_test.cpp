// Clients, subscribers and loops that end when nobody expects it, and hooks that do what they
// like. Much of this has nothing to check but what the sanitizers see.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/own_server.hpp"
#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using tcp_socket = asio::ip::tcp::socket;
using watching = watching_client<client>;

connect_options eager() {
    connect_options options;
    options.protocol = protocol_version::resp2;
    options.ask_before_calls = false;
    options.reconnect_delay = 5ms;
    options.longest_reconnect_delay = 20ms;
    options.health_check = 0ms;
    return options;
}

asio::awaitable<void> pass_turns(int turns) {
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < turns; ++i)
        co_await asio::post(executor, asio::use_awaitable);
}

void ignore(const std::exception_ptr&) {}

// What everybody does at once, until the loop ends: calls, a blocking call, a transaction, a
// subscriber, and somebody who kills all connections.
asio::awaitable<void> use_everything(std::string address, connect_options options) {
    const auto executor = co_await asio::this_coro::executor;
    client c = co_await client::connect(std::move(address), std::move(options));
    subscriber news = co_await c.subscribe("news");
    asio::co_spawn(
        executor,
        [](subscriber s) -> asio::awaitable<void> {
            while (co_await s.next())
                co_await s.subscribe("more");
        }(std::move(news)),
        ignore);
    auto shared = std::make_shared<client>(std::move(c));
    asio::co_spawn(
        executor,
        [](std::shared_ptr<client> by) -> asio::awaitable<void> {
            while (true)
                co_await by->blpop("list", 0ms, as_result(asio::use_awaitable));
        }(shared),
        ignore);
    asio::co_spawn(
        executor,
        [](std::shared_ptr<client> by) -> asio::awaitable<void> {
            while (true)
                co_await by->transaction(
                    {"n"}, [](watching& t) { return t.exists("n"); },
                    [](auto t, auto) { return t.set("n", 1).incr("m"); });
        }(shared),
        ignore);
    for (int i = 0;; ++i) {
        co_await shared->set("n", i, as_result(asio::use_awaitable));
        co_await shared->rpush("list", i, as_result(asio::use_awaitable));
        co_await shared->publish("news", "text", as_result(asio::use_awaitable));
        co_await shared->send("CLIENT", "KILL", "SKIPME", i % 2 == 0 ? "yes" : "no",
                              as_result(asio::use_awaitable));
    }
}

} // namespace

TEST_CASE("an io_context may end in the middle of reconnecting, waiting and transactions") {
    const own_server server;
    for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
        connect_options options = eager();
        options.protocol = protocol;
        for (int turns = 0; turns < 400; turns += turns < 150 ? 1 : 7) {
            options.most_connections = turns % 2 == 0 ? 1 : 32; // of which one waits for the other
            asio::io_context context{1};
            asio::co_spawn(context, use_everything(server.address(), options), ignore);
            for (int i = 0; i < turns && context.run_one_for(20ms) > 0; ++i) {
            }
        }
    }
}

TEST_CASE("a client may be destroyed in the middle of reconnecting, waiting and transactions") {
    const own_server server;
    for (int turns = 0; turns < 300; turns += turns < 150 ? 1 : 7) {
        asio::io_context context{1};
        std::shared_ptr<client> c;
        std::optional<subscriber> s;
        int running = 0;
        const auto count_end = [&](const std::exception_ptr&) { --running; };
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                connect_options options = eager();
                options.most_connections = turns % 2 == 0 ? 1 : 32;
                c = std::make_shared<client>(co_await client::connect(server.address(), options));
                s = co_await c->subscribe("news");
            },
            ignore);
        while (!s)
            context.run_one_for(10s);
        running = 4;
        asio::co_spawn(
            context,
            [](client& by) -> asio::awaitable<void> { co_await by.blpop("never", 0ms); }(*c),
            count_end);
        asio::co_spawn(
            context,
            [](client& by) -> asio::awaitable<void> {
                while (by.is_open())
                    co_await by.transaction(
                        {"n"}, [](watching& t) { return t.exists("n"); },
                        [](auto t, auto) { return t.incr("n"); });
            }(*c),
            count_end);
        asio::co_spawn(
            context,
            [](subscriber& to) -> asio::awaitable<void> {
                while (co_await to.next()) {
                }
            }(*s),
            count_end);
        asio::co_spawn(
            context,
            [](client& by) -> asio::awaitable<void> {
                while (by.is_open()) {
                    co_await by.publish("news", "x", as_result(asio::use_awaitable));
                    co_await by.send("CLIENT", "KILL", "SKIPME", "no",
                                     as_result(asio::use_awaitable));
                }
            }(*c),
            count_end);
        for (int i = 0; i < turns && context.run_one_for(20ms) > 0; ++i) {
        }
        c->close();
        s->close();
        context.run_for(20s); // all end, and nothing keeps the loop
        CHECK(running == 0);
        REQUIRE(context.stopped());
    }
}

TEST_CASE("a subscriber may be destroyed while it waits, reconnects and subscribes") {
    const own_server server;
    for (int turns = 0; turns < 120; ++turns) {
        asio::io_context context{1};
        std::optional<client> c;
        std::optional<subscriber> s;
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                c = co_await client::connect(server.address(), eager());
                s = co_await c->subscribe("news");
                co_await c->send("CLIENT", "KILL", "TYPE", "pubsub");
            },
            ignore);
        while (!s)
            context.run_one_for(10s);
        std::optional<std::error_code> end;
        asio::co_spawn(context, error_of(s->subscribe("more")),
                       [&](const std::exception_ptr&, std::error_code why) { end = why; });
        for (int i = 0; i < turns && context.run_one_for(20ms) > 0; ++i) {
        }
        s.reset();
        c.reset();
        context.run_for(20s);
        CHECK(end);
        REQUIRE(context.stopped());
    }
}

TEST_CASE("a client that reconnects to a host that is gone keeps no loop when it is destroyed") {
    for (int turns = 0; turns < 40; ++turns) {
        asio::io_context context{1};
        const auto executor = context.get_executor();
        asio::ip::tcp::acceptor full{executor};
        full.open(asio::ip::tcp::v4());
        full.bind({asio::ip::make_address("127.0.0.1"), 0});
        full.listen(0);
        std::optional<client> c;
        std::vector<tcp_socket> waiting;
        std::optional<tcp_socket> peer;
        connect_options options = eager();
        options.connect_timeout = 10s;
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                const std::uint16_t port = full.local_endpoint().port();
                c = co_await client::connect("127.0.0.1:" + std::to_string(port), options);
                peer.emplace(co_await full.async_accept(asio::use_awaitable));
                // Whoever comes now is not answered.
                for (int i = 0; i < 4; ++i) {
                    waiting.emplace_back(executor);
                    waiting.back().async_connect(full.local_endpoint(), [](std::error_code) {});
                }
            },
            ignore);
        while (waiting.size() < 4)
            context.run_one_for(10s);
        peer.reset();
        for (int i = 0; i < turns; ++i)
            context.run_one_for(1ms);
        c.reset();
        waiting.clear();
        context.run_for(3s);
        REQUIRE(context.stopped());
    }
}

TEST_CASE("a client may be moved while calls are under way") {
    const own_server server;
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        client first = co_await client::connect(server.address(), eager());
        std::vector<std::string> replies;
        for (int i = 0; i < 10; ++i)
            spawn(executor,
                  [](client& by, int n, std::vector<std::string>& to) -> asio::awaitable<void> {
                      auto reply = co_await by.ping(std::to_string(n));
                      to.push_back(std::move(reply));
                  }(first, i, replies));
        co_await pass_turns(1);
        client second = std::move(first);
        client third;
        third = std::move(second);
        co_await until([&] { return replies.size() == 10; });
        for (int i = 0; i < 10; ++i)
            CHECK(replies[static_cast<std::size_t>(i)] == std::to_string(i));
        const std::error_code error = co_await error_of(second.ping());
        CHECK(error == errc::client_closed);
    });
}

TEST_CASE("the reading part of a transaction may destroy the client") {
    const own_server server;
    run([&]() -> asio::awaitable<void> {
        std::optional<client> c = co_await client::connect(server.address(), eager());
        std::error_code end;
        try {
            co_await c->transaction(
                {"n"},
                [&](watching& t) -> asio::awaitable<int> {
                    co_await t.get("n");
                    c.reset();
                    throw std::system_error(std::make_error_code(std::errc::io_error));
                },
                [](auto t, int n) { return t.set("n", n); });
        } catch (const std::system_error& error) {
            end = error.code();
        }
        CHECK(end == std::errc::io_error);
        co_await pass_turns(5);
    });
}

TEST_CASE("a blocking call that is cancelled before it was sent gives its connection back") {
    const own_server server;
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        client c = co_await client::connect(server.address(), eager());
        for (const int turns : {0, 1, 2, 3, 5, 8, 100}) {
            for (int i = 0; i < 20; ++i) {
                asio::cancellation_signal cancel;
                std::optional<std::error_code> end;
                asio::co_spawn(
                    executor,
                    [](client& by, std::optional<std::error_code>& to) -> asio::awaitable<void> {
                        const key_names keys{"never"};
                        auto call = by.blpop(keys, 0ms);
                        to = co_await error_of(std::move(call));
                    }(c, end),
                    asio::bind_cancellation_slot(cancel.slot(), ignore));
                co_await pass_turns(1 + turns);
                cancel.emit(asio::cancellation_type::terminal);
                co_await until([&] { return end.has_value(); });
            }
        }
        co_await c.ping();
        const auto mine = [](const std::string& list) {
            return std::count(list.begin(), list.end(), '\n');
        };
        std::string list;
        for (int i = 0; i < 100; ++i) {
            list = co_await c.command<std::string>("CLIENT", "LIST");
            if (mine(list) <= 1 + 8) break;
            co_await pass_turns(20);
        }
        CHECK(mine(list) <= 1 + 8); // the shared one, and those that the pool keeps
        CHECK(c.counters().in_flight == 0);
    });
}

TEST_CASE("blocking calls that follow each other share a connection") {
    const own_server server;
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(server.address(), eager());
        const key_names list{"list"};
        for (int i = 0; i < 10; ++i) {
            co_await c.rpush("list", i);
            const auto popped = co_await c.blpop(list, 1s);
            CHECK(popped->second == std::to_string(i));
            const auto [now] = co_await c.transaction(
                {"n"}, [](watching& t) { return t.exists("n"); },
                [](auto t, auto) { return t.incr("n"); });
            CHECK(now == i + 1);
        }
        CHECK(c.counters().connections == 2);
    });
}

TEST_CASE("hooks may look at the client, and start calls") {
    const own_server server;
    run([&]() -> asio::awaitable<void> {
        std::optional<client> c;
        connect_options options = eager();
        std::uint64_t seen = 0;
        int started = 0;
        int ended = 0;
        const auto start_one = [&] {
            if (++started <= 20)
                c->ping("from a hook",
                        [&](const std::exception_ptr&, const std::string&) { ++ended; });
        };
        options.on_call = [&](const call_begin&) -> call_observer {
            if (!c) return {};
            seen += c->counters().calls + c->is_connected();
            start_one();
            return [&](const call_end&) {
                seen += c->counters().in_flight + c->is_open();
                start_one();
            };
        };
        options.log = [&](log_level, std::string_view) {
            if (!c) return;
            seen += c->is_connected();
            start_one();
        };
        c = co_await client::connect(server.address(), options);
        for (int i = 0; i < 30; ++i) {
            const auto pong = co_await c->idempotent().ping("text");
            CHECK(pong == "text");
            if (i == 1)
                co_await c->within(0ms).send("CLIENT", "KILL", "SKIPME", "no",
                                             as_result(asio::use_awaitable));
        }
        co_await until([&] { return ended == 20; });
        CHECK(seen > 0);
        CHECK(c->counters().in_flight == 0);
        c.reset();
    });
}

TEST_CASE("a log may close the client") {
    const own_server server;
    for (int lines_before = 0; lines_before < 6; ++lines_before) {
        run([&]() -> asio::awaitable<void> {
            std::optional<client> c;
            connect_options options = eager();
            int left = lines_before;
            options.log = [&](log_level, std::string_view) {
                if (c && left-- == 0) c->close();
            };
            c = co_await client::connect(server.address(), options);
            int ended = 0;
            const auto note = [&](const std::exception_ptr&, const auto&) { ++ended; };
            c->blpop("never", 0ms, note);
            for (int round = 1; round <= 5; ++round) {
                c->ping("a", note);
                c->send("CLIENT", "KILL", "SKIPME", "no", note);
                c->ping("b", note);
                co_await until([&] { return ended >= 3 * round; });
                co_await until([&] { return !c->is_open() || c->is_connected(); });
            }
            CHECK_FALSE(c->is_open());
            CHECK(ended == 16);
        });
    }
}

TEST_CASE("an exception out of a handler leaves the client as it was") {
    const own_server server;
    asio::io_context context{1};
    std::optional<client> c;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> { c = co_await client::connect(server.address(), eager()); },
        ignore);
    while (!c)
        context.run_one_for(10s);
    int thrown = 0;
    int ended = 0;
    for (int i = 0; i < 5; ++i) {
        c->ping("x", [](const std::exception_ptr&, const std::string&) { throw 1; });
        c->blpop("never", 1ms, [](const std::exception_ptr&, const auto&) { throw 2; });
        c->within(1ms).send("BLPOP", "never", 0.01,
                            [](const std::exception_ptr&, const frame&) { throw 3; });
        c->pipeline().get("a").incr("n").execute(
            [](const std::exception_ptr&, const auto&) { throw 4; });
        c->ping("y", [&](const std::exception_ptr& failed, const std::string& y) {
            ended += !failed && y == "y";
        });
    }
    for (const auto end = std::chrono::steady_clock::now() + 20s;
         std::chrono::steady_clock::now() < end;) {
        context.restart();
        try {
            context.run_one_for(20ms);
        } catch (int) {
            ++thrown;
        }
        if (thrown == 20 && ended == 5) break;
    }
    CHECK(thrown == 20);
    CHECK(ended == 5);
    CHECK(c->counters().in_flight == 0);
}

TEST_CASE("every time may be as long as a number can say, or nothing") {
    const own_server server;
    for (const auto time : {std::chrono::milliseconds::max(), std::chrono::milliseconds{0},
                            std::chrono::milliseconds::min()}) {
        INFO(time.count());
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            connect_options options;
            options.connect_timeout = options.call_timeout = options.health_check = time;
            options.reconnect_delay = options.longest_reconnect_delay = time;
            client c = co_await client::connect(server.address(), options);
            const auto set = co_await c.within(time).set("key", "value");
            CHECK(set);
            auto popped = co_await c.blpop("list", 1ms);
            CHECK_FALSE(popped);
            spawn(executor, [](client& by) -> asio::awaitable<void> {
                co_await pass_turns(3);
                co_await by.rpush("list", "element");
            }(c));
            popped = co_await c.blpop("list", 5s);
            CHECK(popped->second == "element");
            subscriber s = co_await c.subscribe("news");
            co_await c.publish("news", "text");
            std::optional<message> m;
            while (!m) {
                try {
                    m = co_await s.next(time);
                } catch (const std::system_error&) { // there is none yet
                }
                co_await pass_turns(1);
            }
            CHECK(m->payload == "text");
            co_await c.send("CLIENT", "KILL", "SKIPME", "no", as_result(asio::use_awaitable));
            const auto again = co_await c.idempotent().get("key");
            CHECK(again == "value");
        });
    }
}

TEST_CASE("a pause that may be endless ends with the client") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto server = std::make_unique<scripted_server>(executor);
        connect_options options = eager();
        options.reconnect_delay = options.longest_reconnect_delay =
            std::chrono::milliseconds::max();
        std::vector<std::string> log;
        options.log = [&](log_level, std::string_view text) { log.emplace_back(text); };
        client c = co_await client::connect(server->address(), options);
        {
            tcp_socket peer = co_await server->accept();
            server.reset();
        }
        co_await until([&] { return log.size() >= 3; }); // made, lost, tried in vain
        co_await pass_turns(100);
        CHECK(log.size() == 3); // it pauses
        const std::error_code error = co_await error_of(c.within(10ms).ping());
        CHECK(error == errc::timed_out);
    });
}

TEST_CASE("calls in vain while the server is down leave no memory behind") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto server = std::make_unique<scripted_server>(executor);
        connect_options options = eager();
        options.most_unsent = 1024 * 1024;
        client c = co_await client::connect(server->address(), options);
        {
            tcp_socket peer = co_await server->accept();
            server.reset();
        }
        co_await until([&] { return !c.is_connected(); });
        const std::string value(1000, 'x');
        int timed_out = 0;
        int overloaded = 0;
        int ended = 0;
        const auto note = [&](result<std::string> end) {
            ++ended;
            timed_out += end.error().code() == errc::timed_out;
            overloaded += end.error().code() == errc::overloaded;
        };
        for (int round = 1; round <= 5; ++round) {
            for (int i = 0; i < 10'000; ++i)
                c.within(5ms).ping(value, as_result(note));
            co_await until([&] { return ended == round * 10'000; });
            CHECK(timed_out >= round * 900); // as many as fit, each time anew
            CHECK(timed_out <= round * 1'100);
        }
        CHECK(timed_out + overloaded == ended);
        CHECK(c.counters().in_flight == 0);
    });
}

TEST_CASE("an idempotent script is sent whole to a server that has forgotten it") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            {
                tcp_socket peer = co_await from.accept();
                co_await read_until(peer, "\r\n0\r\n");
                co_await write(peer, "-NOSCRIPT No matching script.\r\n");
                co_await read_until(peer, "return 7\r\n$1\r\n0\r\n");
            }
            tcp_socket peer = co_await from.accept();
            const std::string request = co_await read_until(peer, "\r\n0\r\n");
            if (request.find("return 7") == std::string::npos) {
                co_await write(peer, "-NOSCRIPT No matching script.\r\n");
                co_await read_until(peer, "return 7\r\n$1\r\n0\r\n");
            }
            co_await write(peer, ":7\r\n");
        }(server));
        const script seven{"return 7"};
        const auto value = co_await c.idempotent().eval<int>(seven, key_names{});
        CHECK(value == 7);
    });
}

TEST_CASE("a hook may close the client, when a call begins or however it ends") {
    for (const bool at_the_end : {false, true}) {
        for (const bool by_time_out : {false, true}) {
            run([&]() -> asio::awaitable<void> {
                const auto executor = co_await asio::this_coro::executor;
                scripted_server server{executor};
                std::optional<client> c;
                connect_options options = eager();
                int begun = 0;
                options.on_call = [&](const call_begin&) -> call_observer {
                    if (!at_the_end && ++begun == 2) c.reset();
                    return [&](const call_end&) {
                        if (at_the_end) c.reset();
                    };
                };
                c = co_await client::connect(server.address(), options);
                tcp_socket peer = co_await server.accept();
                int ended = 0;
                const auto note = as_result([&](const result<std::string>&) { ++ended; });
                client& open = *c;
                open.within(20ms).ping("first", note);
                open.ping("second", note);
                if (at_the_end && !by_time_out) {
                    co_await read_until(peer, "second\r\n");
                    co_await write(peer, "+first\r\n+second\r\n");
                }
                co_await until([&] { return ended == 2; });
                CHECK_FALSE(c);
            });
        }
    }
}
