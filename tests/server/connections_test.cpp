// What a connection keeps to: order, cuts, ends, and that no other connection notices.
#include <algorithm>
#include <atomic>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/support.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;
using mini_redis::server_options;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

std::string bulk(std::string_view text) {
    return '$' + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}

} // namespace

TEST_CASE("a pipeline of 100,000 commands is answered in order, however it is cut") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    running_server redis;
    raw_connection client = redis.connect();
    constexpr int count = 100'000;
    std::string all;
    for (int i = 0; i < count; ++i)
        all += i % 2 == 0 ? "INCR n\r\n" : "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
    for (std::string_view rest = all; !rest.empty();) {
        const std::size_t piece = std::min(rest.size(), 1 + random.below(30'000));
        client.send(rest.substr(0, piece));
        rest.remove_prefix(piece);
    }
    int wrong = 0;
    for (int i = 1; i <= count; ++i)
        wrong += client.read_reply() != ':' + std::to_string(i) + "\r\n";
    CHECK(wrong == 0);
}

TEST_CASE("requests in many small segments are answered") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    running_server redis;
    raw_connection client = redis.connect();
    std::string all;
    std::string expected;
    for (int i = 0; i < 200; ++i) {
        const std::string text = random.text(random.below(random.one_in(10) ? 200'000 : 100));
        all += encode_request({"ECHO", text});
        expected += bulk(text);
    }
    for (std::string_view rest = all; !rest.empty();) {
        const std::size_t piece =
            std::min(rest.size(), 1 + random.below(random.one_in(2) ? 10 : 50'000));
        client.send(rest.substr(0, piece));
        rest.remove_prefix(piece);
    }
    client.finish_sending();
    CHECK((client.read_to_end() == expected));
}

TEST_CASE("a bulk of 100 MB in pieces of 4 KB is taken, and its memory given back") {
    running_server redis;
    raw_connection client = redis.connect();
    constexpr std::size_t size = 100'000'000;
    client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(size) + "\r\n");
    const std::string piece(4'000, 'x');
    for (std::size_t sent = 0; sent < size; sent += piece.size())
        client.send(piece);
    client.send("\r\nSTRLEN k\r\n");
    CHECK(client.read_reply() == "+OK\r\n");
    CHECK(client.read_reply() == ":100000000\r\n");
}

TEST_CASE("a client that has said all gets all its replies, then the end") {
    running_server redis;
    const std::string value(100'000, 'x');
    redis.keys().set("k", value);
    raw_connection client = redis.connect();
    for (int i = 0; i < 100; ++i) // more than fits into the buffers between the two
        client.send("GET k\r\nPING\r\n");
    client.finish_sending();
    std::string expected;
    for (int i = 0; i < 100; ++i)
        expected += bulk(value) + "+PONG\r\n";
    CHECK((client.read_to_end() == expected));
}

TEST_CASE("a protocol error behind large replies comes after them") {
    running_server redis;
    const std::string value(100'000, 'x');
    redis.keys().set("k", value);
    raw_connection client = redis.connect();
    client.send("GET k\r\nGET k\r\n*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n");
    std::string expected =
        bulk(value) + bulk(value) + "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n";
    CHECK((client.read_to_end() == expected));
}

TEST_CASE("a connection that is dropped leaves nothing to the next one") {
    running_server redis;
    raw_connection dropped = redis.connect();
    dropped.send("PING\r\nECHO secret\r\nPOST / HTTP/1.1\r\n");
    CHECK(dropped.read_to_end().empty());
    raw_connection next = redis.connect();
    next.send("PING\r\n");
    next.finish_sending();
    CHECK(next.read_to_end() == "+PONG\r\n");
}

TEST_CASE("an idle client is closed after the timeout, a subscriber is not") {
    running_server redis;
    raw_connection control = redis.connect();
    raw_connection idle = redis.connect();
    raw_connection subscriber = redis.connect();
    subscriber.command({"SUBSCRIBE", "news"});
    REQUIRE(control.command({"CONFIG", "SET", "timeout", "1"}).text == "OK");
    std::thread waiting{[&] { idle.read_to_end(); }};
    CHECK(eventually([&] { return info(control, "connected_clients") == 2; }));
    waiting.join();
    CHECK(idle.closed());
    CHECK(control.command({"PUBLISH", "news", "x"}).text == "1");
    CHECK(subscriber.read_reply() == "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n");
}

TEST_CASE("clients of all threads can be killed, by several at once") {
    running_server redis{small(4)};
    for (int round = 0; round < 10; ++round) {
        std::vector<raw_connection> clients;
        for (int i = 0; i < 40; ++i) {
            clients.push_back(redis.connect());
            watched_client::answers(clients.back());
        }
        std::vector<std::thread> killers;
        for (std::size_t i = 0; i < 4; ++i)
            killers.emplace_back([&, killer = redis.connect()]() mutable {
                try {
                    killer.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
                } catch (const connection_closed&) { // another one was faster
                }
            });
        for (std::thread& each : killers)
            each.join();
        for (raw_connection& each : clients)
            each.read_to_end();
        raw_connection control = redis.connect();
        CHECK(eventually([&] { return info(control, "connected_clients") == 1; }));
    }
    raw_connection self = redis.connect();
    const std::string id = self.command({"CLIENT", "ID"}).text;
    CHECK(self.command({"CLIENT", "KILL", "ID", id, "SKIPME", "no"}).text == "1");
    CHECK(self.read_to_end().empty());
}

TEST_CASE("clients may be listed and counted while others come and go") {
    running_server redis{small(4)};
    std::atomic<bool> over{false};
    std::thread listing{[&] {
        raw_connection client = redis.connect();
        while (!over) {
            client.command({"CLIENT", "LIST"});
            info(client, "connected_clients");
            client.command({"CONFIG", "RESETSTAT"});
        }
    }};
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i)
        others.emplace_back([&] {
            for (int round = 0; round < 100; ++round) {
                raw_connection client = redis.connect();
                client.command({"CLIENT", "SETNAME", "name-" + std::to_string(round)});
                client.command({"SUBSCRIBE", "news"});
            }
        });
    for (std::thread& each : others)
        each.join();
    over = true;
    listing.join();
    raw_connection control = redis.connect();
    CHECK(eventually([&] { return info(control, "connected_clients") == 1; }));
    CHECK(control.command({"PUBSUB", "CHANNELS"}).elements.empty());
}

TEST_CASE("a client that ends itself hears nothing behind that reply") {
    running_server redis{small(2)};
    raw_connection other = redis.connect();
    raw_connection client = redis.connect();
    const std::string kill = encode_request(
        {"CLIENT", "KILL", "ID", client.command({"CLIENT", "ID"}).text, "SKIPME", "no"});
    const std::string set = encode_request({"SET", "k", "1"});
    SECTION("and what it has pipelined is not executed") {
        client.send(kill + set);
        CHECK(client.read_to_end() == ":1\r\n");
        CHECK(other.command({"EXISTS", "k"}).text == "0");
    }
    SECTION("but a transaction is executed to its end") {
        client.send(encode_request({"MULTI"}) + encode_request({"PING"}) + kill + set +
                    encode_request({"EXEC"}) + encode_request({"SET", "k", "2"}));
        CHECK(client.read_to_end() ==
              "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+PONG\r\n:1\r\n");
        CHECK(other.command({"GET", "k"}).text == "1");
    }
    SECTION("nor what it publishes to itself") {
        client.command({"HELLO", "3"});
        client.command({"SUBSCRIBE", "c"});
        client.send(encode_request({"MULTI"}) + kill + encode_request({"PUBLISH", "c", "m"}) +
                    encode_request({"EXEC"}));
        CHECK(client.read_to_end() == "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n");
    }
    CHECK(eventually([&] { return info(other, "connected_clients") == 1; }));
}

TEST_CASE("a client that was killed executes nothing of what it has sent already") {
    running_server redis{small(2)};
    for (int i = 0; i < 50; ++i) {
        raw_connection victim = redis.connect();
        raw_connection killer = redis.connect();
        const std::string id = victim.command({"CLIENT", "ID"}).text;
        killer.command({"DEL", "q"});
        victim.send(encode_request({"DEBUG", "SLEEP", "0.005"}) +
                    encode_request({"BLPOP", "q", "0"}) + encode_request({"SET", "k", id}));
        std::this_thread::sleep_for(i * 200us);
        REQUIRE(killer.command({"CLIENT", "KILL", "ID", id}).text == "1");
        std::this_thread::sleep_for(5ms); // it may have come to that command meanwhile
        killer.command({"RPUSH", "q", "kept"});
        REQUIRE(killer.command({"LLEN", "q"}).text == "1");
        REQUIRE(killer.command({"EXISTS", "k"}).text == "0");
    }
}
