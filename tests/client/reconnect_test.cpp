// A connection that is lost, and made again: what becomes of the calls, and what is restored.
#include <asio/post.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using tcp_socket = asio::ip::tcp::socket;

// What a call came to.
struct ending {
    bool has_ended = false;
    failure why{std::error_code{}};
    std::string value;
};

asio::awaitable<void> note(asio::awaitable<std::string> call, ending& end) {
    try {
        end.value = co_await std::move(call);
    } catch (const call_error& error) {
        end.why = failure{error.code(), error.what(), error.may_have_run()};
    } catch (const redis_error& error) {
        end.why = failure::error_reply(error.what());
    }
    end.has_ended = true;
}

connect_options eager() {
    connect_options options;
    options.protocol = protocol_version::resp2;
    options.ask_before_calls = false;
    options.reconnect_delay = 5ms;
    options.longest_reconnect_delay = 20ms;
    return options;
}

asio::awaitable<void> answer(tcp_socket& peer, std::string request_end, std::string reply) {
    co_await read_until(peer, request_end);
    co_await write(peer, std::move(reply));
}

} // namespace

TEST_CASE("a call that was under way has an unknown outcome, one that waited is sent later") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        ending sent;
        ending again;
        ending waited;
        {
            tcp_socket peer = co_await server.accept();
            spawn(executor, note(c.ping("sent"), sent));
            spawn(executor, note(c.idempotent().ping("again"), again));
            co_await read_until(peer, "again\r\n");
        }
        co_await until([&] { return sent.has_ended; });
        CHECK(sent.why.code() == errc::unknown_outcome);
        CHECK(sent.why.code() == std::errc::connection_reset);
        CHECK(sent.why.may_have_run());
        spawn(executor, note(c.ping("waited"), waited));
        tcp_socket peer = co_await server.accept();
        const std::string requests = co_await read_until(peer, "waited\r\n");
        CHECK(requests ==
              "*2\r\n$4\r\nPING\r\n$5\r\nagain\r\n*2\r\n$4\r\nPING\r\n$6\r\nwaited\r\n");
        co_await write(peer, "+again\r\n+waited\r\n");
        co_await until([&] { return waited.has_ended; });
        CHECK(again.value == "again");
        CHECK(waited.value == "waited");
        CHECK(c.counters().reconnects == 1);
        CHECK(c.counters().failures == 1);
        CHECK(c.counters().in_flight == 0);
    });
}

TEST_CASE("time-outs go on while the server is down, and what timed out is never sent") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        connect_options options = eager();
        std::vector<std::string> log;
        options.log = [&](log_level, std::string_view text) { log.emplace_back(text); };
        auto server = std::make_unique<scripted_server>(executor);
        const std::string address = server->address();
        const std::uint16_t port = server->port();
        client c = co_await client::connect(address, options);
        {
            tcp_socket peer = co_await server->accept();
            server.reset();
        }
        co_await until([&] { return !c.is_connected(); });
        CHECK(c.is_open());
        ending late;
        ending patient;
        const auto begin = std::chrono::steady_clock::now();
        spawn(executor, note(c.within(60ms).ping("late"), late));
        spawn(executor, note(c.ping("patient"), patient));
        co_await until([&] { return late.has_ended; });
        CHECK(std::chrono::steady_clock::now() - begin < 4s);
        CHECK(late.why.code() == errc::timed_out);
        CHECK_FALSE(late.why.may_have_run());
        CHECK(late.why.text().find("Connection refused") != std::string::npos);
        CHECK(std::any_of(log.begin(), log.end(), [](const std::string& line) {
            return line.find("Connection refused") != std::string::npos;
        }));

        scripted_server back{executor, port};
        tcp_socket peer = co_await back.accept();
        spawn(executor, answer(peer, "patient\r\n", "+patient\r\n"));
        co_await until([&] { return patient.has_ended; });
        CHECK(patient.value == "patient");
        CHECK(c.is_connected());
    });
}

TEST_CASE("a call may rather fail than wait for a connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        connect_options options = eager();
        options.wait_for_connection = false;
        auto server = std::make_unique<scripted_server>(executor);
        client c = co_await client::connect(server->address(), options);
        {
            tcp_socket peer = co_await server->accept();
            server.reset();
        }
        co_await until([&] { return !c.is_connected(); });
        ending end;
        spawn(executor, note(c.ping("x"), end));
        co_await until([&] { return end.has_ended; });
        CHECK(end.why.code() == errc::not_sent);
        CHECK_FALSE(end.why.may_have_run());
    });
}

TEST_CASE("a request of which a part was written is sent whole on the next connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        const std::string large(32 * 1024 * 1024, 'x'); // more than the sockets' buffers hold
        ending end;
        {
            tcp_socket peer = co_await server.accept();
            spawn(executor, note(c.ping(large), end));
            std::array<char, 1024> some{};
            co_await peer.async_read_some(asio::buffer(some), asio::use_awaitable);
        }
        tcp_socket peer = co_await server.accept();
        const std::string request = co_await read_until(peer, "x\r\n");
        CHECK(request == "*2\r\n$4\r\nPING\r\n$33554432\r\n" + large + "\r\n");
        co_await write(peer, "+ok\r\n");
        co_await until([&] { return end.has_ended; });
        CHECK(end.value == "ok");
    });
}

TEST_CASE("what the introduction has set up is restored") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client admin = co_await client::connect(address_of(server));
            co_await admin.command<void>("CONFIG", "SET", "requirepass", "secret");
            connect_options options;
            options.client_name = "restored";
            options.reconnect_delay = 5ms;
            client c =
                co_await client::connect("redis://:secret@" + address_of(server) + "/3", options);
            co_await c.set("key", "in 3");
            co_await admin.command<int>("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            co_await until([&] { return c.counters().reconnects == 1; });
            const auto value = co_await c.get("key");
            CHECK(value == "in 3");
            const auto info = co_await c.command<std::string>("CLIENT", "INFO");
            CHECK(info.find("name=restored") != std::string::npos);
            CHECK(info.find("db=3") != std::string::npos);
            CHECK(info.find("resp=3") != std::string::npos);
        });
    }
}

TEST_CASE("authentication that is wrong for a while") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client admin = co_await client::connect(address_of(server));
            co_await admin.command<void>("CONFIG", "SET", "requirepass", "right");
            connect_options options;
            options.reconnect_delay = 5ms;
            options.longest_reconnect_delay = 10ms;
            options.password = "wrong";
            std::string refusal;
            try {
                co_await client::connect(address_of(server), options);
            } catch (const redis_error& error) {
                refusal = error.code();
            }
            CHECK(refusal == "WRONGPASS");

            int refused = 0;
            options.log = [&](log_level, std::string_view text) {
                refused += text.find("WRONGPASS") != std::string_view::npos;
            };
            options.password = "right";
            client c = co_await client::connect(address_of(server), options);
            co_await admin.command<void>("CONFIG", "SET", "requirepass", "other");
            co_await admin.command<int>("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            co_await until([&] { return refused >= 2; });
            std::error_code error = co_await error_of(c.within(20ms).ping());
            CHECK(error == errc::timed_out);
            co_await admin.command<void>("CONFIG", "SET", "requirepass", "right");
            const std::string pong = co_await c.ping();
            CHECK(pong == "PONG");
        });
    }
}

TEST_CASE("a server that falls silent is found out by PING") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = eager();
        options.health_check = 30ms;
        client c = co_await client::connect(server.address(), options);
        tcp_socket silent = co_await server.accept();
        const std::string request = co_await read_until(silent, "PING\r\n");
        CHECK(request == "*1\r\n$4\r\nPING\r\n");
        ending end;
        spawn(executor, note(c.ping("lost"), end));
        tcp_socket peer = co_await server.accept(); // it has come again by itself
        co_await until([&] { return end.has_ended; });
        CHECK(end.why.code() == errc::unknown_outcome);
        spawn(executor, answer(peer, "found\r\n", "+found\r\n"));
        const std::string found = co_await c.ping("found");
        CHECK(found == "found");
    });
}

TEST_CASE("a server that accepts and closes at once is not tried without a pause") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = eager();
        options.reconnect_delay = 20ms;
        options.longest_reconnect_delay = 1s;
        client c = co_await client::connect(server.address(), options);
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 6; ++i)
            co_await server.accept();
        // At once, and then after 10, 20, 40 and 80 ms at least.
        CHECK(std::chrono::steady_clock::now() - begin >= 100ms);
    });
}

TEST_CASE("a server that is stopped and started again") {
    for (const server_kind kind : available_servers()) {
        redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            connect_options options;
            options.reconnect_delay = 5ms;
            options.longest_reconnect_delay = 50ms;
            options.call_timeout = 20s;
            client c = co_await client::connect(address_of(server), options);
            co_await c.set("key", 1);
            server.stop();
            auto waiting = c.incr("key");
            co_await until([&] { return !c.is_connected(); });
            server.start_again();
            const auto value = co_await std::move(waiting);
            CHECK(value == 1); // the new one is empty
        });
    }
}

TEST_CASE("a subscriber subscribes again") {
    for (const server_kind kind : available_servers()) {
        redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            connect_options options;
            options.reconnect_delay = 5ms;
            client c = co_await client::connect(address_of(server), options);
            subscriber s = co_await c.subscribe("one", "two");
            co_await s.psubscribe("p*");
            co_await s.ssubscribe("shard");
            co_await s.unsubscribe("two");
            co_await c.command<int>("CLIENT", "KILL", "TYPE", "pubsub");
            co_await until([&] { return s.reconnects() == 1; });
            std::int64_t receivers = 0;
            while (receivers == 0)
                receivers = co_await c.spublish("shard", "to the shard");
            receivers = co_await c.publish("two", "nobody listens");
            CHECK(receivers == 0);
            receivers = co_await c.publish("one", "by name");
            CHECK(receivers == 1);
            receivers = co_await c.publish("place", "by pattern");
            CHECK(receivers == 1);
            for (const std::string expected : {"to the shard", "by name", "by pattern"}) {
                const std::optional<message> m = co_await s.next();
                REQUIRE(m);
                CHECK(m->payload == expected);
            }
            CHECK(s.channels() == std::vector<std::string>{"one"});
            CHECK(s.patterns() == std::vector<std::string>{"p*"});
            CHECK(s.shard_channels() == std::vector<std::string>{"shard"});
        });
    }
}

TEST_CASE("a subscription that is under way when the connection is lost is made on the next") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        tcp_socket shared = co_await server.accept();
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            {
                tcp_socket peer = co_await from.accept();
                co_await read_until(peer, "news\r\n");
            }
            tcp_socket peer = co_await from.accept();
            co_await read_until(peer, "news\r\n");
            co_await write(peer, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
                                 "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nfirst\r\n");
            co_await error_of(read_until(peer, "never"));
        }(server));
        subscriber s = co_await c.subscribe("news");
        const std::optional<message> m = co_await s.next();
        CHECK(m->payload == "first");
    });
}

TEST_CASE("what calls have set up is there on every connection, later ones too") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            connect_options options;
            options.reconnect_delay = 5ms;
            client c = co_await client::connect(address_of(server), options);
            const auto before = co_await c.blpop("queue", 1ms); // a connection for the pool
            CHECK(before == std::nullopt);
            co_await c.command<void>("select", 5);
            co_await c.client_setname("later");
            const auto refused = co_await c.command<void>("SELECT", 1000, as_result);
            CHECK_FALSE(refused); // and not remembered
            co_await c.rpush("queue", "in 5");
            const auto job = co_await c.blpop("queue", 1s);
            CHECK(job->second == "in 5");
            co_await c.set("key", "in 5");
            client admin = co_await client::connect(address_of(server));
            co_await admin.command<int>("CLIENT", "KILL", "TYPE", "normal");
            co_await until([&] { return c.counters().reconnects == 1; });
            const auto value = co_await c.get("key");
            CHECK(value == "in 5");
            const auto name = co_await c.client_getname();
            CHECK(name == "later");
        });
    }
}

TEST_CASE("any command that waits takes a connection of its own") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = start(server_kind::redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        std::vector<std::string> ended;
        const auto executor = co_await asio::this_coro::executor;
        const auto wait = [&](std::string name, auto... words) {
            spawn(executor,
                  [](asio::awaitable<frame> call, std::string what,
                     std::vector<std::string>& to) -> asio::awaitable<void> {
                      const frame reply = co_await std::move(call);
                      to.push_back(what + (reply.is_null() ? " nothing" : " something"));
                  }(c.send(command_line{words...}), name, ended));
        };
        wait("blpop", "blpop", "l", "0");
        wait("blmpop", "BLMPOP", "0.01", "1", "l", "LEFT");
        wait("xread", "XREAD", "COUNT", "1", "BLOCK", "10", "STREAMS", "s", "$");
        co_await until([&] { return ended.size() == 2; });
        co_await c.rpush("l", "x");
        co_await until([&] { return ended.size() == 3; });
        CHECK(ended[2] == "blpop something");
        CHECK(c.counters().connections == 4);
        const std::error_code error = co_await error_of(c.send("HELLO", 2));
        CHECK(error == errc::not_allowed);
    });
}
