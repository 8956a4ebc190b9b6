// One connection, many coroutines: every reply finds its caller, in few writes.
#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <mini_redis/client.hpp>
#include <string>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

// Each value carries its key, so that a reply that went to the wrong caller is noticed.
asio::awaitable<void> work(client& c, int worker, int calls, int& done) {
    for (int i = 0; i < calls; ++i) {
        const std::string key = "key:" + std::to_string(worker) + ":" + std::to_string(i);
        const std::string value = "value of " + key + std::string(static_cast<std::size_t>(i), '.');
        if (!co_await c.set(key, value)) throw std::runtime_error("not set: " + key);
        const std::optional<std::string> back = co_await c.get(key);
        if (back != value) throw std::runtime_error("a wrong reply for " + key);
    }
    ++done;
}

} // namespace

TEST_CASE("a hundred coroutines share a client") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client c = co_await client::connect(address_of(server));
            int done = 0;
            for (int worker = 0; worker < 100; ++worker)
                spawn(executor, work(c, worker, 50, done));
            co_await until([&] { return done == 100; });
        });
    }
}

TEST_CASE("what is asked in one turn is written at once") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();

        int done = 0;
        constexpr int callers = 50;
        for (int i = 0; i < callers; ++i) {
            spawn(executor, [](client& to, int number, int& counter) -> asio::awaitable<void> {
                const std::string reply = co_await to.ping(std::to_string(number));
                if (reply != "reply " + std::to_string(number))
                    throw std::runtime_error("a wrong reply: " + reply);
                ++counter;
            }(c, i, done));
        }
        // One read sees them all. (It could see less if the kernel cut them; it does not here.)
        std::array<char, 65536> buffer;
        const std::size_t size =
            co_await peer.async_read_some(asio::buffer(buffer), asio::use_awaitable);
        const std::string_view requests{buffer.data(), size};
        CHECK(std::count(requests.begin(), requests.end(), '*') == callers);

        std::string replies;
        for (int i = 0; i < callers; ++i)
            replies += "+reply " + std::to_string(i) + "\r\n";
        co_await write(peer, replies);
        co_await until([&] { return done == callers; });
    });
}

TEST_CASE("replies may be cut anywhere") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        peer.set_option(asio::ip::tcp::no_delay{true});

        int done = 0;
        spawn(executor, [](client& to, int& counter) -> asio::awaitable<void> {
            const std::optional<std::string> value = co_await to.get("key");
            CHECK(value == "a\r\nvalue");
            frame reply = co_await to.send("LRANGE", "list", 0, -1);
            CHECK(reply.elements().size() == 2);
            ++counter;
        }(c, done));
        const std::string replies = "$8\r\na\r\nvalue\r\n*2\r\n$1\r\nx\r\n:5\r\n";
        for (const char byte : replies)
            co_await write(peer, std::string(1, byte));
        co_await until([&] { return done == 1; });
    });
}

TEST_CASE("a peer that reads slowly gets everything in order") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();

        // More than the sockets' buffers hold, in several calls while the first is being sent.
        const std::string large(2'000'000, 'x');
        int done = 0;
        for (int i = 0; i < 4; ++i) {
            spawn(executor,
                  [](client& to, const std::string& value, int number,
                     int& counter) -> asio::awaitable<void> {
                      const std::string key = "key" + std::to_string(number);
                      bool was_set = co_await to.set(key, value);
                      CHECK(was_set);
                      ++counter;
                  }(c, large, i, done));
            co_await asio::post(executor, asio::use_awaitable);
        }
        const std::string received =
            co_await read_until(peer, "key3\r\n$2000000\r\n" + large + "\r\n");
        std::string expected;
        for (int i = 0; i < 4; ++i)
            expected += "*3\r\n$3\r\nSET\r\n$4\r\nkey" + std::to_string(i) + "\r\n$2000000\r\n" +
                        large + "\r\n";
        CHECK((received == expected));
        co_await write(peer, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
        co_await until([&] { return done == 4; });
    });
}

TEST_CASE("pushes are not replies") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), quiet());
        auto peer = co_await server.accept();
        co_await write(peer, ">2\r\n+invalidate\r\n*1\r\n$3\r\nkey\r\n"
                             ">3\r\n+message\r\n+channel\r\n+payload\r\n");
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "PING\r\n");
            co_await write(to, ">3\r\n+subscribe\r\n+channel\r\n:1\r\n+PONG\r\n");
        }(peer));
        std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}
