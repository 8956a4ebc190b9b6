// CLIENT PAUSE between connections on several threads.
#include <spdlog/spdlog.h>
#include <string>
#include <vector>

#include "server/support.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

} // namespace

TEST_CASE("a pipeline waits where its first write stands, and then goes on in its order") {
    running_server redis{small(4)};
    raw_connection control = redis.connect();
    REQUIRE(control.command({"CLIENT", "PAUSE", "100000", "WRITE"}).text == "OK");
    constexpr int requests = 2000; // more than is read at once
    std::vector<raw_connection> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(redis.connect());
        std::string all = encode_request({"ECHO", "first"});
        for (int n = 0; n < requests; ++n)
            all += encode_request({"INCR", "n" + std::to_string(i)});
        clients.back().send(all);
        CHECK(clients.back().read_reply() == "$5\r\nfirst\r\n");
    }
    REQUIRE(eventually([&] { return info(control, "blocked_clients") == 8; }));
    for (raw_connection& each : clients)
        CHECK(each.unread().empty());
    CHECK(control.command({"GET", "n0"}).null);
    REQUIRE(control.command({"CLIENT", "UNPAUSE"}).text == "OK");
    for (raw_connection& each : clients) {
        int wrong = 0;
        for (int n = 1; n <= requests; ++n)
            wrong += each.read_reply() != ':' + std::to_string(n) + "\r\n";
        CHECK(wrong == 0);
    }
    CHECK(eventually([&] { return info(control, "blocked_clients") == 0; }));
}

TEST_CASE("who leaves while it waits is forgotten, and nothing of it is executed") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    control.command({"CLIENT", "PAUSE", "100000", "WRITE"});
    {
        raw_connection client = redis.connect();
        client.send(encode_request({"SET", "k", "v"}));
        REQUIRE(eventually([&] { return info(control, "blocked_clients") == 1; }));
    }
    CHECK(eventually([&] { return info(control, "connected_clients") == 1; }));
    CHECK(eventually([&] { return info(control, "blocked_clients") == 0; }));
    control.command({"CLIENT", "UNPAUSE"});
    CHECK(control.command({"GET", "k"}).null);
}

TEST_CASE("a server stops while clients are paused") {
    auto redis = std::make_unique<running_server>(small(2));
    raw_connection control = redis->connect();
    raw_connection client = redis->connect();
    control.command({"CLIENT", "PAUSE", "100000", "WRITE"});
    client.send(encode_request({"SET", "k", "v"}));
    REQUIRE(eventually([&] { return info(control, "blocked_clients") == 1; }));
    redis->stop();
    CHECK(client.read_to_end().empty());
}

TEST_CASE("pauses that come and go lose no request") {
    running_server redis{small(4)};
    raw_connection control = redis.connect();
    constexpr int requests = 3000;
    std::vector<raw_connection> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(redis.connect());
        std::string all;
        for (int n = 0; n < requests; ++n)
            all += encode_request({"INCR", "n"});
        clients.back().send(all);
        control.command({"CLIENT", "PAUSE", "1", i % 2 == 0 ? "WRITE" : "ALL"});
    }
    for (int i = 0; i < 200; ++i) {
        control.command({"CLIENT", "PAUSE", "1", "WRITE"});
        if (i % 3 == 0) control.command({"CLIENT", "UNPAUSE"});
    }
    for (raw_connection& each : clients)
        each.read_replies(requests);
    CHECK(control.command({"GET", "n"}).text == std::to_string(4 * requests));
}
