// Requests that the socket has taken in part: what the server has already executed of them is
// neither done twice nor answered to somebody else.
#include <array>
#include <asio/buffer.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using tcp_socket = asio::ip::tcp::socket;

// More than the buffers of two sockets hold, so that it is written in many parts.
constexpr std::size_t large_size = 32 * 1024 * 1024;

connect_options eager() {
    connect_options options;
    options.protocol = protocol_version::resp2;
    options.ask_before_calls = false;
    options.reconnect_delay = 5ms;
    options.longest_reconnect_delay = 20ms;
    options.call_timeout = 60s; // sanitizers take their time for so many bytes
    return options;
}

// Reads a little, so that the rest of what is written does not fit in the buffers.
asio::awaitable<void> read_beginning(tcp_socket& peer) {
    std::array<char, 1024> some{};
    co_await peer.async_read_some(asio::buffer(some), asio::use_awaitable);
}

// Not all of it, which a failed test would print.
std::string beginning_of(const std::string& requests) {
    return requests.substr(0, 60);
}

} // namespace

TEST_CASE("the first replies of a pipeline may come before its last requests are written") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            connect_options options;
            options.call_timeout = 60s;
            client c = co_await client::connect(address_of(server), options);
            const std::string large(large_size, 'x');
            const auto [one, two, counted] =
                co_await c.pipeline().strlen("a").set("b", large).incr("n").execute();
            CHECK(one == 0);
            CHECK(counted == 1);
            const auto [done, length, again] =
                co_await c.transaction().set("b", large + large).strlen("b").incr("n").execute();
            CHECK(length == 2 * large_size);
            CHECK(again == 2);
            CHECK(c.counters().connections == 1);
        });
    }
}

TEST_CASE("a pipeline of which a part was written is not sent again") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        const std::string large(large_size, 'x');
        for (const bool is_answered : {false, true}) {
            std::optional<failure> end;
            spawn(executor,
                  [](client& by, const std::string& value,
                     std::optional<failure>& why) -> asio::awaitable<void> {
                      try {
                          co_await by.pipeline().incr("n").set("large", value).execute();
                      } catch (const call_error& error) {
                          why = failure{error.code(), {}, error.may_have_run()};
                      }
                  }(c, large, end));
            {
                tcp_socket peer = co_await server.accept();
                co_await read_beginning(peer); // INCR has come whole
                if (is_answered) co_await write(peer, ":1\r\n");
            }
            co_await until([&] { return end.has_value(); });
            REQUIRE(end);
            CHECK(end->code() == errc::unknown_outcome);
            CHECK(end->may_have_run());
        }
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            tcp_socket peer = co_await from.accept();
            const std::string requests = co_await read_until(peer, "PING\r\n");
            CHECK(beginning_of(requests) == "*1\r\n$4\r\nPING\r\n");
            co_await write(peer, "+PONG\r\n");
        }(server));
        const std::string pong = co_await c.ping();
        CHECK(pong == "PONG");
    });
}

TEST_CASE("an idempotent pipeline of which a part was written is sent again from its beginning") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        const std::string large(large_size, 'x');
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            {
                tcp_socket peer = co_await from.accept();
                co_await read_beginning(peer);
            }
            tcp_socket peer = co_await from.accept();
            const std::string requests = co_await read_until(peer, "x\r\n");
            CHECK(beginning_of(requests).starts_with("*2\r\n$3\r\nGET\r\n$1\r\nn\r\n*3\r\n"));
            CHECK(requests.size() > large_size);
            CHECK(requests.size() < large_size + 100);
            co_await write(peer, "$1\r\n7\r\n+OK\r\n");
        }(server));
        const auto [value, set] =
            co_await c.pipeline().idempotent().get("n").set("large", large).execute();
        CHECK(value == "7");
    });
}

TEST_CASE("a call that was given up when half of its request was written is not sent again") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        client c = co_await client::connect(server.address(), eager());
        const std::string large(large_size, 'x');
        {
            tcp_socket peer = co_await server.accept();
            const std::error_code error = co_await error_of(c.within(50ms).ping(large));
            CHECK(error == errc::timed_out);
        }
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            tcp_socket peer = co_await from.accept();
            const std::string requests = co_await read_until(peer, "PING\r\n");
            CHECK(beginning_of(requests) == "*1\r\n$4\r\nPING\r\n");
            co_await write(peer, "+PONG\r\n");
        }(server));
        const std::string pong = co_await c.ping();
        CHECK(pong == "PONG");
    });
}

TEST_CASE("a server that takes a large request slowly is not taken for dead") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = eager();
        options.health_check = 300ms;
        client c = co_await client::connect(server.address(), options);
        const std::string large(large_size, 'x');
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            tcp_socket peer = co_await from.accept();
            std::vector<char> buffer(1024 * 1024);
            asio::steady_timer timer{peer.get_executor()};
            for (std::size_t left = large_size; left > buffer.size();) {
                left -= co_await peer.async_read_some(asio::buffer(buffer), asio::use_awaitable);
                timer.expires_after(30ms);
                co_await timer.async_wait(asio::use_awaitable);
            }
            co_await read_until(peer, "\r\n");
            co_await write(peer, "+done\r\n");
        }(server));
        const std::string reply = co_await c.ping(large);
        CHECK(reply == "done");
        CHECK(c.counters().reconnects == 0);
    });
}

TEST_CASE("a call that was not sent in time does not tell of a loss that is over") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = eager();
        options.most_outstanding = 1; // a call at a time
        client c = co_await client::connect(server.address(), options);
        { const tcp_socket lost = co_await server.accept(); }
        const tcp_socket peer = co_await server.accept();
        co_await until([&] { return c.counters().reconnects == 1; });
        int ended = 0;
        std::vector<failure> ends;
        for (int i = 0; i < 2; ++i)
            c.within(20ms).ping("text", as_result([&](const result<std::string>& end) {
                                    ends.push_back(end.error());
                                    ++ended;
                                }));
        co_await until([&] { return ended == 2; });
        CHECK(ends[0].may_have_run());
        CHECK_FALSE(ends[1].may_have_run());
        CHECK(ends[1].code() == errc::timed_out);
        CHECK(ends[1].text().empty());
    });
}
