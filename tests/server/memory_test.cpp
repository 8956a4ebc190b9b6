// The limit of memory between clients on several threads.
#include <spdlog/spdlog.h>
#include <string>
#include <thread>
#include <vector>

#include "server/support.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

void set(raw_connection& client, const std::string& name, const std::string& value) {
    REQUIRE(client.command({"CONFIG", "SET", name, value}).text == "OK");
}

long long number(const wire_value& reply) {
    return std::stoll(reply.text);
}

/// Sets maxmemory to so much more than is used now.
std::int64_t limit_to(raw_connection& client, std::int64_t more) {
    const std::int64_t limit = info(client, "used_memory") + more;
    set(client, "maxmemory", std::to_string(limit));
    return limit;
}

void fill(raw_connection& client, const std::string& prefix, int keys) {
    const std::string value(200, 'x');
    std::string all;
    for (int i = 0; i < keys; ++i)
        all += encode_request({"SET", prefix + std::to_string(i), value});
    client.send(all);
    int wrong = 0;
    for (int i = 0; i < keys; ++i)
        wrong += client.read_reply() != "+OK\r\n";
    CHECK(wrong == 0);
}

} // namespace

TEST_CASE("writers on several threads stay within the limit, and none is refused") {
    running_server redis{small(3)};
    raw_connection control = redis.connect();
    set(control, "maxmemory-policy", "allkeys-lru");
    std::vector<raw_connection> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(redis.connect());
    const std::int64_t limit = limit_to(control, 1'000'000);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < clients.size(); ++i)
        threads.emplace_back([&, i] { fill(clients[i], std::to_string(i) + ":", 10'000); });
    for (std::thread& each : threads)
        each.join();
    clients.clear();
    control.command({"PING"});
    // The buffers of those who are gone, and what one request adds.
    CHECK(eventually([&] { return info(control, "used_memory") <= limit; }));
    CHECK(info(control, "evicted_keys") > 30'000);
    CHECK(number(control.command({"DBSIZE"})) > 1000);
    CHECK(info(control, "used_memory_peak") < limit + 1'000'000);
}

TEST_CASE("a lower limit makes room without any request") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    fill(control, "k", 20'000);
    set(control, "maxmemory-policy", "allkeys-random");
    const std::int64_t used = info(control, "used_memory");
    limit_to(control, -(used / 2));
    CHECK(eventually([&] { return info(control, "used_memory") <= used / 2 + 1; }));
    CHECK(number(control.command({"DBSIZE"})) < 15'000);
    CHECK(eventually([&] { return info(control, "current_eviction_exceeded_time") == 0; }));
}

TEST_CASE("who has read a key, watches it, or is subscribed is told when it goes") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    raw_connection reader = redis.connect();
    raw_connection watcher = redis.connect();
    raw_connection subscriber = redis.connect();
    control.command({"SET", "k", "v"});
    reader.send(encode_request({"HELLO", "3"}));
    reader.read_reply();
    reader.command({"CLIENT", "TRACKING", "ON"});
    CHECK(reader.command({"GET", "k"}).text == "v");
    watcher.command({"WATCH", "k"});
    set(control, "notify-keyspace-events", "Ee");
    subscriber.command({"SUBSCRIBE", "__keyevent@0__:evicted"});
    set(control, "maxmemory-policy", "allkeys-lfu");
    set(control, "maxmemory", "1");
    CHECK(subscriber.read_reply() == encode_request({"message", "__keyevent@0__:evicted", "k"}));
    CHECK(reader.read_reply() == ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    set(control, "maxmemory", "0");
    watcher.command({"MULTI"});
    watcher.command({"PING"});
    CHECK(watcher.command({"EXEC"}).null);
}

TEST_CASE("a large value gives its memory back before the next key goes") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    for (int i = 0; i < 1000; ++i)
        control.command({"SADD", "large", std::string(1000, 'x') + std::to_string(i)});
    control.command({"SET", "k1", "v"});
    control.command({"SET", "k2", "v"});
    control.command({"EXPIRE", "large", "1000"});
    set(control, "maxmemory-policy", "volatile-ttl");
    limit_to(control, -500'000);
    CHECK(eventually([&] { return info(control, "evicted_keys") == 1; }));
    CHECK(number(control.command({"DBSIZE"})) == 2);
    CHECK(control.command({"SET", "k3", "v"}).text == "OK");
}

TEST_CASE("in a pause no key goes, and nothing is refused") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    control.command({"SET", "k", "v"});
    control.command({"CLIENT", "PAUSE", "100000", "WRITE"});
    set(control, "maxmemory-policy", "allkeys-random");
    set(control, "maxmemory", "1");
    CHECK(control.command({"GET", "k"}).text == "v");
    CHECK(info(control, "evicted_keys") == 0);
    control.command({"CLIENT", "UNPAUSE"});
    CHECK(eventually([&] { return info(control, "evicted_keys") == 1; }));
}

TEST_CASE("what FLUSHALL gives back costs no key") {
    running_server redis{small(2)};
    raw_connection client = redis.connect();
    set(client, "maxmemory-policy", "allkeys-random");
    limit_to(client, 12'000'000);
    std::string requests;
    for (int i = 0; i < 80'000; ++i)
        requests += encode_request({"SET", "key" + std::to_string(i), std::string(64, 'x')});
    for (int round = 0; round < 5; ++round) {
        client.send(requests);
        client.read_replies(80'000);
        REQUIRE(client.command({"DBSIZE"}).text == "80000");
        client.command({"FLUSHALL"}); // is freed in the background
    }
    CHECK(info(client, "evicted_keys") == 0);
}

TEST_CASE("what a client gives back that leaves costs no key") {
    running_server redis{small(2)};
    raw_connection control = redis.connect();
    control.command({"SET", "k", std::string(1'000'000, 'x')});
    set(control, "maxmemory-policy", "allkeys-random");
    limit_to(control, 8'000'000);
    const std::int64_t before = info(control, "used_memory");
    for (int round = 0; round < 5; ++round) {
        {
            raw_connection other = redis.connect();
            other.send("*2\r\n$3\r\nGET\r\n$4000000\r\n" + std::string(3'500'000, 'x'));
            REQUIRE(eventually([&] { return info(control, "used_memory") > before + 3'400'000; }));
        }
        REQUIRE(eventually([&] { return info(control, "connected_clients") == 1; }));
        for (int i = 0; i < 5; ++i)
            control.command({"SET", "other" + std::to_string(i), std::string(1'000'000, 'x')});
        REQUIRE(info(control, "evicted_keys") == 0);
        control.command({"DEL", "other0", "other1", "other2", "other3", "other4"});
    }
}
