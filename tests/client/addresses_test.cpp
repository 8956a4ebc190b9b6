// A name with several addresses. What the name has is said here, in place of the system.
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <mini_redis/client.hpp>
#include <netdb.h>
#include <string>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

#ifdef __linux__ // where all of 127.0.0.0/8 is this machine

// Before the C library's: "two.test" is 127.0.0.2, then 127.0.0.1.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    using function = int(const char*, const char*, const addrinfo*, addrinfo**);
    static auto* const real = reinterpret_cast<function*>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (!name || std::strcmp(name, "two.test") != 0) return real(name, service, hints, found);
    addrinfo* second = nullptr;
    if (const int failed = real("127.0.0.1", service, hints, &second)) return failed;
    if (const int failed = real("127.0.0.2", service, hints, found)) return failed;
    addrinfo* last = *found;
    while (last->ai_next)
        last = last->ai_next;
    last->ai_next = second;
    return 0;
}

namespace {

using asio::ip::tcp;

// A listener that answers no attempt to connect: its queue is full.
class silent_listener {
public:
    silent_listener(const asio::any_io_executor& executor, tcp::endpoint at) : acceptor_{executor} {
        acceptor_.open(at.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address{true});
        acceptor_.bind(at);
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            auto& filler = fillers_.emplace_back(executor);
            filler.async_connect(at, [](std::error_code) {});
        }
    }

private:
    tcp::acceptor acceptor_;
    std::vector<tcp::socket> fillers_;
};

} // namespace

TEST_CASE("an address that keeps silent does not use up the time of the others") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const tcp::endpoint silent{asio::ip::make_address("127.0.0.2"), server.port()};
        const silent_listener listener{executor, silent};
        connect_options options;
        options.connect_timeout = 20s; // most of which is not needed
        const std::string address = "two.test:" + std::to_string(server.port());
        const auto before = std::chrono::steady_clock::now();
        client c = co_await client::connect(address, options);
        CHECK(std::chrono::steady_clock::now() - before < 5s);
        const std::string pong = co_await c.ping();
        CHECK(pong == "PONG");
    });
}

TEST_CASE("an address that refuses is passed over") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        const std::string address = "two.test:" + std::to_string(server.port());
        const auto before = std::chrono::steady_clock::now();
        client c = co_await client::connect(address);
        CHECK(std::chrono::steady_clock::now() - before < 200ms); // at once
        const std::string pong = co_await c.ping();
        CHECK(pong == "PONG");
    });
}

TEST_CASE("if no address answers, connecting ends in time, and leaves nothing behind") {
    asio::io_context context{1};
    const auto executor = context.get_executor();
    const std::uint16_t port = find_free_port();
    const silent_listener first{executor, {asio::ip::make_address("127.0.0.1"), port}};
    const silent_listener second{executor, {asio::ip::make_address("127.0.0.2"), port}};
    std::optional<std::error_code> end;
    connect_options options;
    options.connect_timeout = 400ms;
    asio::co_spawn(context, error_of(client::connect("two.test:" + std::to_string(port), options)),
                   [&](const std::exception_ptr&, std::error_code error) { end = error; });
    const auto before = std::chrono::steady_clock::now();
    while (!end)
        context.run_one();
    CHECK(end == errc::timed_out);
    CHECK(std::chrono::steady_clock::now() - before < 2s);
}

#endif
