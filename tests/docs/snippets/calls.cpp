// The snippets of the client's headers, but those of its commands.
#include <map>
#include <memory>
#include <mini_redis/script.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "surroundings.hpp"

#include "mini_redis/from_reply.hpp.1"

using namespace snippets;

TEST_CASE("as_result.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("key", "text");
#include "mini_redis/as_result.hpp.1"
        CHECK(value.value() == "text");
        co_await until([] { return !printed.empty(); });
        CHECK(take_printed() == "1\n");
    });
}

TEST_CASE("blocking_client.hpp: subscriber") {
    with_servers("PING", [] {
        connect_options options;
        options.reconnect = false;
        auto c = blocking_client::connect(address, options);
        std::thread other{[] { publish_and_hang_up("news", "good"); }};
#include "mini_redis/blocking_client.hpp.2"
        other.join();
        CHECK(take_printed() == "good\n");
    });
}

// As in OpenTelemetry's API.
enum class StatusCode { kUnset, kOk, kError };

struct span_of_test {
    void SetStatus(StatusCode /*code*/, const std::string& text) { print(text); }

    void End() { print("end"); }
};

struct tracer_of_test {
    std::shared_ptr<span_of_test> StartSpan(const std::string& name) {
        print(name);
        return std::make_shared<span_of_test>();
    }
};

TEST_CASE("call_hook.hpp") {
    with_servers("PING", [] {
        const auto tracer = std::make_shared<tracer_of_test>();
        connect_options options;
#include "mini_redis/call_hook.hpp.1"
        auto c = blocking_client::connect(address, options);
        c.set("key", "no number");
        CHECK_FALSE(c.incr("key", as_result));
        CHECK(take_printed() ==
              "SET\nend\nINCR\nERR value is not an integer or out of range\nend\n");
    });
    with_servers("PING", [] {
        std::ostringstream log;
        const auto before = spdlog::default_logger();
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(
            "snippet", std::make_shared<spdlog::sinks::ostream_sink_st>(log)));
        spdlog::set_level(spdlog::level::debug);
        connect_options options;
#include "mini_redis/call_hook.hpp.2"
        auto c = blocking_client::connect(address, options);
        spdlog::set_default_logger(before);
        CHECK(log.str().find("connected to") != std::string::npos);
    });
}

TEST_CASE("client.hpp: subscribe") {
    with_client([](client& c) -> asio::awaitable<void> {
#include "mini_redis/client.hpp.2"
        CHECK(news.channels() == std::vector<std::string>{"news", "sports"});
    });
}

TEST_CASE("command_line.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        const std::vector<std::string> jobs{"a", "b"};
#include "mini_redis/command_line.hpp.1"
        CHECK(length.as_integer() == 4);
    });
}

TEST_CASE("from_reply.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.rpush("point", 1.5, 2);
        const auto [x, y] = co_await c.lrange<point>("point", 0, -1);
        CHECK(x == 1.5);
        CHECK(y == 2);
    });
}

TEST_CASE("key_names.hpp") {
    with_client("EVAL", [](client& c) -> asio::awaitable<void> {
        const script count_both{"return #KEYS"};
        const std::vector<std::string> partial_totals{"a", "b"};
#include "mini_redis/key_names.hpp.1"
        CHECK(all.size() == 3);
    });
}

TEST_CASE("pipeline.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
#include "mini_redis/pipeline.hpp.1"
        CHECK(name == std::nullopt);
        CHECK(visits == 1);
    });
}

TEST_CASE("pipeline.hpp: of one type") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("one", "1");
        const std::vector<std::string> keys{"one", "absent"};
#include "mini_redis/pipeline.hpp.2"
        CHECK(values == std::vector<std::optional<std::string>>{"1", std::nullopt});
    });
}

TEST_CASE("reply_view.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.rpush("list", "one", "three");
        const auto sum = [](const reply_view& reply) {
            std::size_t total = 0;
#include "mini_redis/reply_view.hpp.1"
            return total;
        };
        const std::size_t size = co_await c.read_in_place(sum, "LRANGE", "list", 0, -1);
        CHECK(size == 8);
    });
}

TEST_CASE("result.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        const std::string key = "key";
        const auto log = [](const std::string& text) { print(text); };
#include "mini_redis/result.hpp.1"
        CHECK(r.value() == "none");
    });
}

TEST_CASE("scan.hpp") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.mset("user:1", "Ada", "other", "");
#include "mini_redis/scan.hpp.1"
        CHECK(take_printed() == "user:1\n");
    });
}

TEST_CASE("script.hpp") {
    with_client("EVAL", [](client& c) -> asio::awaitable<void> {
#include "mini_redis/script.hpp.1"
        co_await c.set("lock", "token");
        const bool wrong = co_await c.eval<bool>(compare_and_delete, "lock", "other");
        CHECK_FALSE(wrong);
        const bool right = co_await c.eval<bool>(compare_and_delete, "lock", "token");
        CHECK(right);
    });
}

TEST_CASE("subscriber.hpp") {
    with_servers("PING", [] {
        run([]() -> asio::awaitable<void> {
            connect_options options;
            options.reconnect = false;
            client c = co_await client::connect(address, options);
            std::thread other{[] { publish_and_hang_up("news", "good"); }};
#include "mini_redis/subscriber.hpp.1"
            other.join();
            CHECK(take_printed() == "good\n");
        });
    });
    with_client([](client& c) -> asio::awaitable<void> {
        subscriber news = co_await c.subscribe("news");
#include "mini_redis/subscriber.hpp.2"
        CHECK(news.channels() == std::vector<std::string>{"news", "sports", "weather"});
    });
}

namespace snippets::connecting {

TEST_CASE("blocking_client.hpp") {
    with_servers("PING", [] {
#include "mini_redis/blocking_client.hpp.1"
        CHECK(greeting == "hello");
    });
}

TEST_CASE("client.hpp") {
    with_servers("PING", [] {
        run([]() -> asio::awaitable<void> {
#include "mini_redis/client.hpp.1"
            CHECK(greeting == "hello");
            CHECK(length == 3);
        });
    });
}

TEST_CASE("connect_options.hpp") {
    with_servers("PING", [] {
        run([]() -> asio::awaitable<void> {
#include "mini_redis/connect_options.hpp.1"
            const auto name = co_await c.client_getname();
            CHECK(name == "worker");
        });
    });
}

} // namespace snippets::connecting
