// The client for plain threads.
#include <asio/error.hpp>
#include <atomic>
#include <chrono>
#include <mini_redis/blocking_client.hpp>
#include <string>
#include <thread>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

template <class Call>
std::error_code error_of_call(Call call) {
    try {
        call();
    } catch (const std::system_error& error) {
        return error.code();
    }
    return {};
}

} // namespace

TEST_CASE("a plain thread makes every call") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));
        auto c = blocking_client::connect(address_of(server));
        CHECK(c.is_open());
        CHECK(c.protocol() == protocol_version::resp3);
        CHECK(c.ping() == "PONG");
        CHECK(c.ping("hello") == "hello");
        CHECK(c.set("key", "value", {.ttl = 60s}));
        CHECK_FALSE(c.set("key", "value", {.condition = set_condition::if_absent}));
        CHECK(c.get("key") == "value");
        CHECK(c.get("absent") == std::nullopt);
        CHECK(c.send("INCRBY", "n", 5) == frame::integer(5));
        CHECK(c.send("INCR", "key").is_error());
        CHECK(c.del("key", "n", "absent") == 2);
        CHECK(c.publish("channel", "message") == 0);

        auto s = c.subscribe({"channel"});
        CHECK(c.ping() == "PONG"); // it has its own connection
        CHECK(error_of_call([&] { s.next(10ms); }) == errc::timed_out);
        auto publisher = blocking_client::connect(address_of(server));
        CHECK(publisher.publish("channel", "message") == 1);
        CHECK(s.next()->payload == "message");
        s.psubscribe({"p*"});
        CHECK(s.channels() == std::vector<std::string>{"channel"});
        CHECK(s.patterns() == std::vector<std::string>{"p*"});
        CHECK(publisher.publish("pattern", "by pattern") == 1);
        CHECK(s.next(10s)->pattern == "p*");
        CHECK(publisher.publish("channel", "one") == 1);
        CHECK(publisher.publish("channel", "two") == 1);
        CHECK(s.next(std::chrono::milliseconds::max())->payload == "one");
        std::optional<message> two; // it is on its way, or there: zero takes what is there
        while (!two)
            if (error_of_call([&] { two = s.next(0ms); }) != errc::timed_out) break;
        REQUIRE(two);
        CHECK(two->payload == "two");
        s.unsubscribe();
        s.punsubscribe();
        CHECK(publisher.publish("channel", "message") == 0);
    }
}

TEST_CASE("each thread has its own") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = redis_process::start_redis();
    std::vector<std::thread> threads;
    std::atomic<int> right{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            auto c = blocking_client::connect(address_of(server));
            for (int i = 0; i < 100; ++i) {
                const std::string key = std::to_string(t) + ":" + std::to_string(i);
                c.set(key, key);
                if (c.get(key) == key) ++right;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(right == 400);
}

TEST_CASE("blocking calls end in time") {
    asio::io_context context;
    scripted_server server{context.get_executor()}; // the kernel accepts, and nobody answers
    connect_options options = quiet();
    options.call_timeout = 30ms;
    auto c = blocking_client::connect(server.address(), options);
    CHECK(error_of_call([&] { c.ping(); }) == errc::timed_out);
    CHECK(c.is_open());
    CHECK(error_of_call([&] { c.get("key"); }) == errc::timed_out);
    c.close();
    CHECK(error_of_call([&] { c.ping(); }) == errc::client_closed);
    const std::string nobody = "127.0.0.1:" + std::to_string(find_free_port());
    CHECK(error_of_call([&] { blocking_client::connect(nobody); }) ==
          asio::error::connection_refused);
}

TEST_CASE("a plain thread looks rather than catches") {
    const redis_process server = start(server_kind::mini_redis);
    const std::string nobody = "127.0.0.1:" + std::to_string(find_free_port());
    const auto refused = blocking_client::connect(nobody, as_result);
    CHECK(refused.error().code() == asio::error::connection_refused);
    auto connected = blocking_client::connect(address_of(server), as_result);
    REQUIRE(connected);
    blocking_client& c = *connected;
    c.set("text", "text");

    auto subscribed = c.subscribe("news", "sports", as_result);
    REQUIRE(subscribed);
    blocking_subscriber& news = *subscribed;
    CHECK(news.psubscribe("p*", as_result));
    CHECK(news.next(1ms, as_result).error().code() == errc::timed_out);
    CHECK_FALSE(news.try_next());
    c.publish("news", "one");
    CHECK(news.next(as_result).value()->payload == "one");
    CHECK(news.unsubscribe("news", as_result));
    CHECK(news.channels() == std::vector<std::string>{"sports"});
    news.unsubscribe();
    c.publish("pattern", "two");
    std::optional<message> got;
    while (!got)
        got = news.try_next();
    CHECK(got->payload == "two");
    news.close();
    CHECK_FALSE(news.next());

    auto scan = c.scan();
    CHECK(scan.next(as_result).value() == "text");
    const auto read = [](watching_client<blocking_client>& t) { return t.get("text"); };
    const auto fail = [](auto multi, const auto&) { return multi.incr("text"); };
    const auto failed = c.transaction({"text"}, read, fail, as_result);
    CHECK(failed.error().code() == errc::error_reply);

    const blocking_client moved = std::move(c);
    CHECK(c.get("text", as_result).error().code() == errc::client_closed);
    CHECK(c.subscribe("news", as_result).error().code() == errc::client_closed);
    CHECK(c.transaction({"text"}, read, fail, as_result).error().code() == errc::client_closed);
}
