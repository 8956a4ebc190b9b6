// The snippets of docs/client.md that are no example's.
#include <asio/use_future.hpp>
#include <future>
#include <map>

#include "surroundings.hpp"

using namespace snippets;

#include "docs/client.md.2"

namespace on_io_context {

#include "docs/client.md.9"

} // namespace on_io_context

TEST_CASE("client.md: replies are values") {
    with_client([](client& c) -> asio::awaitable<void> {
#include "docs/client.md.1"
        CHECK(all == scores{{"Ada", 3}, {"Bob", 1.5}});
        CHECK(visits == std::nullopt);
    });
    with_client([](client& c) -> asio::awaitable<void> {
#include "docs/client.md.3"
        CHECK(ada.name == "Ada");
        CHECK(ada.age == 36);
    });
}

TEST_CASE("client.md: what may have run") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("name", "Ada");
#include "docs/client.md.5"
        CHECK(name == "Ada");
        c.close();
#include "docs/client.md.4"
        CHECK(take_printed() == "try again\n");
    });
}

TEST_CASE("client.md: several commands in one go") {
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("done", "no list");
#include "docs/client.md.6"
        CHECK(visits == 1);
        CHECK(name == std::nullopt);
        CHECK_FALSE(length);
        CHECK(take_printed().starts_with("WRONGTYPE"));
    });
    with_client([](client& c) -> asio::awaitable<void> {
        co_await c.set("stock", 10);
#include "docs/client.md.7"
        CHECK(was_set);
        CHECK(left == "5");
    });
}

TEST_CASE("client.md: any token, any executor") {
    with_client([](client& c) -> asio::awaitable<void> {
#include "docs/client.md.8"
        CHECK_FALSE(failed);
        CHECK(visits == 3);
        CHECK(take_printed() == "1\n");
        CHECK(later.get() == 2);
    });
    with_servers("PING", [] {
        asio::io_context context{1};
        std::exception_ptr failure;
        asio::co_spawn(context, on_io_context::greet(address),
                       [&](std::exception_ptr thrown) { failure = std::move(thrown); });
        context.run();
        CHECK_FALSE(failure);
        CHECK(blocking_client::connect(address).get("greeting") == "hello");
    });
}

namespace snippets::connecting {

TEST_CASE("client.md: without coroutines") {
    with_servers("PING", [] {
#include "docs/client.md.10"
        CHECK(greeting == "hello");
        CHECK_FALSE(sum);
        CHECK(length == 5);
        CHECK(visits == 1);
    });
}

TEST_CASE("client.md: looking inside") {
    with_servers("PING", [] {
        run([]() -> asio::awaitable<void> {
#include "docs/client.md.11"
            CHECK(reconnects == 0);
            co_await c.set("text", "text");
            const auto sum = co_await c.incr("text", as_result);
            CHECK_FALSE(sum);
            CHECK(take_printed() == "INCR failed: ERR value is not an integer or out of range\n");
            client_filter own;
            own.id = co_await c.client_id();
            own.skip_me = false;
            co_await c.client_kill(own);
            co_await until([&] { return c.counters().reconnects == 1; });
            CHECK(take_printed().starts_with("lost the connection to"));
        });
    });
}

TEST_CASE("client.md: when the server goes away") {
    with_servers("PING", [] {
        run([]() -> asio::awaitable<void> {
#include "docs/client.md.12"
            CHECK(cached);
            CHECK(take_printed().empty());
        });
    });
}

TEST_CASE("client.md: TLS") {
    with_servers("PING", [] {
        std::string trouble;
        try {
            run([]() -> asio::awaitable<void> {
#include "docs/client.md.13"
            });
        } catch (const std::system_error& error) {
            trouble = error.what();
        }
        INFO(trouble);
        const bool is_without_tls = trouble.ends_with("the library was built without it");
        CHECK((is_without_tls || trouble.find("No such file") != std::string::npos));
    });
}

} // namespace snippets::connecting
