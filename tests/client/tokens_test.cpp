// The ways to wait for a call: awaitables of any executor, callbacks, futures, results.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/version.hpp>
#if ASIO_VERSION >= 102400
#include <asio/deferred.hpp>
#else
#include <asio/experimental/deferred.hpp>
#endif
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mini_redis/client.hpp>
#include <string>
#include <thread>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

#if ASIO_VERSION >= 102400
using asio::deferred;
#else
using asio::experimental::deferred;
#endif

using maybe_text = std::optional<std::string>;

// An error reply: the key holds a text.
constexpr const char* not_an_integer = "ERR value is not an integer or out of range";

} // namespace

TEST_CASE("a call completes as its token says") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        client c = co_await client::connect(address_of(server));
        co_await c.set("key", "value");

        // as_tuple
        auto [failed, number] = co_await c.get<int>("key", use_tuple);
        CHECK(failed);
        CHECK_THROWS_AS(std::rethrow_exception(failed), std::system_error);
        auto [fine, text] = co_await c.get("key", use_tuple);
        CHECK_FALSE(fine);
        CHECK(text == "value");

        // as_result
        result<maybe_text> value = co_await c.get("key", as_result);
        REQUIRE(value);
        CHECK(*value == "value");
        result<std::int64_t> sum = co_await c.incr("key", as_result);
        REQUIRE_FALSE(sum);
        CHECK(sum.error().code() == errc::error_reply);
        CHECK(sum.error().message() == not_an_integer);
        CHECK_THROWS_AS(sum.value(), redis_error);
        result<int> shaped = co_await c.get<int>("key", as_result);
        REQUIRE_FALSE(shaped);
        CHECK(shaped.error().message() ==
              "expected an integer in range, got the string \"value\": " +
                  make_error_code(errc::unexpected_reply).message());
        result<void> renamed = co_await c.rename("absent", "other", as_result);
        CHECK(renamed.error().message() == "ERR no such key");
        renamed = co_await c.rename("key", "other", as_result);
        CHECK(renamed);

        // A callback, which may only be movable, and is called once.
        auto owned = std::make_unique<int>(7);
        int seen = 0;
        c.incrby("number", 5,
                 [&seen, owned = std::move(owned)](std::exception_ptr error, std::int64_t now) {
                     if (!error) seen = static_cast<int>(now) + *owned;
                 });
        c.rename("absent", "x", [&seen](const std::exception_ptr& error) {
            if (error) seen += 100;
        });
        c.get("other", as_result([&seen](const result<maybe_text>& got) {
                  if (got && *got == "value") seen += 1000;
              }));
        co_await until([&] { return seen == 1112; });

        // A handler with an executor of its own is called there.
        asio::thread_pool elsewhere{1};
        std::promise<std::thread::id> ran_on;
        c.ping(asio::bind_executor(elsewhere.get_executor(),
                                   [&ran_on](const std::exception_ptr&, const std::string&) {
                                       ran_on.set_value(std::this_thread::get_id());
                                   }));
        auto future = ran_on.get_future();
        co_await until([&] { return future.wait_for(0s) == std::future_status::ready; });
        CHECK(future.get() != std::this_thread::get_id());

        // Of a client that is closed, also with words that are not sent.
        c.close();
        value = co_await c.get("key", as_result);
        CHECK(value.error().code() == errc::client_closed);
        bool called = false;
        c.set("key", 1,
              [&called](const std::exception_ptr& error, bool) { called = error != nullptr; });
        CHECK_FALSE(called); // never before the call returns
        co_await until([&] { return called; });
    });
}

namespace {

// All that is more than a call, with errors as values.
template <class Executor>
asio::awaitable<void, Executor> look_rather_than_catch(std::string address) {
    using own_client = basic_client<Executor>;
    const std::string nobody = "127.0.0.1:" + std::to_string(find_free_port());
    const result<own_client> refused = co_await own_client::connect(nobody, as_result);
    CHECK(refused.error().code() == asio::error::connection_refused);
    result<own_client> connected = co_await own_client::connect(address, as_result);
    REQUIRE(connected);
    own_client c = std::move(*connected);
    co_await c.set("text", "text");
    co_await c.set("n", 1);
    const auto value = co_await c.get("n", as_result);
    CHECK(value.value() == "1");
    const auto sum = co_await c.within(1s).incr("text", as_result);
    CHECK(sum.error().code() == errc::error_reply);

    auto subscribed = co_await c.subscribe("news", "sports", as_result);
    REQUIRE(subscribed);
    auto news = *std::move(subscribed);
    const result<void> more = co_await news.psubscribe("p*", as_result);
    CHECK(more);
    auto got = co_await news.next(1ms, as_result);
    CHECK(got.error().code() == errc::timed_out);
    co_await c.publish("news", "one");
    got = co_await news.next(as_result);
    CHECK(got.value()->payload == "one");
    const auto token = as_tuple(asio::use_awaitable_t<Executor>{});
    co_await c.publish("news", "two");
    const auto [thrown, two] = co_await news.next(token);
    CHECK(!thrown);
    CHECK(two->payload == "two");
    const result<void> less = co_await news.unsubscribe(as_result);
    CHECK(less);
    CHECK(news.channels().empty());

    auto scan = c.scan();
    const auto key = co_await scan.next(as_result);
    CHECK(key.value().has_value());
    const auto read = [](watching_client<own_client>& t) { return t.template get<int>("n"); };
    const auto add = [](auto multi, int n) { return multi.set("n", n + 1).get("n"); };
    const auto fail = [](auto multi, int) { return multi.incr("text"); };
    const auto done = co_await c.transaction({"n"}, read, add, as_result);
    CHECK(std::get<1>(done.value()) == "2");
    const auto failed = co_await c.transaction({"n"}, read, fail, as_result);
    CHECK(failed.error().code() == errc::error_reply);

    own_client moved = std::move(c);
    const auto nothing = co_await c.subscribe("news", as_result);
    CHECK(nothing.error().code() == errc::client_closed);
    const auto undone = co_await c.transaction({"n"}, read, add, as_result);
    CHECK(undone.error().code() == errc::client_closed);
}

template <class Executor>
void run_on(asio::awaitable<void, Executor> coroutine, asio::io_context& context) {
    bool has_ended = false;
    asio::co_spawn(context, std::move(coroutine), [&](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
        has_ended = true;
    });
    context.run();
    CHECK(has_ended);
}

} // namespace

TEST_CASE("what is more than a call takes as_result and other tokens, too") {
    const redis_process server = start(server_kind::mini_redis);
    asio::io_context context{1};
    run_on(look_rather_than_catch<asio::any_io_executor>(address_of(server)), context);
    context.restart();
    run_on(look_rather_than_catch<asio::io_context::executor_type>(address_of(server)), context);
}

TEST_CASE("callbacks are enough, without any coroutine") {
    const redis_process server = start(server_kind::mini_redis);
    asio::io_context context{1};
    client c;
    subscriber news;
    std::string heard;
    const auto on_message = [&](const std::exception_ptr& failed, const auto& got) {
        if (!failed && got) heard = got->payload;
        news.close();
        c.close();
    };
    const auto on_subscribed = [&](const std::exception_ptr& failed, subscriber made) {
        CHECK(!failed);
        news = std::move(made);
        c.publish("news", "good", [](const std::exception_ptr&, std::int64_t) {});
        news.next(on_message);
    };
    const auto on_connected = [&](const std::exception_ptr& failed, client made) {
        CHECK(!failed);
        c = std::move(made);
        c.subscribe("news", on_subscribed);
    };
    client::connect(context.get_executor(), address_of(server), on_connected);
    context.run();
    CHECK(heard == "good");

    std::optional<std::error_code> refused;
    const std::string nobody = "127.0.0.1:" + std::to_string(find_free_port());
    client::connect(context.get_executor(), nobody,
                    as_result([&](const result<client>& end) { refused = end.error().code(); }));
    context.restart();
    context.run();
    CHECK(refused == asio::error::connection_refused);
}

TEST_CASE("as_result stands within other tokens, and around them") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        client c = co_await client::connect(address_of(server));
        co_await c.set("key", "value");
        asio::cancellation_signal signal;

        // A callback on another executor, either way; of a value, of none, of an error.
        asio::thread_pool elsewhere{1};
        const auto here = std::this_thread::get_id();
        std::atomic<int> seen = 0;
        const auto count = [&](int sum, bool is_right) {
            if (is_right && std::this_thread::get_id() != here) seen += sum;
        };
        const auto on_value = [&](const result<maybe_text>& got) {
            count(1, got && *got == "value");
        };
        const auto on_error = [&](const result<std::int64_t>& got) {
            count(10, !got && got.error().message() == not_an_integer);
        };
        const auto on_rename = [&](const result<void>& got) {
            count(100, !got && got.error().message() == "ERR no such key");
        };
        const auto on_done = [&](const result<void>& got) { count(1000, got.has_value()); };
        for (int i = 0; i < 2; ++i) {
            const auto bind = [&](auto callback) {
                return asio::bind_executor(elsewhere.get_executor(), as_result(callback));
            };
            const auto bind_within = [&](auto callback) {
                return as_result(asio::bind_executor(elsewhere.get_executor(), callback));
            };
            c.get("key", bind(on_value));
            c.incr("key", bind(on_error));
            c.rename("absent", "x", bind(on_rename));
            c.rename("key", "key", bind(on_done));
            c.get("key", bind_within(on_value));
            c.incr("key", bind_within(on_error));
            c.rename("absent", "x", bind_within(on_rename));
            c.rename("key", "key", bind_within(on_done));
        }
        co_await until([&] { return seen == 4444; });

        // An awaitable that can be cancelled from outside.
        const auto cancellable =
            asio::bind_cancellation_slot(signal.slot(), as_result(asio::use_awaitable));
        const auto value = co_await c.get("key", cancellable);
        CHECK(value.value() == "value");
        asio::steady_timer timer{executor, 10ms};
        timer.async_wait([&](std::error_code) { signal.emit(asio::cancellation_type::terminal); });
        auto ended = co_await c.blpop("never", 0ms, cancellable);
        CHECK(ended.error().code() == asio::error::operation_aborted);
        timer.expires_after(10ms);
        timer.async_wait([&](std::error_code) { signal.emit(asio::cancellation_type::terminal); });
        const auto within =
            as_result(asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
        ended = co_await c.blpop("never", 0ms, within);
        CHECK(ended.error().code() == asio::error::operation_aborted);
        const auto on_strand =
            co_await c.get("key", asio::bind_executor(asio::make_strand(executor),
                                                      as_result(asio::use_awaitable)));
        CHECK(on_strand.value() == "value");

        // Put off, and for the future.
        auto later = c.get("key", as_result(deferred));
        const result<maybe_text> now = co_await std::move(later)(asio::use_awaitable);
        CHECK(now.value() == "value");
        std::future<result<maybe_text>> future = c.get("key", as_result(asio::use_future));
        co_await until([&] { return future.wait_for(0s) == std::future_status::ready; });
        CHECK(future.get().value() == "value");
        const auto [in_tuple] = co_await c.get("key", as_result(use_tuple));
        CHECK(in_tuple.value() == "value");

        // What is more than a call.
        const auto on_pair = [&](const auto& got) {
            count(10000, got && std::get<0>(*got) == "value");
        };
        const auto bound = asio::bind_executor(elsewhere.get_executor(), as_result(on_pair));
        auto pair = c.pipeline().get("key").strlen("key");
        pair.execute(bound);
        const auto read = [](watching_client<client>& t) { return t.get<std::string>("key"); };
        const auto again = [](auto multi, const auto&) { return multi.get("key").exists("key"); };
        c.transaction({"key"}, read, again, bound);
        co_await until([&] { return seen == 24444; });
        auto subscribed = co_await c.subscribe("news", cancellable);
        REQUIRE(subscribed);
        const auto heard = co_await subscribed->next(1ms, cancellable);
        CHECK(heard.error().code() == errc::timed_out);
        timer.expires_after(10ms);
        timer.async_wait([&](std::error_code) { signal.emit(asio::cancellation_type::terminal); });
        const auto given_up = co_await subscribed->next(cancellable);
        CHECK(given_up.error().code() == asio::error::operation_aborted);
        auto scan = c.scan();
        const auto found = co_await scan.next(cancellable);
        CHECK(found.value() == "key");
    });
}

TEST_CASE("a future waits in another thread") {
    const redis_process server = start(server_kind::mini_redis);
    asio::io_context context{1};
    auto work = asio::make_work_guard(context);
    std::thread loop{[&context] { context.run(); }};
    client c = asio::co_spawn(context, client::connect(address_of(server)), asio::use_future).get();
    // A call is started on the client's executor.
    std::future<std::int64_t> sum =
        asio::co_spawn(context, c.incrby("number", 42), asio::use_future);
    CHECK(sum.get() == 42);
    std::promise<std::future<bool>> set;
    asio::post(context, [&] { set.set_value(c.set("key", "value", asio::use_future)); });
    CHECK(set.get_future().get().get());
    asio::post(context, [&] { c.close(); });
    work.reset();
    loop.join();
}

TEST_CASE("a client of a concrete executor serves its coroutines") {
    using executor = asio::io_context::executor_type;
    using io_client = basic_client<executor>;
    const redis_process server = start(server_kind::mini_redis);
    asio::io_context context{1};
    int done = 0;
    const auto body = [&]() -> asio::awaitable<void, executor> {
        io_client c = co_await io_client::connect(address_of(server));
        co_await c.set("key", 5);
        const int value = co_await c.get<int>("key");
        CHECK(value == 5);
        auto [text, sum] = co_await c.pipeline().get("key").incr("key").execute();
        CHECK(text == "5");
        CHECK(sum == 6);
        result<bool> set = co_await c.set("key", 7, as_result(asio::use_awaitable_t<executor>{}));
        CHECK(set.value());

        const auto [doubled] = co_await c.transaction(
            {"key"}, [](watching_client<io_client>& t) { return t.get<int>("key"); },
            [](auto multi, int n) { return multi.incrby("key", n); });
        CHECK(doubled == 14);
        int keys = 0;
        auto scan = c.scan();
        while (const auto key = co_await scan.next())
            ++keys;
        CHECK(keys == 1);
        basic_subscriber<executor> s = co_await c.subscribe("channel");
        co_await s.psubscribe("p*");
        co_await c.publish("channel", "message");
        const std::optional<message> m = co_await s.next();
        CHECK(m->payload == "message");
        co_await c.rpush("list", "element");
        const auto element = co_await c.blpop("list", 1s);
        CHECK(element->second == "element");
        ++done;
    };
    asio::co_spawn(context, body(), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(60s);
    CHECK(done == 1);
}

TEST_CASE("a call can be put off") {
    const redis_process server = start(server_kind::mini_redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        auto set = c.set("key", "value", deferred);
        auto get = c.get("key", deferred);
        CHECK(c.counters().calls == 0);
        const bool was_set = co_await std::move(set)(asio::use_awaitable);
        CHECK(was_set);
        const maybe_text value = co_await std::move(get)(asio::use_awaitable);
        CHECK(value == "value");
    });
}

TEST_CASE("a client may belong to a strand of a pool") {
    const redis_process server = start(server_kind::mini_redis);
    asio::thread_pool pool{4};
    const auto strand = asio::make_strand(pool);
    const auto body = [&]() -> asio::awaitable<int> {
        client c = co_await client::connect(address_of(server));
        int sum = 0;
        for (int i = 0; i < 100; ++i)
            sum += co_await c.command<int>("INCR", "n") > 0 ? 1 : 0;
        co_return sum;
    };
    CHECK(asio::co_spawn(strand, body(), asio::use_future).get() == 100);
    pool.join();
}

TEST_CASE("replies come as the type that is asked for") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            INFO(to_string(kind) << ", RESP" << static_cast<int>(protocol));
            run([&]() -> asio::awaitable<void> {
                connect_options options;
                options.protocol = protocol;
                client c = co_await client::connect(address_of(server), options);
                co_await c.flushdb();

                const std::map<std::string, int> fields{{"a", 1}, {"b", 2}};
                auto added = co_await c.command<int>("HSET", "hash", fields);
                CHECK(added == 2);
                auto read = co_await c.command<std::map<std::string, int>>("HGETALL", "hash");
                CHECK(read == fields);

                using scored = std::vector<std::pair<std::string, double>>;
                co_await c.command<int>("ZADD", "zset", 1, "one", 2.5, "more");
                auto members = co_await c.command<scored>("ZRANGE", "zset", 0, -1, "WITHSCORES");
                CHECK(members == scored{{"one", 1}, {"more", 2.5}});

                co_await c.mset("x", 1, "y", "two");
                const std::vector<std::string> names{"x", "y"};
                auto values = co_await c.mget(names, "absent");
                CHECK(values == std::vector<maybe_text>{"1", "two", std::nullopt});
                auto there = co_await c.exists(names, "x");
                CHECK(there == 3);

                const auto size_of = [](const reply_view& reply) { return reply.text().size(); };
                std::size_t size = co_await c.read_in_place(size_of, "GET", "y");
                CHECK(size == 3);
                auto error = co_await c.command<result<int>>("INCR", "y");
                CHECK(error.error().message() == not_an_integer);
            });
        }
    }
}
