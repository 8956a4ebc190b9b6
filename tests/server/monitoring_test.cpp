// MONITOR and SLOWLOG across threads: nothing is missing, nothing comes twice, and who does not
// read is cut off.
#include <map>
#include <spdlog/spdlog.h>
#include <string>
#include <thread>
#include <vector>

#include "server/support.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

} // namespace

TEST_CASE("a monitor sees every command once, those of one key in the order of their execution") {
    running_server redis{small(4)};
    raw_connection monitor = redis.connect();
    REQUIRE(monitor.command({"MONITOR"}).text == "OK");
    constexpr int clients = 4;
    constexpr int requests = 500;
    std::vector<std::vector<std::string>> replies(clients);
    std::vector<std::thread> sending;
    for (int i = 0; i < clients; ++i)
        sending.emplace_back([&, i] {
            raw_connection connection = redis.connect();
            std::string all;
            for (int n = 0; n < requests; ++n)
                all += encode_request({"APPEND", "log", std::to_string(i)});
            connection.send(all);
            replies[static_cast<std::size_t>(i)] = connection.read_replies(requests);
        });
    for (std::thread& each : sending)
        each.join();
    std::string seen;
    for (int n = 0; n < clients * requests; ++n) {
        const std::string line = monitor.read_reply();
        REQUIRE(line.find("\"APPEND\" \"log\" \"") != std::string::npos);
        seen += line[line.size() - 4];
    }
    raw_connection control = redis.connect();
    CHECK(control.command({"GET", "log"}).text == seen);
}

TEST_CASE("a monitor that does not read is disconnected, others are not") {
    running_server redis{small(2)};
    raw_connection monitor = redis.connect();
    raw_connection control = redis.connect();
    REQUIRE(
        control.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0"}).text ==
        "OK");
    REQUIRE(monitor.command({"MONITOR"}).text == "OK");
    const std::string large(100'000, 'x');
    CHECK(eventually([&] {
        control.command({"ECHO", large});
        return info(control, "connected_clients") == 1;
    }));
    CHECK(control.command({"PING"}).text == "PONG");
}

TEST_CASE("slow commands of all threads are in the slow log, and what stands beside them is not") {
    running_server redis{small(4)};
    raw_connection control = redis.connect();
    control.command({"CONFIG", "SET", "slowlog-log-slower-than", "20000"});
    constexpr int clients = 6;
    std::vector<raw_connection> all;
    for (int i = 0; i < clients; ++i) {
        all.push_back(redis.connect());
        // Among quick ones of the same pipeline
        all.back().send(encode_request({"PING"}) + encode_request({"DEBUG", "SLEEP", "0.03"}) +
                        encode_request({"PING"}));
    }
    for (raw_connection& each : all)
        each.read_replies(3);
    CHECK(control.command({"SLOWLOG", "LEN"}).text == std::to_string(clients));
    for (const wire_value& each : control.command({"SLOWLOG", "GET"}).elements)
        CHECK(each.elements.at(3).elements.at(0).text == "DEBUG");
}
