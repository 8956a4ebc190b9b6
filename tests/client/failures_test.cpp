// However the server, the network or the caller fails: every call ends, and no reply goes astray.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <sys/resource.h>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace asio::experimental::awaitable_operators;

namespace {

// A coroutine that sleeps, to lose or win against a call.
asio::awaitable<void> sleep(std::chrono::milliseconds time) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> note_end(asio::awaitable<std::string> call,
                               std::optional<std::error_code>& end) {
    end = co_await error_of(std::move(call));
}

} // namespace

TEST_CASE("nobody listens") {
    run([&]() -> asio::awaitable<void> {
        const std::string address = "127.0.0.1:" + std::to_string(find_free_port());
        std::error_code error = co_await error_of(client::connect(address));
        CHECK(error == asio::error::connection_refused);
        error = co_await error_of(client::connect("nobody:x"));
        CHECK(error == errc::bad_address);
        error = co_await error_of(client::connect("no.such.host.invalid"));
        CHECK(error);
    });
}

TEST_CASE("an attempt that failed leaves nothing behind") {
    asio::io_context context{1};
    std::optional<std::error_code> end;
    asio::co_spawn(context,
                   error_of(client::connect("127.0.0.1:" + std::to_string(find_free_port()))),
                   [&](const std::exception_ptr&, std::error_code error) { end = error; });
    while (!end)
        context.run_one();
    CHECK(end == asio::error::connection_refused);
    context.poll();
    CHECK(context.stopped()); // no timer keeps the loop
}

TEST_CASE("an attempt for which there is no descriptor says so") {
    asio::io_context context{1};
    std::error_code found;
    asio::co_spawn(context,
                   error_of(client::connect("127.0.0.1:" + std::to_string(find_free_port()))),
                   [&](const std::exception_ptr&, std::error_code error) { found = error; });
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    context.run();
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(found == asio::error::no_descriptors);
}

TEST_CASE("time-outs may be as long as a number can say") {
    if (!is_available(server_kind::mini_redis)) return;
    const redis_process server = redis_process::start_mini_redis();
    connect_options options;
    options.connect_timeout = options.call_timeout = std::chrono::milliseconds::max();
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server), options);
        const std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}

TEST_CASE("connecting to a listener that never answers ends in time") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor}; // the kernel accepts, and nobody reads HELLO
        connect_options options;
        options.connect_timeout = 50ms;
        std::error_code error = co_await error_of(client::connect(server.address(), options));
        CHECK(error == errc::timed_out);
    });
}

TEST_CASE("connecting to a listener that never accepts ends in time") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        asio::ip::tcp::acceptor full{executor};
        full.open(asio::ip::tcp::v4());
        full.bind({asio::ip::make_address("127.0.0.1"), 0});
        full.listen(0);
        // Fill its queue, so that the kernel answers no further connection.
        std::vector<asio::ip::tcp::socket> waiting;
        for (int i = 0; i < 4; ++i) {
            waiting.emplace_back(executor);
            waiting.back().async_connect(full.local_endpoint(), [](std::error_code) {});
        }
        connect_options options = quiet();
        options.connect_timeout = 50ms;
        const std::string address = "127.0.0.1:" + std::to_string(full.local_endpoint().port());
        std::error_code error = co_await error_of(client::connect(address, options));
        CHECK(error == errc::timed_out);
        for (auto& socket : waiting)
            socket.close();
    });
}

TEST_CASE("a server that knows no HELLO is spoken to in RESP2") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        std::string requests;
        spawn(executor, [](scripted_server& from, std::string& seen) -> asio::awaitable<void> {
            auto peer = co_await from.accept();
            seen += co_await read_until(peer, "\r\npw\r\n");
            co_await write(peer, "-ERR unknown command 'HELLO'\r\n");
            seen += co_await read_until(peer, "\r\npw\r\n");
            co_await write(peer, "+OK\r\n");
            seen += co_await read_until(peer, "SETNAME\r\n$1\r\nn\r\n");
            co_await write(peer, "+OK\r\n");
            seen += co_await read_until(peer, "PING\r\n");
            co_await write(peer, "+PONG\r\n");
        }(server, requests));
        connect_options options;
        options.client_name = "n";
        options.password = "pw";
        client c = co_await client::connect(server.address(), options);
        CHECK(c.protocol() == protocol_version::resp2);
        std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
        CHECK(requests.find("AUTH\r\n$7\r\ndefault\r\n$2\r\npw\r\n") != std::string::npos);
        CHECK(requests.find("*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n") != std::string::npos);
    });
}

TEST_CASE("who needs a password is told when he connects, in RESP2 as well") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        auto admin = blocking_client::connect(address_of(server));
        admin.config_set("requirepass", "secret");
        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            connect_options options;
            options.protocol = protocol;
            const auto refused = blocking_client::connect(address_of(server), options, as_result);
            CHECK(refused.error().text().starts_with("NOAUTH"));
            options.client_name = "n";
            const auto named = blocking_client::connect(address_of(server), options, as_result);
            CHECK(named.error().text().starts_with("NOAUTH"));
            options.password = "secret";
            auto c = blocking_client::connect(address_of(server), options);
            CHECK(c.ping() == "PONG");
        }
        connect_options options;
        options.protocol = protocol_version::resp2;
        options.ask_before_calls = false;
        auto late = blocking_client::connect(address_of(server), options);
        CHECK(late.ping(as_result).error().text().starts_with("NOAUTH"));
        // Nobody who is told that PING may not be called has to stay outside.
        admin.config_set("requirepass", "");
        if (kind == server_kind::redis) admin.command<void>("ACL", "SETUSER", "default", "-ping");
        options.ask_before_calls = true;
        auto c = blocking_client::connect(address_of(server), options);
        CHECK(c.get("absent") == std::nullopt);
    }
}

TEST_CASE("a server that knows no HELLO, and wants a password, says so when one connects") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            auto peer = co_await from.accept();
            co_await read_until(peer, "HELLO\r\n$1\r\n3\r\n");
            co_await write(peer, "-ERR unknown command 'HELLO'\r\n");
            co_await read_until(peer, "PING\r\n");
            co_await write(peer, "-NOAUTH Authentication required.\r\n");
        }(server));
        std::string refused;
        try {
            co_await client::connect(server.address());
        } catch (const redis_error& error) {
            refused = error.code();
        }
        CHECK(refused == "NOAUTH");
    });
}

TEST_CASE("who closes the connection at HELLO is spoken to in RESP2") {
    for (const bool resets : {false, true}) {
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            scripted_server server{executor};
            spawn(executor, [](scripted_server& from, bool by_reset) -> asio::awaitable<void> {
                {
                    auto strict = co_await from.accept();
                    co_await read_until(strict, "HELLO\r\n$1\r\n3\r\n");
                    if (by_reset) strict.set_option(asio::socket_base::linger{true, 0});
                }
                auto peer = co_await from.accept();
                co_await read_until(peer, "*1\r\n$4\r\nPING\r\n");
                co_await write(peer, "+PONG\r\n");
                co_await read_until(peer, "key\r\n");
                co_await write(peer, "$5\r\nvalue\r\n");
            }(server, resets));
            client c = co_await client::connect(server.address());
            CHECK(c.protocol() == protocol_version::resp2);
            const auto value = co_await c.get("key");
            CHECK(value == "value");
        });
    }
}

TEST_CASE("who closes each connection is tried twice") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        int accepted = 0;
        spawn(executor, [](scripted_server& from, int& count) -> asio::awaitable<void> {
            for (; count < 2; ++count) {
                auto peer = co_await from.accept();
                co_await read_until(peer, "\r\n");
            }
        }(server, accepted));
        const std::error_code error = co_await error_of(client::connect(server.address()));
        CHECK(error == errc::connection_closed);
        CHECK(accepted == 2);
    });
}

TEST_CASE("a call ends at its time-out, and its late reply is dropped") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.call_timeout = 50ms;
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();

        const auto begin = std::chrono::steady_clock::now();
        std::error_code error = co_await error_of(c.ping("first"));
        CHECK(error == errc::timed_out);
        const auto took = std::chrono::steady_clock::now() - begin;
        CHECK(took >= 50ms);
        CHECK(took < 5s);
        CHECK(c.is_open());

        co_await read_until(peer, "first\r\n");
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "second\r\n");
            co_await write(to, "+first\r\n+second\r\n");
        }(peer));
        std::string reply = co_await c.ping("second");
        CHECK(reply == "second");
    });
}

TEST_CASE("a single call may have a time-out of its own") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.call_timeout = 60s;
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();
        const auto start = std::chrono::steady_clock::now();
        std::error_code error = co_await error_of(c.within(20ms).get("a"));
        CHECK(error == errc::timed_out);
        error = co_await error_of(c.pipeline().within(20ms).get("b").get("c").execute());
        CHECK(error == errc::timed_out);
        CHECK(std::chrono::steady_clock::now() - start < 30s);

        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "d\r\n");
            co_await write(to, "$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n");
        }(peer));
        auto value = co_await c.within(0ms).get("d");
        CHECK(value == "4");
    });
}

TEST_CASE("many calls time out together") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.call_timeout = 30ms;
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();
        std::vector<std::optional<std::error_code>> ends(100);
        for (auto& end : ends)
            spawn(executor, note_end(c.ping(), end));
        co_await until([&] {
            return std::all_of(ends.begin(), ends.end(), [](auto& end) { return end.has_value(); });
        });
        for (const auto& end : ends)
            CHECK(*end == errc::timed_out);
        CHECK(c.is_open());
    });
}

TEST_CASE("a server that owes many replies gets no more to do, and keeps its connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.call_timeout = 20ms;
        client c = co_await client::connect(server.address(), options);
        auto peer = co_await server.accept();
        std::optional<std::error_code> patient;
        spawn(executor, note_end(c.within(10s).ping("patient"), patient));
        std::vector<std::optional<std::error_code>> ends(5000);
        for (auto& end : ends)
            spawn(executor, note_end(c.ping("hasty"), end));
        co_await until([&] {
            return std::all_of(ends.begin(), ends.end(), [](auto& end) { return end.has_value(); });
        });
        CHECK(c.is_connected());
        CHECK_FALSE(patient.has_value());

        // It is not even sent.
        const std::uint64_t sent = c.counters().bytes_sent;
        const auto further = co_await c.ping("further", as_result);
        CHECK(further.error().code() == errc::timed_out);
        CHECK_FALSE(further.error().may_have_run());
        CHECK(c.counters().bytes_sent == sent);

        std::string replies = "+patient\r\n";
        for (std::size_t i = 0; i < ends.size(); ++i)
            replies += "+hasty\r\n";
        co_await write(peer, replies);
        co_await until([&] { return patient.has_value(); });
        CHECK(!*patient);
        std::optional<std::error_code> next;
        spawn(executor, note_end(c.within(10s).ping("next"), next));
        co_await read_until(peer, "next\r\n");
        co_await write(peer, "+next\r\n");
        co_await until([&] { return next.has_value(); });
        CHECK(!*next);
    });
}

TEST_CASE("cancelling one call leaves the others alone") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();

        // By a slot.
        asio::cancellation_signal cancel;
        std::optional<std::error_code> ended;
        asio::co_spawn(
            executor, note_end(c.ping("cancelled"), ended),
            asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
        std::optional<std::error_code> other;
        spawn(executor, note_end(c.ping("other"), other));
        co_await read_until(peer, "other\r\n");
        cancel.emit(asio::cancellation_type::terminal);
        co_await until([&] { return ended.has_value(); });
        CHECK(*ended == asio::error::operation_aborted);
        CHECK_FALSE(other.has_value());
        co_await write(peer, "+cancelled\r\n+other\r\n");
        co_await until([&] { return other.has_value(); });
        CHECK(!*other);

        // As the loser of ||.
        auto call = c.ping("loser");
        auto timer = sleep(10ms);
        const auto first = co_await (std::move(call) || std::move(timer));
        CHECK(first.index() == 1);
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "winner\r\n");
            co_await write(to, "+loser\r\n+winner\r\n");
        }(peer));
        auto winner = c.ping("winner");
        auto long_timer = sleep(30s);
        const auto second = co_await (std::move(winner) || std::move(long_timer));
        REQUIRE(second.index() == 0);
        CHECK(std::get<0>(second) == "winner");
    });
}

TEST_CASE("connecting can be cancelled") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        asio::cancellation_signal cancel;
        std::optional<std::error_code> ended;
        asio::co_spawn(
            executor,
            [](std::string address, std::optional<std::error_code>& end) -> asio::awaitable<void> {
                auto call = client::connect(std::move(address));
                end = co_await error_of(std::move(call));
            }(server.address(), ended),
            asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
        auto peer = co_await server.accept();
        co_await read_until(peer, "HELLO\r\n$1\r\n3\r\n");
        cancel.emit(asio::cancellation_type::terminal);
        co_await until([&] { return ended.has_value(); });
        CHECK(*ended == asio::error::operation_aborted);
    });
}

TEST_CASE("a connection that is lost ends every call") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        std::vector<std::optional<std::error_code>> ends(3);
        {
            auto peer = co_await server.accept();
            for (auto& end : ends)
                spawn(executor, note_end(c.ping(), end));
            co_await read_until(peer, "PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n");
            co_await write(peer, "+PONG\r\n+PO"); // one reply and a half
        }
        co_await until([&] { return ends[2].has_value(); });
        CHECK(!*ends[0]);
        CHECK(*ends[1] == errc::unknown_outcome);
        CHECK(*ends[2] == errc::unknown_outcome);
        CHECK_FALSE(c.is_open());
        std::error_code error = co_await error_of(c.ping());
        CHECK(error == errc::not_sent);
    });
}

TEST_CASE("a server that is killed ends every call") {
    if (!is_available(server_kind::redis)) return;
    redis_process server = redis_process::start_redis();
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        client c = co_await client::connect(address_of(server));
        std::optional<std::error_code> end;
        spawn(executor,
              [](client& to, std::optional<std::error_code>& result) -> asio::awaitable<void> {
                  auto call = to.send("BLPOP", "nothing", 0);
                  result = co_await error_of(std::move(call));
              }(c, end));
        std::string info;
        while (info.find("blocked_clients:1") == std::string::npos)
            info = co_await c.command<std::string>("INFO", "clients");
        server.stop();
        co_await until([&] { return end.has_value(); });
        CHECK(*end == errc::unknown_outcome);
    });
}

TEST_CASE("garbage ends the connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "PING\r\n");
            co_await write(to, "HTTP/1.1 400 Bad Request\r\n\r\n");
        }(peer));
        std::error_code error = co_await error_of(c.ping());
        CHECK(error == errc::unknown_outcome);
        CHECK_FALSE(c.is_open());
    });
}

TEST_CASE("a reply that nobody asked for ends the connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        co_await write(peer, "+OK\r\n");
        co_await until([&] { return !c.is_open(); });
        std::error_code error = co_await error_of(c.ping());
        CHECK(error == errc::not_sent);
    });
}

TEST_CASE("a reply of the wrong type is an error of the one call") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        co_await write(peer, "");
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "key\r\n");
            co_await write(to, "*1\r\n:1\r\n");
            co_await read_until(to, "PING\r\n");
            co_await write(to, "+PONG\r\n");
        }(peer));
        std::error_code error = co_await error_of(c.get("key"));
        CHECK(error == errc::unexpected_reply);
        std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}

TEST_CASE("destroying the client ends its calls") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        std::optional<client> c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        std::vector<std::optional<std::error_code>> ends(3);
        for (auto& end : ends)
            spawn(executor, note_end(c->ping(), end));
        co_await read_until(peer, "PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n");
        c.reset();
        co_await until([&] { return ends[2].has_value(); });
        for (const auto& end : ends)
            CHECK(*end == errc::client_closed);
    });
}

TEST_CASE("a caller may destroy the client when its reply comes") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        std::optional<client> c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        std::optional<std::error_code> second;
        spawn(executor, [](std::optional<client>& doomed) -> asio::awaitable<void> {
            co_await doomed->ping();
            doomed.reset();
        }(c));
        spawn(executor, note_end(c->ping(), second));
        co_await read_until(peer, "PING\r\n*1\r\n$4\r\nPING\r\n");
        co_await write(peer, "+PONG\r\n+PONG\r\n");
        co_await until([&] { return second.has_value(); });
        CHECK(*second == errc::client_closed);
    });
}

TEST_CASE("an exception out of a caller does not end the connection") {
    asio::io_context context{1};
    scripted_server server{context.get_executor()};
    std::optional<client> c;
    bool second_done = false;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            c = co_await client::connect(server.address(), quiet());
            auto peer = co_await server.accept();
            spawn(context.get_executor(), [](client& to) -> asio::awaitable<void> {
                co_await to.ping();
                throw std::runtime_error("a caller's own");
            }(*c));
            spawn(context.get_executor(), [](client& to, bool& done) -> asio::awaitable<void> {
                co_await to.ping();
                done = true;
            }(*c, second_done));
            co_await read_until(peer, "PING\r\n*1\r\n$4\r\nPING\r\n");
            co_await write(peer, "+PONG\r\n+PONG\r\n");
            co_await until([&] { return second_done; });
            c.reset();
        },
        [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
    CHECK_THROWS_WITH(context.run_for(30s), "a caller's own");
    context.run_for(30s);
    CHECK(second_done);
}

TEST_CASE("an io_context may end in the middle of everything") {
    // Nothing to check but what the sanitizers see: a caller owns the client that owns its call.
    for (int turns = 0; turns < 60; ++turns) {
        asio::io_context context{1};
        scripted_server server{context.get_executor()};
        asio::co_spawn(
            context,
            [](std::string address) -> asio::awaitable<void> {
                client c = co_await client::connect(std::move(address), quiet());
                co_await c.ping();
            }(server.address()),
            [](const std::exception_ptr&) {});
        asio::co_spawn(
            context,
            [](std::string address) -> asio::awaitable<void> {
                client c = co_await client::connect(std::move(address), quiet());
                subscriber s = co_await c.subscribe("channel");
                co_await s.next();
            }(server.address()),
            [](const std::exception_ptr&) {});
        for (int i = 0; i < turns; ++i)
            context.poll_one();
    }
}
