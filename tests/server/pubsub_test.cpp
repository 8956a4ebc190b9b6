// Messages between connections on several threads: their order, and subscribers that are too slow.
#include <atomic>
#include <map>
#include <spdlog/spdlog.h>
#include <string>
#include <thread>
#include <vector>

#include "server/support.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

} // namespace

TEST_CASE("every subscriber gets every publisher's messages in their order") {
    running_server redis{small(4)};
    constexpr int publishers = 4;
    constexpr int messages = 500;
    std::vector<raw_connection> listeners;
    for (int i = 0; i < 8; ++i) {
        listeners.push_back(redis.connect());
        listeners.back().command(
            {i % 2 == 0 ? "SUBSCRIBE" : "PSUBSCRIBE", i % 2 == 0 ? "news" : "n*"});
    }
    std::vector<std::thread> sending;
    for (int i = 0; i < publishers; ++i)
        sending.emplace_back([&, i] {
            raw_connection connection = redis.connect();
            std::string all;
            for (int n = 0; n < messages; ++n)
                all += encode_request(
                    {"PUBLISH", "news", std::to_string(i) + ':' + std::to_string(n)});
            connection.send(all);
            connection.read_replies(messages);
        });
    for (std::thread& each : sending)
        each.join();
    for (raw_connection& listener : listeners) {
        std::map<std::string, int> next;
        int wrong = 0;
        for (int i = 0; i < publishers * messages; ++i) {
            const std::string payload = parse_reply(listener.read_reply()).elements.back().text;
            const std::size_t colon = payload.find(':');
            wrong += next[payload.substr(0, colon)]++ != std::stoi(payload.substr(colon + 1));
        }
        CHECK(wrong == 0);
        CHECK(next.size() == publishers);
    }
}

TEST_CASE("a client that publishes to itself gets the message before the reply") {
    running_server redis;
    raw_connection client = redis.connect();
    client.command({"HELLO", "3"});
    client.command({"SUBSCRIBE", "news"});
    client.send("PUBLISH news a\r\nPUBLISH news b\r\nUNSUBSCRIBE news\r\nPUBLISH news c\r\n");
    client.finish_sending();
    CHECK(client.read_to_end() == ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\na\r\n:1\r\n"
                                  ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nb\r\n:1\r\n"
                                  ">3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n:0\r\n");
}

TEST_CASE("a subscriber that does not take its messages is disconnected, others are not") {
    running_server redis{small(2)};
    raw_connection publisher = redis.connect();
    REQUIRE(
        publisher.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0"}).text ==
        "OK");
    raw_connection slow = redis.connect();
    slow.command({"SUBSCRIBE", "news"});
    raw_connection fast = redis.connect();
    fast.command({"SUBSCRIBE", "news"});
    constexpr std::size_t count = 3'000;
    const std::string payload(10'000, 'x');
    for (std::size_t i = 0; i < count; ++i) {
        publisher.command({"PUBLISH", "news", payload});
        if (parse_reply(fast.read_reply()).elements.back().text != payload) FAIL("message " << i);
    }
    CHECK(eventually([&] { return info(publisher, "connected_clients") == 2; }));
    CHECK(publisher.command({"PUBLISH", "news", "last"}).text == "1");
    CHECK(slow.read_to_end().size() < count * payload.size());
}

TEST_CASE("many patterns of one subscriber multiply no message beyond the limit") {
    running_server redis{small(2)};
    raw_connection publisher = redis.connect();
    REQUIRE(
        publisher.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0"}).text ==
        "OK");
    for (const bool own : {false, true}) { // messages to oneself take another way
        raw_connection listener = redis.connect();
        listener.send("HELLO 3\r\n");
        listener.read_reply();
        for (int i = 0; i < 300; ++i)
            listener.command({"PSUBSCRIBE", "n*" + std::string(static_cast<std::size_t>(i), '*')});
        raw_connection& from = own ? listener : publisher;
        const std::string request =
            "*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$100000\r\n" + std::string(100'000, 'x') + "\r\n";
        from.send(request);
        if (!own) CHECK(publisher.read_reply() == ":300\r\n");
        CHECK(listener.read_to_end().size() < 30'000'000);
    }
    CHECK(publisher.command({"PING"}).text == "PONG");
}

TEST_CASE("an output limit of zero is none, and a soft one has its time") {
    running_server redis{small(1)};
    raw_connection publisher = redis.connect();
    raw_connection slow = redis.connect();
    const auto limit = [&](const char* text) {
        return publisher.command({"CONFIG", "SET", "client-output-buffer-limit", text}).text;
    };
    REQUIRE(limit("pubsub 0 0 0") == "OK");
    slow.command({"SUBSCRIBE", "news"});
    const std::string payload(1'000'000, 'x');
    for (int i = 0; i < 20; ++i)
        CHECK(publisher.command({"PUBLISH", "news", payload}).text == "1");
    REQUIRE(limit("pubsub 0 1mb 1") == "OK");
    CHECK(eventually([&] { return info(publisher, "connected_clients") == 1; }));
}

TEST_CASE("a subscriber that is slow, but not too slow, gets everything, and can still ask") {
    running_server redis{small(2)};
    raw_connection slow = redis.connect();
    slow.send("HELLO 3\r\nSUBSCRIBE news\r\n");
    slow.read_replies(2);
    raw_connection publisher = redis.connect();
    std::size_t sent = 0;
    for (; sent < 1'000; ++sent) {
        publisher.command({"PUBLISH", "news", std::to_string(sent) + std::string(20'000, ' ')});
        if (sent == 700) slow.send("ECHO answer\r\n"); // behind what has been published before
    }
    std::size_t next = 0;
    bool answered = false;
    while (next < sent || !answered) {
        const wire_value reply = parse_reply(slow.read_reply());
        if (reply.type == '$') {
            CHECK(reply.text == "answer");
            answered = true;
        } else if (std::stoul(reply.elements.back().text) != next++) {
            FAIL("message " << next - 1);
        }
    }
    CHECK(slow.unread().empty());
}

TEST_CASE("subscribers come and go while messages are on their way") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    running_server redis{small(4)};
    std::atomic<bool> over{false};
    std::vector<std::thread> publishers;
    for (int i = 0; i < 2; ++i)
        publishers.emplace_back([&] {
            raw_connection connection = redis.connect();
            while (!over) {
                connection.send("PUBLISH a 1\r\nPUBLISH b 2\r\n");
                connection.read_replies(2);
            }
        });
    std::vector<std::thread> listeners;
    for (std::uint64_t i = 0; i < 3; ++i)
        listeners.emplace_back([&, i] {
            random_source random{seed + i};
            for (int round = 0; round < 100; ++round) {
                raw_connection connection = redis.connect();
                connection.send("HELLO 3\r\nSUBSCRIBE a b\r\nPSUBSCRIBE *\r\n");
                connection.read_replies(1 + random.below(20));
                if (random.one_in(2)) connection.send("UNSUBSCRIBE\r\nPUBLISH a self\r\nRESET\r\n");
                if (random.one_in(2)) connection.read_replies(random.below(3));
            }
        });
    for (std::thread& each : listeners)
        each.join();
    over = true;
    for (std::thread& each : publishers)
        each.join();
    raw_connection control = redis.connect();
    CHECK(eventually([&] { return info(control, "connected_clients") == 1; }));
    CHECK(control.command({"PUBSUB", "NUMPAT"}).text == "0");
    CHECK(control.command({"PUBSUB", "CHANNELS"}).elements.empty());
}
