// Many coroutines on one client for a long time, with random time-outs and cancellations, on a
// network that fails at random: every reply is that of its call.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/strand.hpp>
#include <atomic>
#include <mini_redis/client.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "client/fault_proxy.hpp"
#include "client/own_server.hpp"
#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr int keys = 100;

constexpr auto rethrow = [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
};

std::string key_of(int number) {
    return "key " + std::to_string(number);
}

std::string value_of(int number) {
    return "value of " + key_of(number);
}

struct tally {
    int succeeded = 0;
    int failed = 0;
    int wrong = 0;   // replies
    int strange = 0; // errors
    int running = 0;

    void add(const std::error_code& code) {
        ++failed;
        if (code != errc::timed_out && code != errc::unknown_outcome && code != errc::not_sent &&
            code != asio::error::operation_aborted)
            ++strange;
    }

    void add(bool is_right) { ++(is_right ? succeeded : wrong); }
};

// One of those who use the client.
class worker {
public:
    worker(client& by, tally& to, unsigned seed) : client_{by}, tally_{to}, random_{seed} {}

    asio::awaitable<void> work(int calls) {
        for (int i = 0; i < calls; ++i) {
            try {
                co_await make_call();
            } catch (const std::system_error& error) {
                tally_.add(error.code());
            }
        }
    }

private:
    int any(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }

    std::chrono::microseconds moment() { return std::chrono::microseconds{any(20'000)}; }

    asio::awaitable<void> make_call() {
        switch (any(8)) {
        case 0: return with_time_out();
        case 1: return beside_a_timer();
        case 2: return with_a_slot();
        case 3: return increment();
        case 4: return read_several();
        case 5: return get(true);
        default: return get(false);
        }
    }

    asio::awaitable<void> get(bool again) {
        const int number = any(keys);
        const std::string key = key_of(number);
        std::optional<std::string> value;
        if (again)
            value = co_await client_.idempotent().get(key);
        else
            value = co_await client_.get(key);
        tally_.add(value == value_of(number));
    }

    asio::awaitable<void> with_time_out() {
        const std::string text = unique();
        const auto time_out = std::chrono::ceil<std::chrono::milliseconds>(moment());
        const auto reply = co_await client_.within(time_out).ping(text);
        tally_.add(reply == text);
    }

    asio::awaitable<void> beside_a_timer() {
        const auto executor = co_await asio::this_coro::executor;
        const std::string text = unique();
        asio::steady_timer timer{executor, moment()};
        auto call = client_.ping(text);
        auto wait = timer.async_wait(asio::use_awaitable);
        const auto first = co_await (std::move(call) || std::move(wait));
        if (first.index() == 0)
            tally_.add(std::get<0>(first) == text);
        else
            tally_.add(make_error_code(asio::error::operation_aborted));
    }

    asio::awaitable<void> with_a_slot() {
        const auto executor = co_await asio::this_coro::executor;
        const std::string text = unique();
        const auto cancel = std::make_shared<asio::cancellation_signal>();
        asio::steady_timer timer{executor, moment()};
        timer.async_wait([cancel](std::error_code error) {
            if (!error) cancel->emit(asio::cancellation_type::terminal);
        });
        auto call = client_.ping(text);
        const std::string reply = co_await asio::co_spawn(
            executor, std::move(call),
            asio::bind_cancellation_slot(cancel->slot(), asio::use_awaitable));
        tally_.add(reply == text);
    }

    // Nobody else has this counter: it never goes back.
    asio::awaitable<void> increment() {
        const std::string counter =
            "counter " + std::to_string(reinterpret_cast<std::uintptr_t>(this));
        const auto now = co_await client_.incr(counter);
        tally_.add(now > count_);
        count_ = now;
    }

    asio::awaitable<void> read_several() {
        const int one = any(keys);
        const int two = any(keys);
        const std::string first = key_of(one);
        const std::string second = key_of(two);
        const std::string text = unique();
        const auto [a, echo, b] = co_await client_.pipeline()
                                      .get(first)
                                      .template command<std::string>("ECHO", text)
                                      .get(second)
                                      .execute();
        tally_.add(a == value_of(one) && b == value_of(two) && echo == text);
    }

    std::string unique() { return std::to_string(random_()) + " " + std::to_string(random_()); }

    client& client_;
    tally& tally_;
    std::mt19937 random_;
    std::int64_t count_ = 0;
};

// Now and then a connection is lost, each time otherwise.
asio::awaitable<void> make_trouble(fault_proxy& proxy, client& direct, const tally& of) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor};
    for (unsigned turn = 0; of.running > 0; ++turn) {
        timer.expires_after(20ms);
        co_await timer.async_wait(asio::use_awaitable);
        switch (turn % 5) {
        case 0: proxy.strike(fault::reset); break;
        case 1: proxy.strike(fault::close); break;
        case 2: co_await direct.send("CLIENT", "KILL", "SKIPME", "yes"); break;
        case 3: proxy.strike(fault::half_close); break;
        default: proxy.strike(fault::stall); break;
        }
        fault_plan plan;
        plan.piece = turn % 3 == 0 ? 100 : turn % 3 == 1 ? 4'000 : 1'000'000;
        proxy.plan_for_all(plan);
    }
}

void soak(int coroutines, int calls_of_each) {
    const own_server server;
    tally all;
    asio::io_context context{1};
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client direct = co_await client::connect(server.address());
            for (int i = 0; i < keys; ++i)
                co_await direct.set(key_of(i), value_of(i));
            fault_proxy proxy{executor, server.port()};
            connect_options options;
            options.call_timeout = 2s;
            options.reconnect_delay = 1ms;
            options.longest_reconnect_delay = 5ms;
            options.health_check = 50ms;
            client c = co_await client::connect(proxy.address(), options);
            std::vector<std::unique_ptr<worker>> workers;
            for (int i = 0; i < coroutines; ++i) {
                workers.push_back(std::make_unique<worker>(c, all, static_cast<unsigned>(i)));
                ++all.running;
                asio::co_spawn(executor, workers.back()->work(calls_of_each),
                               [&](const std::exception_ptr& failed) {
                                   --all.running;
                                   if (failed) std::rethrow_exception(failed);
                               });
            }
            co_await make_trouble(proxy, direct, all);
            co_await until([&] { return c.counters().in_flight == 0; }); // but for a PING
            CHECK(c.counters().reconnects > 0);
        },
        rethrow);
    context.run();
    CHECK(all.running == 0);
    CHECK(all.wrong == 0);
    CHECK(all.strange == 0);
    CHECK(all.succeeded + all.failed == coroutines * calls_of_each);
    CHECK(all.succeeded > coroutines * calls_of_each / 10);
    CHECK(all.failed > coroutines / 10);
}

} // namespace

TEST_CASE("every reply is that of its call") {
    soak(1'000, 50);
}

TEST_CASE("every reply is that of its call, a million times", "[.long]") {
    soak(1'000, 1'000);
}

TEST_CASE("a client on a strand, of whom callers on other threads ask by way of it") {
    const own_server server;
    asio::io_context context;
    const auto strand = asio::make_strand(context);
    std::optional<fault_proxy> proxy;
    std::optional<client> c;
    connect_options options;
    options.reconnect_delay = 1ms;
    // Ends of calls, and callers that have ended.
    std::atomic<int> right = 0;
    std::atomic<int> failed = 0;
    std::atomic<int> wrong = 0;
    constexpr int callers = 20;
    constexpr int calls = 100;
    std::atomic<int> left = callers * calls;

    const auto end_of_call = [&](bool is_right) {
        ++(is_right ? right : wrong);
        --left;
    };
    const auto ask_by_coroutine = [&](int seed) -> asio::awaitable<void> {
        for (int i = 0; i < calls; ++i) {
            const std::string text = std::to_string(seed) + "-" + std::to_string(i);
            try {
                auto call = c->ping(text);
                const std::string reply =
                    co_await asio::co_spawn(strand, std::move(call), asio::use_awaitable);
                end_of_call(reply == text);
            } catch (const call_error&) {
                ++failed;
                --left;
            }
        }
    };
    const auto ask_by_callback = [&](int seed) {
        for (int i = 0; i < calls; ++i) {
            const std::string text = std::to_string(seed) + "-" + std::to_string(i);
            asio::dispatch(strand, [&, text] {
                c->ping(text, asio::bind_executor(context.get_executor(),
                                                  [&, text](const std::exception_ptr& why,
                                                            const std::string& reply) {
                                                      if (!why) return end_of_call(reply == text);
                                                      ++failed;
                                                      --left;
                                                  }));
            });
        }
    };
    const auto begin = [&]() -> asio::awaitable<void> {
        proxy.emplace(strand, server.port());
        c = co_await client::connect(proxy->address(), options);
        for (int i = 0; i < callers / 2; ++i)
            asio::co_spawn(context, ask_by_coroutine(i), rethrow);
        for (int i = callers / 2; i < callers; ++i)
            asio::post(context, [&, i] { ask_by_callback(i); });
        asio::steady_timer timer{strand};
        for (int i = 0; left > 0; ++i) {
            timer.expires_after(5ms);
            co_await timer.async_wait(asio::use_awaitable);
            if (i % 4 == 0) proxy->strike(i % 8 == 0 ? fault::reset : fault::close);
        }
        c.reset();
        proxy.reset();
    };
    asio::co_spawn(strand, begin(), rethrow);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] { context.run_for(60s); });
    for (std::thread& each : threads)
        each.join();
    CHECK(left == 0);
    CHECK(wrong == 0);
    CHECK(right + failed == callers * calls);
    CHECK(right > 0);
}
