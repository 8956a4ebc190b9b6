// How a server begins and ends, and what its clients see of that.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "server/support.hpp"

using namespace mini_redis::test;
using mini_redis::server;
using mini_redis::server_options;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

/// Runs `redis.run()` on a context with that many threads; what it threw, or null.
std::exception_ptr run_to_end(server& redis, unsigned threads = 1) {
    asio::io_context context;
    std::promise<std::exception_ptr> over;
    asio::co_spawn(context, redis.run(),
                   [&](std::exception_ptr thrown) { over.set_value(std::move(thrown)); });
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
        others.emplace_back([&] { context.run(); });
    context.run();
    for (std::thread& each : others)
        each.join();
    return over.get_future().get();
}

std::string pings(std::size_t count) {
    std::string all;
    while (count-- > 0)
        all += "PING\r\n";
    return all;
}

} // namespace

TEST_CASE("a server starts once, serves, and stops") {
    server redis{small()};
    redis.stop(); // not running: nothing happens
    redis.start();
    const std::uint16_t port = redis.port();
    REQUIRE(port != 0);
    raw_connection client{port};
    CHECK(client.command({"SET", "k", "v"}).text == "OK");
    CHECK(redis.keys().get("k") == "v");
    CHECK_THROWS_AS(redis.start(), std::logic_error);
    redis.stop();
    redis.stop();
    redis.wait();
    CHECK(client.read_to_end().empty());
    CHECK(client.closed());
    CHECK(refuses(port));
    CHECK_THROWS_AS(redis.start(), std::logic_error);
    CHECK(redis.keys().get("k") == "v"); // the keys are there for as long as the server is
}

TEST_CASE("servers live side by side, and after one another on the same port") {
    running_server one;
    running_server other;
    REQUIRE(one.port() != other.port());
    one.connect().command({"SET", "k", "1"});
    CHECK(other.connect().command({"GET", "k"}).null);

    server_options same = small();
    same.port = one.port();
    for (int i = 0; i < 5; ++i) {
        one.stop();
        running_server next{same};
        raw_connection client = next.connect();
        CHECK(client.command({"PING"}).text == "PONG");
        next.stop(); // with a client, so that the server's side is in TIME_WAIT
    }
    CHECK(other.connect().command({"PING"}).text == "PONG");
}

TEST_CASE("a server listens elsewhere when CONFIG SET says so") {
    running_server redis{small(2)};
    const running_server other;
    const std::uint16_t first = redis.port();
    raw_connection client = redis.connect();
    const auto set = [&](const std::string& name, const std::string& value) {
        return client.command({"CONFIG", "SET", name, value}).text;
    };
    CHECK(set("port", std::to_string(first)) == "OK"); // there it is
    CHECK(set("port", std::to_string(other.port())) ==
          "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this "
          "port. Check server logs.");
    CHECK(redis.port() == first);
    CHECK(redis.connect().command({"PING"}).text == "PONG");

    const std::uint16_t next = find_free_port();
    CHECK(set("port", std::to_string(next)) == "OK");
    CHECK(redis.port() == next);
    CHECK(redis.connect().command({"CONFIG", "GET", "port"}).elements[1].text ==
          std::to_string(next));
    CHECK(eventually([&] { return refuses(first); }));
    CHECK(client.command({"PING"}).text == "PONG"); // who is there stays

    CHECK(set("bind", "127.0.0.1 127.0.0.2") == "OK");
    CHECK(raw_connection{next, "127.0.0.2"}.command({"PING"}).text == "PONG");
    CHECK(redis.connect().command({"PING"}).text == "PONG");
    CHECK(
        set("bind", "127.0.0.2 192.0.2.1") ==
        "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified "
        "addresses. Check server logs.");
    CHECK(set("bind", "127.0.0.2 -192.0.2.1") == "OK");
    CHECK(eventually([&] { return refuses(next); }));
    CHECK(raw_connection{next, "127.0.0.2"}.command({"PING"}).text == "PONG");
    redis.stop();
    CHECK_THROWS(raw_connection{next, "127.0.0.2"});
}

TEST_CASE("what cannot be listened on is an error that names its cause") {
    const running_server first;
    server_options taken = small();
    taken.port = first.port();
    server second{taken};
    try {
        second.start();
        FAIL("the port is in use");
    } catch (const std::system_error& error) {
        CHECK(error.code() == std::errc::address_in_use);
    }
    CHECK(run_to_end(second) != nullptr);
    second.stop();

    server_options nowhere = small();
    nowhere.bind = "not an address";
    CHECK_THROWS_AS(server{nowhere}.start(), std::system_error);
    nowhere.bind = "192.0.2.1"; // nobody's (RFC 5737)
    CHECK_THROWS_AS(server{nowhere}.start(), std::system_error);
    CHECK_THROWS_AS(server{small(0)}, std::invalid_argument);
}

TEST_CASE("run() ends when the server is stopped, on any thread") {
    for (int i = 0; i < 100; ++i) {
        server redis{small()};
        std::thread stopping{[&] {
            while (redis.port() == 0)
                std::this_thread::yield();
            redis.request_stop();
        }};
        CHECK(run_to_end(redis, 2) == nullptr);
        stopping.join();
    }
}

TEST_CASE("run() ends when a client shuts the server down") {
    server redis{small(2)};
    std::thread client{[&] {
        eventually([&] { return redis.port() != 0; });
        raw_connection connection{redis.port()};
        connection.send("SHUTDOWN NOSAVE\r\n");
        connection.read_to_end();
    }};
    CHECK(run_to_end(redis) == nullptr);
    client.join();
}

TEST_CASE("cancelling run() stops the server") {
    for (int i = 0; i < 20; ++i) {
        server redis{small()};
        asio::io_context context;
        asio::cancellation_signal cancel;
        bool ended = false;
        asio::co_spawn(context, redis.run(),
                       asio::bind_cancellation_slot(
                           cancel.slot(), [&](const std::exception_ptr&) { ended = true; }));
        asio::post(context, [&] {
            CHECK_FALSE(refuses(redis.port()));
            cancel.emit(asio::cancellation_type::terminal);
        });
        context.run();
        CHECK(ended);
        CHECK(refuses(redis.port()));
    }
}

TEST_CASE("a loop may be destroyed before the server that it waited for") {
    server redis{small()};
    {
        asio::io_context context;
        asio::co_spawn(context, redis.run(), asio::detached);
        context.run_for(1ms);
        eventually([&] { return context.poll(), redis.port() != 0; });
    }
    raw_connection client{redis.port()};
    CHECK(client.command({"PING"}).text == "PONG");
    redis.stop();
    CHECK(client.read_to_end().empty());
}

TEST_CASE("clients that are idle, or in the middle of a request, do not hold up the end") {
    running_server redis{small(2)};
    std::vector<raw_connection> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(redis.connect());
        if (i % 3 == 0) clients.back().send("*2\r\n$3\r\nGE");
        if (i % 3 == 1) CHECK(clients.back().command({"PING"}).text == "PONG");
    }
    const auto begin = std::chrono::steady_clock::now();
    redis.stop();
    CHECK(std::chrono::steady_clock::now() - begin < 5s); // the grace time was not needed
    for (raw_connection& each : clients)
        CHECK(each.read_to_end().empty());
}

TEST_CASE("requests that came in whole before the end are answered") {
    running_server redis{small(2)};
    watched_client both{redis};
    raw_connection asleep = redis.connect(); // on the client's thread
    watched_client::answers(asleep);
    // An unfinished request makes the server read in small steps. What comes while its thread
    // sleeps is more than one of these.
    both.client.send("*2\r\n$4\r\nECHO\r\n$5\r\nab");
    asleep.send("DEBUG SLEEP 0.5\r\n");
    REQUIRE(eventually([&] {
        return both.watcher.command({"CLIENT", "LIST"}).text.find("cmd=debug") != std::string::npos;
    }));
    constexpr std::size_t count = 7'000;
    both.client.send("cde\r\n" + pings(count));
    redis.stop();
    const std::string replies = both.client.read_to_end();
    CHECK(replies.size() == std::string{"$5\r\nabcde\r\n"}.size() + count * 7);
    CHECK(replies.starts_with("$5\r\nabcde\r\n+PONG\r\n"));
    CHECK(asleep.read_to_end() == "+OK\r\n");
}

TEST_CASE("a client that does not take its replies is cut after the grace time") {
    server_options options = small();
    options.shutdown_grace = 200ms;
    running_server redis{options};
    redis.keys().set("large", std::string(1'000'000, 'x'));
    raw_connection client = redis.connect();
    for (int i = 0; i < 50; ++i)
        client.send("GET large\r\n");
    raw_connection control = redis.connect();
    watched_client::answers(control);
    const auto begin = std::chrono::steady_clock::now();
    redis.stop();
    CHECK(std::chrono::steady_clock::now() - begin >= 200ms);
    CHECK(client.read_to_end().size() < 50'000'000);
    CHECK(client.closed());
}

TEST_CASE("a client that never stops sending does not hold up the end") {
    server_options options = small();
    options.shutdown_grace = 60s;
    running_server redis{options};
    raw_connection client = redis.connect();
    std::atomic<bool> sending{false};
    std::atomic<bool> over{false};
    std::thread busy{[&] {
        client.send("CLIENT REPLY OFF\r\n");
        const std::string many = pings(10'000);
        while (!over) {
            client.send(many);
            sending = true;
        }
    }};
    CHECK(eventually([&] { return sending.load(); }));
    auto stopped = std::async(std::launch::async, [&] { redis.stop(); });
    CHECK(stopped.wait_for(30s) == std::future_status::ready);
    over = true;
    busy.join();
}

TEST_CASE("a client that takes its replies in time gets them all") {
    server_options options = small();
    options.shutdown_grace = 60s;
    running_server redis{options};
    redis.keys().set("large", std::string(1'000'000, 'x'));
    raw_connection client = redis.connect();
    for (int i = 0; i < 30; ++i)
        client.send("GET large\r\n");
    raw_connection control = redis.connect();
    watched_client::answers(control);
    redis.request_stop();
    CHECK(control.read_to_end().empty()); // the end has begun
    CHECK(client.read_to_end().size() == 30 * (1'000'000 + std::string{"$1000000\r\n\r\n"}.size()));
    redis.wait();
}

TEST_CASE("a second signal ends the program at once") {
    auto redis = redis_process::start_mini_redis(1);
    raw_connection client{redis.port()};
    client.command({"SET", "large", std::string(1'000'000, 'x')});
    for (int i = 0; i < 50; ++i)
        client.send("GET large\r\n");
    watched_client::answers(*std::make_unique<raw_connection>(redis.port()));
    redis.send_signal(SIGTERM);
    REQUIRE(eventually([&] { return refuses(redis.port()); })); // it waits for the client
    redis.send_signal(SIGTERM);
    CHECK(redis.wait_for_exit(20s) == 1); // the end in order would be 0
}

// An unsubscribe message would be taken for the client's own wish: it would not subscribe again.
TEST_CASE("subscribers are told by the end of the connection, as by Redis") {
    running_server redis;
    raw_connection client = redis.connect();
    client.send("SUBSCRIBE a b\r\nPSUBSCRIBE p*\r\n");
    client.read_replies(3);
    raw_connection resp3 = redis.connect();
    resp3.send("HELLO 3\r\nSUBSCRIBE a\r\n");
    resp3.read_replies(2);
    redis.stop();
    CHECK(client.read_to_end().empty());
    CHECK(resp3.read_to_end().empty());
}

TEST_CASE("messages that a subscriber has not yet taken come whole before the end") {
    server_options options = small(2);
    options.shutdown_grace = 60s;
    running_server redis{options};
    raw_connection slow = redis.connect();
    slow.send("SUBSCRIBE news\r\n");
    slow.read_reply();
    raw_connection publisher = redis.connect();
    const std::string payload(100'000, 'x');
    constexpr std::size_t count = 100;
    for (std::size_t i = 0; i < count; ++i)
        REQUIRE(publisher.command({"PUBLISH", "news", payload}).text == "1");
    redis.request_stop();
    CHECK(publisher.read_to_end().empty());
    const std::string message =
        "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$100000\r\n" + payload + "\r\n";
    for (std::size_t i = 0; i < count; ++i)
        if (slow.read_reply() != message) FAIL("message " << i);
    CHECK(slow.read_to_end().empty());
    redis.wait();
}

TEST_CASE("clients that come while the server ends are not left hanging") {
    for (int round = 0; round < 20; ++round) {
        running_server redis{small(4)};
        const std::uint16_t port = redis.port();
        std::atomic<int> connected{0};
        std::vector<std::thread> clients;
        for (int i = 0; i < 3; ++i)
            clients.emplace_back([&] {
                std::vector<raw_connection> mine;
                try {
                    for (; mine.size() < 200; ++connected) {
                        mine.emplace_back(port);
                        mine.back().send("PING\r\n");
                    }
                } catch (const std::system_error&) { // refused: it has ended
                }
                for (raw_connection& each : mine)
                    each.read_to_end(); // throws when the end does not come
            });
        eventually([&] { return connected > 20; });
        std::thread another{[&] { redis.stop(); }};
        redis.stop();
        another.join();
        for (std::thread& each : clients)
            each.join();
    }
    SUCCEED();
}
