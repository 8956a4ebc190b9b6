// What a server does when there is too much of something: clients, replies, descriptors, memory.
#include <memory>
#include <optional>
#include <spdlog/spdlog.h>
#include <string>
#include <vector>

#include "server/support.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MINI_REDIS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MINI_REDIS_SANITIZED
#endif
#endif

using namespace mini_redis::test;
using mini_redis::server_options;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

std::size_t lines_with(const std::string& text, const std::string& words) {
    std::size_t count = 0;
    for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1))
        ++count;
    return count;
}

} // namespace

TEST_CASE("one client too many is told so, and gets in when another has left") {
    server_options options = small(2);
    options.max_clients = 3;
    running_server redis{options};
    std::vector<raw_connection> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(redis.connect());
        watched_client::answers(clients.back());
    }
    for (int i = 0; i < 5; ++i)
        CHECK(redis.connect().read_to_end() == "-ERR max number of clients reached\r\n");
    CHECK(info(clients[0], "rejected_connections") == 5);
    clients.pop_back();
    REQUIRE(eventually([&] { return info(clients[0], "connected_clients") == 2; }));
    clients.push_back(redis.connect());
    watched_client::answers(clients.back());
}

TEST_CASE("the number of clients is right after many rounds") {
    server_options options = small(2);
    options.max_clients = 10;
    running_server redis{options};
    raw_connection control = redis.connect();
    watched_client::answers(control);
    for (int round = 0; round < 50; ++round) {
        {
            std::vector<raw_connection> clients;
            for (int i = 0; i < 15; ++i) // six of them too many
                clients.push_back(redis.connect());
            if (round % 2 == 0) clients[3].send("QUIT\r\n");
            if (round % 3 == 0) clients[4].send("*x\r\n");
        }
        if (!eventually([&] { return info(control, "connected_clients") == 1; }))
            FAIL("round " << round);
    }
    SUCCEED();
}

TEST_CASE("a client that does not read its replies is not buffered without end") {
    auto redis = redis_process::start_mini_redis(1);
    raw_connection control{redis.port()};
    control.command({"SET", "large", std::string(1'000'000, 'x')});
    raw_connection client{redis.port()};
    const std::int64_t resident = info(control, "used_memory_rss");
    const std::int64_t commands = info(control, "total_commands_processed");
    constexpr int count = 200;
    std::string requests;
    for (int i = 0; i < count; ++i)
        requests += "GET large\r\n";
    client.send(requests);
    // One thread serves both: by now it would have executed more, if it wanted to.
    for (int i = 0; i < 100; ++i)
        watched_client::answers(control);
    CHECK(info(control, "total_commands_processed") - commands < 100 + 2 + 30);
    CHECK(info(control, "used_memory_rss") - resident < 60'000'000);
    int wrong = 0;
    for (int i = 0; i < count; ++i)
        wrong += client.read_reply().size() != 1'000'000 + std::string{"$1000000\r\n\r\n"}.size();
    CHECK(wrong == 0);
}

TEST_CASE("a client may write all its requests before it reads a reply") {
    auto redis = redis_process::start_mini_redis(1);
    raw_connection client{redis.port()};
    // More than the sockets hold, either way.
    constexpr int count = 20'000;
    const std::string word(1'000, 'x');
    std::string requests;
    for (int i = 0; i < count; ++i)
        requests += "*2\r\n$4\r\nECHO\r\n$1000\r\n" + word + "\r\n";
    REQUIRE(client.send_blindly(requests));
    client.finish_sending();
    int wrong = 0;
    for (int i = 0; i < count; ++i)
        wrong += client.read_reply() == "$1000\r\n" + word + "\r\n" ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(client.read_to_end().empty());
}

TEST_CASE("what a client sends ahead is bounded by client-query-buffer-limit") {
    auto redis = redis_process::start_mini_redis(1);
    raw_connection control{redis.port()};
    control.command({"SET", "large", std::string(10'000'000, 'x')});
    control.command({"CONFIG", "SET", "client-query-buffer-limit", "2mb"});
    raw_connection client{redis.port()};
    std::string requests;
    while (requests.size() < 20'000'000)
        requests += "GET large\r\n";
    CHECK_FALSE(client.send_blindly(requests));
    CHECK(eventually([&] { return info(control, "connected_clients") == 1; }));
}

TEST_CASE("out of descriptors, a server serves the clients it has and takes others later") {
    auto redis = redis_process::start_mini_redis_limited("ulimit -n 40");
    std::vector<raw_connection> clients;
    for (int i = 0; i < 60; ++i) {
        clients.emplace_back(redis.port());
        clients.back().send("PING\r\n");
    }
    CHECK(clients[0].read_reply() == "+PONG\r\n");
    // Pauses of 10, 20, 40 … ms: whoever sees five of them has seen a server that does not spin.
    const bool noticed = eventually([&] { return lines_with(redis.log(), "cannot accept") >= 5; });
    INFO(redis.log());
    REQUIRE(noticed);
    CHECK(lines_with(redis.log(), "cannot accept") < 50);
    CHECK(clients[0].command({"SET", "k", "v"}).text == "OK");
    CHECK(clients.back().unread().empty()); // it waits

    clients.erase(clients.begin() + 5, clients.begin() + 55);
    CHECK(clients.back().read_reply() == "+PONG\r\n");
    CHECK(clients.back().command({"GET", "k"}).text == "v");
    clients.emplace_back(redis.port());
    watched_client::answers(clients.back());
}

#ifndef MINI_REDIS_SANITIZED // they need much more memory
TEST_CASE("a value too large for the memory is refused, and nobody is harmed") {
    auto redis = redis_process::start_mini_redis_limited("ulimit -v 400000");
    raw_connection client{redis.port()};
    raw_connection other{redis.port()};
    for (int i = 0; i < 3; ++i) {
        client.send("ECHO before\r\nSETRANGE k 500000000 x\r\nECHO after\r\n");
        CHECK(client.read_reply() == "$6\r\nbefore\r\n");
        CHECK(client.read_reply() == "-ERR out of memory\r\n");
        CHECK(client.read_reply() == "$5\r\nafter\r\n");
        watched_client::answers(other);
    }
    CHECK(client.command({"EXISTS", "k"}).text == "0");
}
#endif

TEST_CASE("a reply that is as long as the request says ends before the memory does") {
    running_server redis;
    raw_connection client = redis.connect();
    const std::string large(1024 * 1024, 'x');
    client.command({"SADD", "set", large});
    client.command({"HSET", "hash", large, "v"});
    client.command({"ZADD", "zset", "1", large});
    const std::string most = "-4611686018427387903";
    const std::string refusal = "ERR out of memory";
    CHECK(client.command({"SRANDMEMBER", "set", most}).text == refusal);
    CHECK(client.command({"HRANDFIELD", "hash", most, "WITHVALUES"}).text == refusal);
    CHECK(client.command({"ZRANDMEMBER", "zset", most, "WITHSCORES"}).text == refusal);
    SECTION("and in a transaction, what stands beside it is executed") {
        client.command({"MULTI"});
        client.command({"SET", "a", "1"});
        client.command({"SRANDMEMBER", "set", most});
        client.command({"GET", "a"});
        const wire_value replies = client.command({"EXEC"});
        REQUIRE(replies.elements.size() == 3);
        CHECK(replies.elements[1].text == refusal);
        CHECK(replies.elements[2].text == "1");
    }
}

TEST_CASE("a client that leaves more unread than client-output-buffer-limit is disconnected") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    raw_connection client = redis.connect();
    const auto set_limit = [&](const std::string& text) {
        return control.command({"CONFIG", "SET", "client-output-buffer-limit", text}).text == "OK";
    };
    const auto is_gone = [&] { return info(control, "connected_clients") == 1; };
    control.command({"SET", "large", std::string(1'000'000, 'x')});
    control.command({"SET", "small", std::string(1'000, 'x')});
    const std::string many = [] {
        std::string requests;
        for (int i = 0; i < 200; ++i)
            requests += "GET large\r\n";
        return requests;
    }();
    SECTION("at once, by one reply") {
        REQUIRE(set_limit("normal 500kb 0 0"));
        client.send("PING\r\nGET large\r\nSET after 1\r\n");
        CHECK(client.read_to_end().empty());
        CHECK(control.command({"EXISTS", "after"}).text == "0");
    }
    SECTION("at once, by several replies") {
        REQUIRE(set_limit("normal 10kb 0 0"));
        std::string requests;
        for (int i = 0; i < 20; ++i)
            requests += "GET small\r\n";
        client.send(requests);
        CHECK(client.read_to_end().empty());
    }
    SECTION("after a while") {
        // Requests beyond what the socket's buffers hold are not executed: what is left of one
        // reply is all that counts, be it little.
        REQUIRE(set_limit("normal 0 1 1"));
        client.send(many);
        CHECK(eventually(is_gone));
    }
    SECTION("but not if it takes them") {
        REQUIRE(set_limit("normal 0 100kb 1"));
        for (int i = 0; i < 5; ++i) {
            client.send("GET large\r\n");
            CHECK(client.read_reply().size() > 1'000'000);
            std::this_thread::sleep_for(600ms);
        }
        watched_client::answers(client);
    }
    SECTION("and a subscriber by the limit of its own") {
        REQUIRE(set_limit("normal 10kb 0 0"));
        client.command({"SUBSCRIBE", "c"});
        control.command({"PUBLISH", "c", std::string(100'000, 'x')});
        CHECK(client.read_reply().size() > 100'000);
    }
}

TEST_CASE("CLIENT LIST tells what a connection's buffers hold") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    raw_connection client = redis.connect();
    const std::string id = client.command({"CLIENT", "ID"}).text;
    const auto field = [&](const std::string& name) {
        const std::string line = control.command({"CLIENT", "LIST", "ID", id}).text;
        const std::size_t at = line.find(" " + name + "=");
        return at == std::string::npos ? -1 : std::stoll(line.substr(at + name.size() + 2));
    };
    const auto idle = field("tot-mem");
    CHECK(idle > 0);
    CHECK(field("qbuf") == 0);
    CHECK(field("oll") == 0);
    SECTION("a request that is cut") {
        const std::string cut = "*2\r\n$4\r\nECHO\r\n$1000\r\nabc";
        const auto size = static_cast<std::int64_t>(cut.size());
        client.send(cut);
        CHECK(eventually([&] { return field("qbuf") == size; }));
        CHECK(field("tot-mem") >= idle + size);
        client.send(std::string(997, 'x') + "\r\n");
        CHECK(client.read_reply().size() == 1009);
    }
    SECTION("replies that are not taken") {
        control.command({"SET", "large", std::string(30'000'000, 'x')});
        client.send("GET large\r\n");
        CHECK(eventually([&] { return field("obl") > 1'000'000; }));
        CHECK(field("oll") == 1);
        CHECK(field("omem") >= field("obl"));
        CHECK(field("tot-mem") > idle + 1'000'000);
        CHECK(client.read_reply().size() > 30'000'000);
    }
    SECTION("a transaction") {
        client.command({"MULTI"});
        client.command({"SET", "k", std::string(1000, 'x')});
        CHECK(field("multi-mem") > 1000);
        CHECK(field("tot-mem") == idle + field("multi-mem"));
        client.command({"DISCARD"});
    }
    SECTION("what is sent while it is blocked") {
        client.send("BLPOP q 0\r\n");
        REQUIRE(eventually([&] { return info(control, "blocked_clients") == 1; }));
        client.send("PING\r\n");
        CHECK(eventually([&] { return field("qbuf") == 6; }));
        control.command({"RPUSH", "q", "e"});
        client.read_reply();
        CHECK(client.read_reply() == "+PONG\r\n");
    }
    CHECK(eventually([&] { return field("tot-mem") == idle; }));
}
