// Clients that wait for elements, on several threads: who is served first, and that nothing is lost
// when they leave, time out, or are served by a transaction.
#include <algorithm>
#include <atomic>
#include <set>
#include <spdlog/spdlog.h>
#include <string>
#include <thread>
#include <vector>

#include "server/support.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

bool are_blocked(raw_connection& watcher, std::int64_t count) {
    return eventually([&] { return info(watcher, "blocked_clients") == count; });
}

} // namespace

TEST_CASE("blocked clients are served in the order in which they came, across threads") {
    running_server redis{small(4)};
    raw_connection pusher = redis.connect();
    constexpr int clients = 12;
    std::vector<raw_connection> waiting;
    for (int i = 0; i < clients; ++i) {
        waiting.push_back(redis.connect());
        waiting.back().send(encode_request({i % 2 == 0 ? "BLPOP" : "BRPOP", "q", "0"}));
        REQUIRE(are_blocked(pusher, i + 1));
    }
    SECTION("by single pushes") {
        for (int i = 0; i < clients; ++i)
            CHECK(pusher.command({"RPUSH", "q", std::to_string(i)}).text == "1");
    }
    SECTION("by a transaction") {
        pusher.command({"MULTI"});
        for (int i = 0; i < clients; ++i)
            pusher.command({"RPUSH", "q", std::to_string(i)});
        CHECK(pusher.command({"EXEC"}).elements.size() == clients);
    }
    // A transaction's elements are all there when the first is served, so that odd clients, who
    // take from the tail, get the last ones.
    std::set<std::string> got;
    for (int i = 0; i < clients; ++i)
        got.insert(
            parse_reply(waiting[static_cast<std::size_t>(i)].read_reply()).elements.at(1).text);
    CHECK(got.size() == clients);
    CHECK(pusher.command({"EXISTS", "q"}).text == "0");
    CHECK(are_blocked(pusher, 0));
}

TEST_CASE("a client that is blocked on several keys is served once") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection waiting = redis.connect();
    waiting.send(encode_request({"BLPOP", "a", "b", "c", "a", "0"}));
    REQUIRE(are_blocked(pusher, 1));
    CHECK(pusher.command({"RPUSH", "b", "1", "2"}).text == "2");
    CHECK(parse_reply(waiting.read_reply()).elements.at(1).text == "1");
    CHECK(pusher.command({"RPUSH", "a", "3"}).text == "1");
    CHECK(pusher.command({"LLEN", "a"}).text == "1");
    CHECK(pusher.command({"LLEN", "b"}).text == "1");
    CHECK(waiting.unread().empty());
}

TEST_CASE("a blocked client that leaves takes nothing") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    {
        raw_connection leaving = redis.connect();
        leaving.send(encode_request({"BLPOP", "q", "0"}));
        REQUIRE(are_blocked(pusher, 1));
    }
    REQUIRE(are_blocked(pusher, 0));
    CHECK(pusher.command({"RPUSH", "q", "kept"}).text == "1");
    CHECK(pusher.command({"LRANGE", "q", "0", "-1"}).elements.size() == 1);
}

TEST_CASE("what a blocked client sends meanwhile is executed afterwards") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection waiting = redis.connect();
    waiting.send(encode_request({"BLPOP", "q", "0"}) + encode_request({"SET", "x", "1"}));
    REQUIRE(are_blocked(pusher, 1));
    waiting.send(encode_request({"GET", "x"}));
    CHECK(pusher.command({"GET", "x"}).null);
    pusher.command({"RPUSH", "q", "e"});
    CHECK(parse_reply(waiting.read_reply()).elements.at(1).text == "e");
    CHECK(parse_reply(waiting.read_reply()).text == "OK");
    CHECK(parse_reply(waiting.read_reply()).text == "1");
}

TEST_CASE("blocked clients do not keep the server from stopping") {
    running_server redis{small(2)};
    raw_connection watcher = redis.connect();
    raw_connection waiting = redis.connect();
    waiting.send(encode_request({"BLPOP", "q", "0"}));
    REQUIRE(are_blocked(watcher, 1));
    const auto start = std::chrono::steady_clock::now();
    redis.stop();
    CHECK(std::chrono::steady_clock::now() - start < 4s);
    CHECK(waiting.read_to_end().empty());
}

TEST_CASE("CLIENT UNBLOCK and CLIENT KILL end a wait") {
    running_server redis{small(2)};
    raw_connection other = redis.connect();
    raw_connection waiting = redis.connect();
    const std::string id = waiting.command({"CLIENT", "ID"}).text;
    CHECK(other.command({"CLIENT", "UNBLOCK", id}).text == "0");
    waiting.send(encode_request({"BLPOP", "q", "0"}));
    REQUIRE(are_blocked(other, 1));
    CHECK(other.command({"CLIENT", "UNBLOCK", id}).text == "1");
    CHECK(waiting.read_reply() == "*-1\r\n");
    waiting.send(encode_request({"BLMOVE", "q", "p", "LEFT", "LEFT", "0"}));
    REQUIRE(are_blocked(other, 1));
    CHECK(other.command({"CLIENT", "UNBLOCK", id, "ERROR"}).text == "1");
    CHECK(waiting.read_reply() == "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    waiting.send(encode_request({"BLPOP", "q", "0"}));
    REQUIRE(are_blocked(other, 1));
    CHECK(other.command({"CLIENT", "KILL", "ID", id}).text == "1");
    CHECK(waiting.read_to_end().empty());
    CHECK(are_blocked(other, 0));
    other.command({"RPUSH", "q", "kept"});
    CHECK(other.command({"LLEN", "q"}).text == "1");
}

// Elements go round between lists by blocking moves, while others push, pop and time out: in the
// end each element is somewhere, once.
TEST_CASE("no element is lost or doubled under concurrent blocking moves") {
    running_server redis{small(4)};
    constexpr int movers = 6;
    constexpr int elements = 2'000;
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < movers; ++i)
        threads.emplace_back([&, i] {
            raw_connection connection = redis.connect();
            const std::string from = "list:" + std::to_string(i % 3);
            const std::string to = i < 3 ? "list:" + std::to_string((i + 1) % 3) : "out";
            while (!done) {
                if (i % 2 == 0)
                    connection.command({"BLMOVE", from, to, "LEFT", "RIGHT", "0.01"});
                else
                    connection.command({"BRPOPLPUSH", from, to, "0.01"});
            }
        });
    threads.emplace_back([&] { // leaves while it waits, again and again
        while (!done) {
            raw_connection connection = redis.connect();
            connection.send(encode_request({"BLMOVE", "list:9", "out", "LEFT", "LEFT", "0"}));
        }
    });
    raw_connection pusher = redis.connect();
    for (int i = 0; i < elements; ++i)
        pusher.command({"RPUSH", "list:" + std::to_string(i % 3), std::to_string(i)});
    CHECK(eventually([&] {
        return pusher.command({"LLEN", "out"}).text == std::to_string(elements);
    }));
    done = true;
    for (std::thread& each : threads)
        each.join();
    std::set<std::string> seen;
    for (const wire_value& each : pusher.command({"LRANGE", "out", "0", "-1"}).elements)
        seen.insert(each.text);
    CHECK(seen.size() == elements);
}

TEST_CASE("an element that goes round in a circle serves who waits where it began") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection there = redis.connect();
    raw_connection back = redis.connect();
    raw_connection last = redis.connect();
    there.send(encode_request({"BLMOVE", "a", "b", "LEFT", "LEFT", "0"}));
    REQUIRE(are_blocked(pusher, 1));
    back.send(encode_request({"BLMOVE", "b", "a", "LEFT", "LEFT", "0"}));
    REQUIRE(are_blocked(pusher, 2));
    last.send(encode_request({"BLPOP", "a", "10"}));
    REQUIRE(are_blocked(pusher, 3));
    pusher.command({"RPUSH", "a", "e"});
    const wire_value reply = parse_reply(last.read_reply());
    REQUIRE(reply.elements.size() == 2);
    CHECK(reply.elements[1].text == "e");
    CHECK(are_blocked(pusher, 0));
}

// The reply before it fills the connection, so that the session still waits to send when the
// blocked command is served. How much a connection takes differs: hence all these lengths.
TEST_CASE("a command may be served before the replies ahead of it were taken") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    pusher.command({"SET", "big", std::string(60'000, 'x')});
    const std::string get = encode_request({"GET", "big"});
    std::string ahead;
    for (int pairs = 0; pairs < 60; ++pairs, ahead += get + get) {
        raw_connection waiting = redis.connect();
        waiting.send(ahead + get + encode_request({"BLPOP", "q", "0"}));
        bool blocked = false;
        for (int i = 0; i < 500 && !blocked; ++i, std::this_thread::sleep_for(1ms))
            blocked = info(pusher, "blocked_clients") == 1;
        if (!blocked) break; // from here on it waits to send before it comes to that command
        pusher.command({"RPUSH", "q", "e"});
        REQUIRE(eventually([&] { return pusher.command({"EXISTS", "q"}).text == "0"; }));
        for (int i = 0; i < 2 * pairs + 1; ++i)
            REQUIRE(waiting.read_reply().size() > 60'000);
        REQUIRE(parse_reply(waiting.read_reply()).elements.at(1).text == "e");
        REQUIRE(waiting.command({"PING"}).text == "PONG");
    }
}

TEST_CASE("a blocked client that has sent far ahead is seen to leave") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    {
        raw_connection leaving = redis.connect();
        leaving.send(encode_request({"BLPOP", "q", "0"}));
        REQUIRE(are_blocked(pusher, 1));
        const std::string echo = encode_request({"ECHO", std::string(1000, 'x')});
        std::string ahead;
        while (ahead.size() < 4 * 1024 * 1024)
            ahead += echo;
        leaving.send(ahead);
    }
    CHECK(are_blocked(pusher, 0));
    pusher.command({"RPUSH", "q", "kept"});
    CHECK(pusher.command({"LLEN", "q"}).text == "1");
}

TEST_CASE("a blocked client that sends more than client-query-buffer-limit is disconnected") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    pusher.command({"CONFIG", "SET", "client-query-buffer-limit", "1mb"});
    raw_connection waiting = redis.connect();
    waiting.send(encode_request({"BLPOP", "q", "0"}));
    REQUIRE(are_blocked(pusher, 1));
    try {
        waiting.send(encode_request({"ECHO", std::string(900'000, 'x')}) +
                     encode_request({"ECHO", std::string(900'000, 'x')}));
    } catch (const std::system_error&) { // it may be gone before it has sent all
    }
    CHECK(are_blocked(pusher, 0));
}

TEST_CASE("a time-out of centuries is none of this moment") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection waiting = redis.connect();
    waiting.send(encode_request({"BLPOP", "q", "9000000000000"}));
    REQUIRE(are_blocked(pusher, 1));
    std::this_thread::sleep_for(50ms);
    CHECK(are_blocked(pusher, 1));
    pusher.command({"RPUSH", "q", "e"});
    const wire_value reply = parse_reply(waiting.read_reply());
    REQUIRE(reply.elements.size() == 2);
    CHECK(reply.elements[1].text == "e");
}

TEST_CASE("CLIENT REPLY SKIP holds for a command that has to wait") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection waiting = redis.connect();
    waiting.send(encode_request({"CLIENT", "REPLY", "SKIP"}) + encode_request({"BLPOP", "q", "0"}));
    REQUIRE(are_blocked(pusher, 1));
    pusher.command({"RPUSH", "q", "e"});
    CHECK(waiting.command({"PING"}).text == "PONG");
    CHECK(pusher.command({"EXISTS", "q"}).text == "0");
}

TEST_CASE("a blocked client is not idle") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection waiting = redis.connect();
    pusher.command({"CONFIG", "SET", "timeout", "1"});
    waiting.send(encode_request({"BLPOP", "q", "0"}));
    for (int i = 0; i < 16; ++i) {
        std::this_thread::sleep_for(250ms);
        pusher.command({"PING"});
    }
    CHECK(are_blocked(pusher, 1));
    pusher.command({"RPUSH", "q", "e"});
    CHECK(parse_reply(waiting.read_reply()).elements.at(1).text == "e");
}

TEST_CASE("to wait for very many keys takes no longer than to look at them") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    raw_connection waiting = redis.connect();
    constexpr std::size_t keys = 100'000;
    std::vector<std::string> words{"BLPOP"};
    for (std::size_t i = 0; i < keys; ++i)
        words.push_back("key:" + std::to_string(i));
    words.push_back("0");
    std::string request = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words)
        request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    const auto start = std::chrono::steady_clock::now();
    waiting.send(request);
    REQUIRE(are_blocked(pusher, 1));
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    pusher.command({"RPUSH", "key:99999", "e"});
    CHECK(parse_reply(waiting.read_reply()).elements.at(0).text == "key:99999");
}

// What a push has to lock follows from those who wait for its own keys: a chain of moves, and moves
// in a circle, among thousands that wait for something else.
TEST_CASE("a push serves a chain of moves whoever else is waiting") {
    running_server redis{small(2)};
    raw_connection pusher = redis.connect();
    std::vector<raw_connection> others;
    constexpr int idle = 200;
    for (int i = 0; i < idle; ++i) {
        others.push_back(redis.connect());
        const std::string n = std::to_string(i);
        others.back().send(encode_request(
            {"BLMOVE", "from:" + n, i % 2 == 0 ? "a" : "to:" + n, "LEFT", "LEFT", "0"}));
    }
    REQUIRE(are_blocked(pusher, idle));
    std::vector<raw_connection> chain;
    const std::vector<std::string> keys{"a", "b", "c", "d", "a"};
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
        chain.push_back(redis.connect());
        chain.back().send(encode_request({"BLMOVE", keys[i], keys[i + 1], "LEFT", "LEFT", "0"}));
        REQUIRE(are_blocked(pusher, idle + static_cast<std::int64_t>(i) + 1));
    }
    SECTION("by a push") {
        CHECK(pusher.command({"RPUSH", "a", "e"}).text == "1");
    }
    SECTION("by a transaction") {
        pusher.command({"MULTI"});
        pusher.command({"RPUSH", "a", "e"});
        CHECK(pusher.command({"EXEC"}).elements.size() == 1);
    }
    SECTION("by a move from elsewhere") {
        pusher.command({"RPUSH", "from:0", "e"}); // serves the first of those who wait
    }
    for (raw_connection& each : chain)
        CHECK(parse_reply(each.read_reply()).text == "e");
    CHECK(pusher.command({"LRANGE", "a", "0", "-1"}).elements.size() == 1);
    CHECK(pusher.command({"EXISTS", "b", "c", "d"}).text == "0");
}

// As above, while others end the waits and the connections, also within transactions that bring an
// element: whoever is killed or unblocked takes nothing, and nobody stays blocked.
TEST_CASE("no element is lost when waiting clients are killed and unblocked") {
    running_server redis{small(4)};
    constexpr int movers = 6;
    constexpr int elements = 20;
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    const auto list = [](int i) { return "list:" + std::to_string(i % 3); };
    for (int i = 0; i < movers; ++i)
        threads.emplace_back([&, i] {
            while (!done) {
                try {
                    raw_connection connection = redis.connect();
                    const char* const limit = i % 2 == 0 ? "0.002" : "0";
                    while (!done)
                        connection.command({"BLMOVE", list(i), list(i + 1), "LEFT", "LEFT", limit});
                } catch (const std::exception&) { // it was killed
                }
            }
        });
    raw_connection control = redis.connect();
    const std::string own = control.command({"CLIENT", "ID"}).text;
    for (int i = 0; i < elements; ++i)
        control.command({"RPUSH", list(i), std::to_string(i)});
    for (int round = 0; round < 1000; ++round) {
        const std::string clients = control.command({"CLIENT", "LIST"}).text;
        const std::uint64_t last = std::stoull(clients.substr(clients.rfind("id=") + 3));
        const std::string id = std::to_string(last - static_cast<std::uint64_t>(round % movers));
        if (id == own) continue;
        control.command({"MULTI"});
        control.command({"LMOVE", list(round), list(round + 1), "LEFT", "RIGHT"});
        if (round % 4 == 0)
            control.command({"CLIENT", "KILL", "ID", id});
        else
            control.command({"CLIENT", "UNBLOCK", id, round % 2 == 0 ? "TIMEOUT" : "ERROR"});
        control.command({"LMOVE", list(round + 1), list(round + 2), "LEFT", "RIGHT"});
        CHECK(control.command({"EXEC"}).elements.size() == 3);
    }
    done = true;
    // Who waits for ever goes on until it sees the end.
    CHECK(eventually([&] {
        control.command({"CLIENT", "KILL", "TYPE", "normal"});
        return info(control, "connected_clients") == 1 && info(control, "blocked_clients") == 0;
    }));
    for (std::thread& each : threads)
        each.join();
    std::multiset<std::string> seen;
    for (int i = 0; i < 3; ++i)
        for (const wire_value& each : control.command({"LRANGE", list(i), "0", "-1"}).elements)
            seen.insert(each.text);
    CHECK(seen.size() == elements);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == elements);
}

TEST_CASE("a blocked command that ends with an error has failed") {
    running_server redis{small(2)};
    raw_connection client = redis.connect();
    raw_connection other = redis.connect();
    other.command({"XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"});
    client.send(
        encode_request({"XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"}));
    REQUIRE(eventually([&] { return info(other, "blocked_clients") == 1; }));
    other.command({"XGROUP", "DESTROY", "s", "g"});
    CHECK(client.read_reply().starts_with("-NOGROUP"));
    const std::string counted = other.command({"INFO", "commandstats"}).text;
    CHECK(counted.find("cmdstat_xreadgroup:calls=1,") != std::string::npos);
    const std::size_t at = counted.find("cmdstat_xreadgroup");
    CHECK(counted.find("rejected_calls=0,failed_calls=1\r\n", at) < counted.find('\n', at));
}
