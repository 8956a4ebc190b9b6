// Calls that take a connection of their own: those that wait for an element, and transactions that
// watch keys.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <string>
#include <thread>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace asio::experimental::awaitable_operators;

namespace {

using watching = watching_client<client>;
using texts = std::vector<std::string>;
using key_and_text = std::optional<std::pair<std::string, std::string>>;

// Waits until so many clients wait for an element.
asio::awaitable<void> until_blocked(client& c, int count) {
    const std::string field = "blocked_clients:" + std::to_string(count) + "\r";
    std::string info;
    while (info.find(field) == std::string::npos)
        info = co_await c.command<std::string>("INFO", "clients");
}

auto read_n = [](watching& t) { return t.get<std::optional<int>>("n"); };

auto double_n = [](auto multi, int n) { return multi.set("n", n * 2).get("n"); };

// Notes what it got: an element, or its error.
asio::awaitable<void> take_one(client& c, std::vector<std::string>& got) {
    const auto job = co_await c.blpop("jobs", 0ms, as_result);
    if (job)
        got.push_back((*job)->second);
    else
        got.push_back(job.error().code().message());
}

connect_options with_at_most(std::size_t connections) {
    connect_options options;
    options.most_connections = connections;
    return options;
}

constexpr const char* kept_changing = "the watched keys were changed by others each of ";

// Answers SCAN with nothing, and that there is more to come.
asio::awaitable<void> scan_without_end(scripted_server& from) {
    auto peer = co_await from.accept();
    while (true) {
        co_await read_until(peer, "\r\n");
        co_await write(peer, "*2\r\n$1\r\n7\r\n*0\r\n");
    }
}

asio::awaitable<void> increment(client& c, int times, int& left) {
    auto read = [](watching& t) -> asio::awaitable<int> {
        const auto n = co_await t.get<std::optional<int>>("n");
        co_return n.value_or(0);
    };
    auto write = [](auto multi, int n) { return multi.set("n", n + 1).strlen("n"); };
    for (int i = 0; i < times; ++i)
        co_await c.transaction({"n"}, read, write);
    --left;
}

} // namespace

TEST_CASE("a call that waits for an element holds up nobody") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client c = co_await client::connect(address_of(server));
            std::vector<key_and_text> got;
            for (int i = 0; i < 3; ++i) {
                spawn(executor,
                      [](client& from, std::vector<key_and_text>& to) -> asio::awaitable<void> {
                          key_and_text job = co_await from.blpop({"high", "low"}, 0ms);
                          to.push_back(std::move(job));
                      }(c, got));
            }
            co_await until_blocked(c, 3);
            for (const std::string job : {"1", "2", "3"})
                co_await c.rpush("low", job);
            co_await until([&] { return got.size() == 3; });
            for (std::size_t i = 0; i < got.size(); ++i)
                CHECK(got[i] == std::pair<std::string, std::string>{"low", std::to_string(i + 1)});
            CHECK(c.counters().connections == 4);

            // The connections are used again.
            const key_and_text nothing = co_await c.blpop("high", 10ms);
            CHECK(nothing == std::nullopt);
            CHECK(c.counters().connections == 4);
        });
    }
}

TEST_CASE("each command that waits") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            INFO(to_string(kind) << ", RESP" << static_cast<int>(protocol));
            connect_options options;
            options.protocol = protocol;
            auto c = blocking_client::connect(address_of(server), options);
            c.flushdb();
            CHECK(c.blpop("l", 1ms) == std::nullopt);
            CHECK(c.blmpop("l", list_side::left, 1ms) == std::nullopt);
            CHECK(c.bzpopmin("z", 1ms) == std::nullopt);
            CHECK(c.bzmpop("z", score_end::min, 1ms) == std::nullopt);
            CHECK(c.blmove("l", "m", list_side::left, list_side::right, 1ms) == std::nullopt);
            c.rpush("l", "a", "b", "c", "d", "e", "f");
            CHECK(c.blpop("l", 1s)->second == "a");
            CHECK(c.brpop({"x", "l"}, 1s)->second == "f");
            CHECK(c.blmove("l", "m", list_side::left, list_side::right, 1s) == "b");
            const auto several = c.blmpop({"x", "l"}, list_side::right, 1s, 2);
            CHECK(several->first == "l");
            CHECK(several->second == texts{"e", "d"});
            c.zadd("z", 1, "one", 2, "two", 3, "three", 4, "four");
            CHECK(c.bzpopmin("z", 1s) ==
                  std::tuple<std::string, std::string, double>{"z", "one", 1});
            CHECK(c.bzpopmax({"x", "z"}, 1s) ==
                  std::tuple<std::string, std::string, double>{"z", "four", 4});
            const auto members = c.bzmpop("z", score_end::max, 1s, 5);
            CHECK(members->second == std::vector<scored_member>{{"three", 3}, {"two", 2}});
            const auto wrong = c.blpop("m", 1ms, as_result);
            CHECK(wrong.value()->second == "b");
            c.set("s", 1);
            CHECK(c.blpop("s", 1ms, as_result).error().text().starts_with("WRONGTYPE"));
        }
    }
}

TEST_CASE("a call that is cancelled while it waits takes no element") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            auto waiting = c.blpop("jobs", 0ms);
            auto meanwhile = until_blocked(c, 1);
            const auto ended = co_await (std::move(waiting) || std::move(meanwhile));
            CHECK(ended.index() == 1);
            co_await until_blocked(c, 0); // its connection is gone
            co_await c.rpush("jobs", "kept");
            const auto length = co_await c.llen("jobs");
            CHECK(length == 1);
        });
    }
}

TEST_CASE("a pipeline that waits for a limited time ends, though the server is silent") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options = quiet();
        options.call_timeout = 20ms;
        client c = co_await client::connect(server.address(), options);
        auto waiting = c.pipeline().command<key_and_text>("BLPOP", "list", 0.1).get("key");
        const auto before = std::chrono::steady_clock::now();
        const auto end = co_await waiting.execute(as_result);
        CHECK(end.error().code() == errc::timed_out);
        CHECK(end.error().may_have_run());
        CHECK(std::chrono::steady_clock::now() - before >= 120ms);
    });
}

TEST_CASE("a transaction is tried again while the watched keys change") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client c = co_await client::connect(address_of(server));
            int left = 20;
            for (int i = 0; i < 20; ++i)
                spawn(executor, increment(c, 10, left));
            co_await until([&] { return left == 0; });
            const auto n = co_await c.get<int>("n");
            CHECK(n == 200);
            CHECK(c.counters().connections <= 21);

            // Nobody else's calls are part of it.
            const auto value = co_await c.get("n");
            CHECK(value == "200");
        });
    }
}

TEST_CASE("a transaction that sees no reason does nothing") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            auto done = co_await c.transaction({"n"}, read_n, double_n);
            CHECK(done == std::nullopt);
            co_await c.set("n", 21);
            done = co_await c.transaction({"n"}, read_n, double_n);
            REQUIRE(done);
            CHECK(std::get<1>(*done) == "42");
            CHECK(c.counters().connections == 2); // the one from the pool, twice
        });
    }
}

TEST_CASE("what a transaction's functions throw goes to the caller, and nothing stays watched") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = start(server_kind::redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        co_await c.set("n", "no number");
        auto read = [](watching& t) { return t.get<std::string>("n"); };
        auto change_mind = [](auto multi, const std::string&) {
            throw std::runtime_error("changed my mind");
            return multi.get("n");
        };
        std::string thrown;
        try {
            co_await c.transaction({"n"}, read, change_mind);
        } catch (const std::runtime_error& error) {
            thrown = error.what();
        }
        CHECK(thrown == "changed my mind");
        // An error within it is the whole one's.
        auto count = [](auto multi, const std::string&) { return multi.incr("n"); };
        try {
            co_await c.transaction({"n"}, read, count);
        } catch (const redis_error& error) {
            thrown = error.what();
        }
        CHECK(thrown == "ERR value is not an integer or out of range");
        const auto clients = co_await c.command<std::string>("CLIENT", "LIST");
        CHECK(clients.find("cmd=exec") == std::string::npos); // the spoilt connections are closed
    });
}

TEST_CASE("a blocking client's transactions") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        auto c = blocking_client::connect(address_of(server));
        auto other = blocking_client::connect(address_of(server));
        int attempts = 0;
        const auto [before, now] = c.transaction(
            {"n"},
            [&](watching_client<blocking_client>& t) {
                const int n = t.get<std::optional<int>>("n").value_or(0);
                if (++attempts < 3) other.incr("n");
                return n;
            },
            [](auto multi, int n) { return multi.template get<int>("n").incrby("n", n); });
        CHECK(attempts == 3);
        CHECK(before == 2);
        CHECK(now == 4);
        const auto nothing = c.transaction(
            {"absent"}, [](watching_client<blocking_client>& t) { return t.get("absent"); },
            [](auto multi, const std::string& value) { return multi.set("n", value); });
        CHECK(nothing == std::nullopt);
    }
}

TEST_CASE("a connection that was lost in the pool is not a transaction's failure") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            co_await c.set("n", 1);
            co_await c.transaction({"n"}, read_n, double_n);
            const auto own = co_await c.command<int>("CLIENT", "ID");
            co_await c.command<int>("CLIENT", "KILL", "ID", own + 1); // the pool's
            const auto done = co_await c.transaction({"n"}, read_n, double_n);
            REQUIRE(done);
            CHECK(std::get<1>(*done) == "4");
        });
    }
}

TEST_CASE("who finds no connection free waits for one, in order") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client c = co_await client::connect(address_of(server), with_at_most(1));
            std::vector<std::string> got;
            for (int i = 0; i < 5; ++i)
                spawn(executor, take_one(c, got));
            co_await until_blocked(c, 1);
            for (int i = 0; i < 5; ++i)
                co_await c.rpush("jobs", i);
            co_await until([&] { return got.size() == 5; });
            CHECK(got == texts{"0", "1", "2", "3", "4"});
            CHECK(c.counters().connections == 2); // it was handed on

            // Transactions as well, with all that they do.
            int left = 20;
            for (int i = 0; i < 20; ++i)
                spawn(executor, increment(c, 5, left));
            co_await until([&] { return left == 0; });
            const auto n = co_await c.get<int>("n");
            CHECK(n == 100);
            CHECK(c.counters().connections == 2);
            CHECK(c.counters().in_flight == 0);
        });
    }
}

TEST_CASE("to wait for a free connection ends in time, and says what it was") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            connect_options options = with_at_most(1);
            options.call_timeout = 50ms;
            client c = co_await client::connect(address_of(server), options);
            std::vector<std::string> got;
            spawn(executor, take_one(c, got));
            co_await until_blocked(c, 1);
            const auto late = co_await c.blpop("jobs", 0ms, as_result);
            CHECK(late.error().code() == errc::timed_out);
            CHECK_FALSE(late.error().may_have_run());
            CHECK(late.error().text() == "all connections for blocking calls and transactions are "
                                         "in use (1 at most)");
            const auto early = co_await c.within(5ms).blpop("jobs", 10s, as_result);
            CHECK(early.error().code() == errc::timed_out);
            const auto undone = co_await c.transaction({"n"}, read_n, double_n, as_result);
            CHECK(undone.error().code() == errc::timed_out);
            CHECK_FALSE(undone.error().may_have_run());

            // Those who have given up are not served.
            auto waiting = c.blpop("jobs", 0ms);
            const auto cancelled = co_await (std::move(waiting) || c.ping());
            CHECK(cancelled.index() == 1);
            co_await c.rpush("jobs", "first", "second");
            co_await until([&] { return !got.empty(); });
            CHECK(got == texts{"first"});
            const auto next = co_await c.blpop("jobs", 0ms);
            CHECK(next->second == "second");
            CHECK(c.counters().in_flight == 0);
        });
    }
}

TEST_CASE("calls that wait without end leave a connection to transactions") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client c = co_await client::connect(address_of(server), with_at_most(3));
            std::vector<std::string> got;
            for (int i = 0; i < 4; ++i)
                spawn(executor, take_one(c, got));
            co_await until_blocked(c, 2);
            auto read = [](watching& t) { return t.llen("jobs"); };
            auto push = [](auto multi, std::int64_t) { return multi.rpush("jobs", "a", "b"); };
            for (int i = 0; i < 2; ++i)
                co_await c.transaction({"jobs"}, read, push);
            co_await until([&] { return got.size() == 4; });
            CHECK(c.counters().connections == 4);
        });
    }
}

TEST_CASE("a client that ends, or loses its server, ends those who wait for a connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::optional<redis_process> server = start(server_kind::mini_redis);
        connect_options options = with_at_most(1);
        options.call_timeout = 200ms;
        client c = co_await client::connect(address_of(*server), options);
        std::vector<std::string> got;
        for (int i = 0; i < 3; ++i)
            spawn(executor, take_one(c, got));
        co_await until_blocked(c, 1);
        server.reset();
        co_await until([&] { return got.size() == 3; });
        CHECK(got[0] == make_error_code(errc::unknown_outcome).message());
        CHECK(got[2] == make_error_code(errc::timed_out).message());

        server = start(server_kind::mini_redis);
        got.clear();
        client d = co_await client::connect(address_of(*server), options);
        for (int i = 0; i < 3; ++i)
            spawn(executor, take_one(d, got));
        co_await until_blocked(d, 1);
        d.close();
        co_await until([&] { return got.size() == 3; });
        CHECK(got == texts(3, make_error_code(errc::client_closed).message()));
    });
}

TEST_CASE("a transaction whose keys keep changing ends in time") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            connect_options options;
            options.call_timeout = 100ms;
            client c = co_await client::connect(address_of(server), options);
            int attempts = 0;
            auto read = [&](watching& t) -> asio::awaitable<int> {
                const auto n = co_await t.get<std::optional<int>>("n");
                ++attempts;
                co_await c.incr("n");
                co_return n.value_or(0);
            };
            auto write = [](auto multi, int) { return multi.set("n", "spoilt"); };
            const auto end = co_await c.transaction({"n"}, read, write, as_result);
            CHECK(end.error().code() == errc::timed_out);
            CHECK(attempts > 1);
            const auto n = co_await c.get<int>("n");
            CHECK(n == attempts); // it has not run

            const auto before = std::chrono::steady_clock::now();
            const auto soon = co_await c.within(20ms).transaction({"n"}, read, write, as_result);
            CHECK(soon.error().code() == errc::timed_out);
            CHECK(std::chrono::steady_clock::now() - before < 90ms);

            // What it does itself counts as well.
            auto wait = [](watching& t) { return t.command<key_and_text>("BLPOP", "never", 0); };
            auto push = [](auto multi, const auto&) { return multi.set("n", "spoilt"); };
            const auto waited = co_await c.within(20ms).transaction({"n"}, wait, push, as_result);
            CHECK(waited.error().code() == errc::timed_out);
        });

        auto c = blocking_client::connect(address_of(server));
        c.set("n", 0);
        const auto read = [&](watching_client<blocking_client>& t) {
            c.incr("n");
            return t.get<int>("n");
        };
        const auto write = [](auto multi, int) { return multi.set("n", "spoilt"); };
        const auto end = c.within(20ms).transaction({"n"}, read, write, as_result);
        CHECK(end.error().code() == errc::timed_out);
        CHECK(c.get<int>("n") > 1);
    }
}

TEST_CASE("a transaction that ends as its keys kept changing says so") {
    const redis_process server = start(server_kind::mini_redis);
    auto c = blocking_client::connect(address_of(server));
    auto other = blocking_client::connect(address_of(server));
    const auto read = [&](watching_client<blocking_client>& t) {
        const auto n = t.get<std::optional<int>>("n");
        other.incr("n");
        std::this_thread::sleep_for(n ? 50ms : 0ms); // the second time it is too late
        return n.value_or(0);
    };
    // Nothing of it is sent any more, or it was and has not run.
    const auto write = [](auto multi, int) { return multi.set("n", "spoilt"); };
    const auto end = c.within(40ms).transaction({"n"}, read, write, as_result);
    CHECK(end.error().code() == errc::timed_out);
    CHECK_FALSE(end.error().may_have_run());
    CHECK(c.get<int>("n") == 2);

    const call_limit over{std::chrono::steady_clock::now()};
    try {
        require_time(over, 2);
        FAIL("there is time left");
    } catch (const call_error& error) {
        CHECK_FALSE(error.may_have_run());
        CHECK(std::string{error.what()}.starts_with(kept_changing));
    }
}

TEST_CASE("a transaction that may be executed twice outlives its connection") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            co_await c.set("n", 1);
            int attempts = 0;
            auto read = [&](watching& t) -> asio::awaitable<int> {
                const int n = co_await t.get<int>("n");
                const int id = co_await t.command<int>("CLIENT", "ID");
                if (++attempts % 2 == 1) co_await c.command<int>("CLIENT", "KILL", "ID", id);
                co_return n;
            };
            auto write = [](auto multi, int n) { return multi.set("n", n + 1); };
            const auto lost = co_await c.transaction({"n"}, read, write, as_result);
            CHECK_FALSE(lost);
            CHECK(attempts == 1);
            attempts = 0;
            co_await c.idempotent().transaction({"n"}, read, write);
            CHECK(attempts == 2);
            const int n = co_await c.get<int>("n");
            CHECK(n == 2);
        });
    }
}

TEST_CASE("an iteration's steps and a pipeline have the time-out that was asked for") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        asio::co_spawn(executor, scan_without_end(server), [](const std::exception_ptr&) {});
        connect_options options = quiet();
        options.call_timeout = 60ms;
        client c = co_await client::connect(server.address(), options);
        auto keys = c.scan({.match = "rare"});
        const auto found = co_await keys.next(as_result);
        CHECK(found.error().code() == errc::timed_out);
        const auto before = std::chrono::steady_clock::now();
        auto fields = c.within(10ms).hscan("hash");
        const auto field = co_await fields.next(as_result);
        CHECK(field.error().code() == errc::timed_out);
        CHECK(std::chrono::steady_clock::now() - before < 50ms);
    });
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server silent{executor};
        client c = co_await client::connect(silent.address(), quiet());
        auto pipeline = c.within(10ms).pipeline().get("key").incr("n");
        const auto replies = co_await pipeline.execute(as_result);
        CHECK(replies.error().code() == errc::timed_out);
        auto transaction = c.within(10ms).transaction().get("key");
        const auto done = co_await transaction.execute(as_result);
        CHECK(done.error().code() == errc::timed_out);
    });

    asio::io_context context{1};
    scripted_server server{context.get_executor()};
    asio::co_spawn(context, scan_without_end(server), [](const std::exception_ptr&) {});
    std::thread loop{[&] { context.run(); }};
    {
        auto c = blocking_client::connect(server.address(), quiet());
        auto keys = c.within(20ms).scan();
        CHECK(keys.next(as_result).error().code() == errc::timed_out);
    }
    loop.join();
}
