// The network at its worst: a conversation that is cut, stalled, garbled and split at every byte,
// each way. However it fails, every call ends in time, what it returns is its own, and what it
// says of whether it has run is true.
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/fault_proxy.hpp"
#include "client/own_server.hpp"
#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using watching = watching_client<client>;

// How a call ended that increments a counter which nobody else touches.
struct counted {
    std::string key;
    bool idempotent = false;
    std::optional<failure> why{}; // none: it succeeded
};

// A conversation whose keys are all of its own number, and what became of it.
class conversation {
public:
    conversation(client& direct, int number, protocol_version protocol)
        : direct_{direct},
          number_{number} {
        options_.protocol = protocol;
        options_.client_name = "n";
        options_.reconnect_delay = 1ms;
        options_.longest_reconnect_delay = 2ms;
        options_.connect_timeout = 200ms;
        options_.call_timeout = 100ms;
        options_.health_check = 25ms;
    }

    /// How many calls had an unknown outcome, or none in time.
    int failures() const {
        return static_cast<int>(std::count_if(calls_.begin(), calls_.end(),
                                              [](const counted& call) { return call.why; }));
    }

    asio::awaitable<void> hold(const fault_proxy& proxy) {
        const auto begin = std::chrono::steady_clock::now();
        client c = co_await connect("redis://:pw@" + proxy.address() + "/3");
        const std::string value = co_await text_of("value");
        co_await direct_.rpush(name("list"), value);

        co_await increment(c, "a");
        co_await store_and_read(c, value);
        co_await beside_each_other(c);
        co_await pipeline(c, value);
        co_await pop(c, value);
        co_await transact(c);
        co_await listen(c);
        CHECK(std::chrono::steady_clock::now() - begin < 5s);

        // It works again, if it has not done so all the time.
        bool works = false;
        for (int i = 0; i < 50 && !works; ++i) {
            const result<std::string> pong =
                co_await c.idempotent().ping(value, as_result(asio::use_awaitable));
            works = pong.has_value() && *pong == value;
        }
        CHECK(works);
        co_await until([&] { return c.counters().in_flight == 0; }); // but for a PING
        c.close();
        co_await check_counters();
    }

private:
    std::string name(std::string_view what) const {
        return std::string{what} + std::to_string(number_);
    }

    // Values carry their key.
    asio::awaitable<std::string> text_of(std::string_view key) const {
        co_return "of " + name(key);
    }

    asio::awaitable<client> connect(std::string address) {
        for (int i = 0;; ++i) {
            try {
                co_return co_await client::connect(address, options_);
            } catch (const std::system_error& error) {
                if (i == 3) throw;
            }
        }
    }

    template <class T>
    void note(const result<T>& end, std::string key, bool idempotent = false) {
        counted call{std::move(key), idempotent};
        if (!end)
            call.why = end.error();
        else if constexpr (std::is_integral_v<T>)
            CHECK((idempotent ? *end >= 1 && *end <= 2 : *end == 1));
        check_failure(end);
        calls_.push_back(std::move(call));
    }

    template <class T>
    static void check_failure(const result<T>& end) {
        if (end) return;
        const std::error_code code = end.error().code();
        INFO(end.error().message());
        CHECK((code == errc::timed_out || code == errc::unknown_outcome || code == errc::not_sent ||
               code == errc::unexpected_reply)); // the last one where there is garbage
    }

    asio::awaitable<void> increment(client& c, std::string_view key, bool idempotent = false) {
        const std::string counter = name(key);
        result<std::int64_t> end;
        if (idempotent)
            end = co_await c.idempotent().incr(counter, as_result(asio::use_awaitable));
        else
            end = co_await c.incr(counter, as_result(asio::use_awaitable));
        note(end, counter, idempotent);
    }

    asio::awaitable<void> store_and_read(client& c, const std::string& value) {
        const std::string key = name("value");
        const auto set = co_await c.set(key, value, as_result(asio::use_awaitable));
        check_failure(set);
        const auto got = co_await c.get(key, as_result(asio::use_awaitable));
        check_failure(got);
        if (got && *got) CHECK(**got == value);
        if (got && !*got) CHECK_FALSE(set);
    }

    asio::awaitable<void> beside_each_other(client& c) {
        const auto executor = co_await asio::this_coro::executor;
        int left = 3;
        const auto done = [&left](const std::exception_ptr& failed) {
            --left;
            if (failed) std::rethrow_exception(failed);
        };
        asio::co_spawn(executor, increment(c, "b"), done);
        asio::co_spawn(executor, increment(c, "c", true), done);
        asio::co_spawn(executor, increment(c, "d"), done);
        const std::string own = name("echo");
        const auto echo = co_await c.ping(own, as_result(asio::use_awaitable));
        if (echo) CHECK(*echo == own);
        while (left > 0)
            co_await asio::post(executor, asio::use_awaitable);
    }

    asio::awaitable<void> pipeline(client& c, const std::string& value) {
        const std::string first = name("e");
        const std::string last = name("f");
        const std::string key = name("value");
        const auto end = co_await c.pipeline().incr(first).get(key).incr(last).execute(
            as_result(asio::use_awaitable));
        note(end, first);
        note(end, last);
        if (end && std::get<1>(*end)) CHECK(*std::get<1>(*end) == value);
    }

    asio::awaitable<void> pop(client& c, const std::string& value) {
        const key_names list{name("list")};
        const auto end = co_await c.blpop(list, 20ms, as_result(asio::use_awaitable));
        check_failure(end);
        if (end) {
            REQUIRE(*end); // nobody else takes it
            CHECK((*end)->first == name("list"));
            CHECK((*end)->second == value);
        } else if (!end.error().may_have_run()) {
            const auto left = co_await direct_.llen(name("list"));
            CHECK(left == 1);
        }
    }

    asio::awaitable<void> transact(client& c) {
        const std::string counter = name("g");
        result<std::int64_t> end;
        try {
            const auto [now] = co_await c.transaction(
                {counter}, [&](watching& t) { return t.exists(counter); },
                [&](auto t, auto) { return t.incr(counter); });
            end = now;
        } catch (...) {
            end = failure::from(std::current_exception());
        }
        note(end, counter);
    }

    asio::awaitable<void> listen(client& c) {
        const std::string channel = name("channel");
        for (int i = 0; i < 5; ++i) {
            try {
                subscriber s = co_await c.subscribe(channel);
                std::optional<message> m;
                for (int k = 0; k < 20 && !m; ++k) {
                    co_await direct_.publish(channel, "of " + channel);
                    try {
                        m = co_await s.next(20ms);
                    } catch (const std::system_error& error) {
                        CHECK(error.code() == errc::timed_out);
                    }
                }
                REQUIRE(m);
                CHECK(m->channel == channel);
                CHECK(m->payload == "of " + channel);
                co_return;
            } catch (const call_error& error) {
                check_failure(result<int>{failure{error.code(), error.what()}});
            }
        }
        FAIL("it could not subscribe");
    }

    asio::awaitable<void> check_counters() {
        for (const counted& call : calls_) {
            const auto found = co_await direct_.get<std::optional<int>>(call.key);
            const int times = found.value_or(0);
            INFO(call.key << ": " << (call.why ? call.why->message() : "succeeded"));
            const bool has_run = !call.why || call.why->code() == errc::unexpected_reply;
            if (has_run) CHECK(times >= 1);
            if (call.why && !call.why->may_have_run()) CHECK(times == 0);
            CHECK(times <= (call.idempotent ? 2 : 1));
        }
    }

    client& direct_;
    int number_;
    connect_options options_;
    std::vector<counted> calls_;
};

// Bytes of a connection of the conversation that go one way.
struct stream {
    std::size_t connection;
    direction way;
    std::size_t size;
};

// What passes without any fault.
asio::awaitable<std::vector<stream>> measure(fault_proxy& proxy, client& direct,
                                             protocol_version protocol) {
    conversation whole{direct, 0, protocol};
    co_await whole.hold(proxy);
    REQUIRE(whole.failures() == 0);
    REQUIRE(proxy.accepted() == 3); // the shared one, the pool's, the subscriber's
    std::vector<stream> streams;
    for (std::size_t i = 0; i < proxy.accepted(); ++i)
        for (const direction way : {direction::to_server, direction::to_client})
            streams.push_back({i, way, proxy.passed(i, way)});
    co_await direct.flushall();
    co_return streams;
}

class trial {
public:
    explicit trial(std::uint16_t port) : port_{port} {}

    /// The faults at every `step`-th byte of each connection; one of them a byte, in turn, unless
    /// `all`.
    trial& at_every(std::size_t step, const std::vector<fault>& faults, bool all = false) {
        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            std::vector<stream> streams;
            run([&]() -> asio::awaitable<void> { streams = co_await measure_all(protocol); });
            for (const stream& of : streams) // each with a watchdog of its own
                run([&]() { return at_every(step, faults, all, of, protocol); });
        }
        return *this;
    }

    int failures() const { return failures_; }

private:
    std::string address() const { return "redis://:pw@127.0.0.1:" + std::to_string(port_) + "/3"; }

    asio::awaitable<std::vector<stream>> measure_all(protocol_version protocol) {
        const auto executor = co_await asio::this_coro::executor;
        client direct = co_await client::connect(address());
        fault_proxy proxy{executor, port_};
        co_return co_await measure(proxy, direct, protocol);
    }

    asio::awaitable<void> at_every(std::size_t step, const std::vector<fault>& faults, bool all,
                                   stream of, protocol_version protocol) {
        const auto executor = co_await asio::this_coro::executor;
        client direct = co_await client::connect(address());
        fault_proxy proxy{executor, port_};
        for (std::size_t after = 0; after <= of.size; after += step) {
            for (std::size_t i = 0; i < (all ? faults.size() : 1); ++i) {
                const fault what = faults[turn_++ % faults.size()];
                // What garbage makes a server do is no matter of the client's.
                if (what == fault::garbage && of.way == direction::to_server) continue;
                fault_plan plan;
                plan.what = what;
                plan.way = of.way;
                plan.after = after;
                INFO(to_string(plan.what)
                     << " after " << after << " of " << of.size << " bytes to the "
                     << (of.way == direction::to_server ? "server" : "client") << " on connection "
                     << of.connection << ", RESP" << static_cast<int>(protocol));
                proxy.plan(of.connection, plan);
                conversation talk{direct, ++number_, protocol};
                co_await talk.hold(proxy);
                failures_ += talk.failures();
            }
        }
    }

    std::uint16_t port_;
    std::size_t turn_ = 0;
    int number_ = 0;
    int failures_ = 0;
};

} // namespace

TEST_CASE("a conversation that is cut at any byte") {
    const own_server server{"pw"};
    trial cuts{server.port()};
    cuts.at_every(1, {fault::close, fault::reset, fault::half_close});
    CHECK(cuts.failures() > 100);
}

TEST_CASE("a conversation with garbage at any byte") {
    const own_server server{"pw"};
    trial garbage{server.port()};
    garbage.at_every(1, {fault::garbage});
    CHECK(garbage.failures() > 100);
}

TEST_CASE("a conversation that stalls") {
    const own_server server{"pw"};
    trial stalls{server.port()};
    stalls.at_every(61, {fault::stall});
    CHECK(stalls.failures() > 5);
}

TEST_CASE("every fault at every byte", "[.long]") {
    const own_server server{"pw"};
    trial all{server.port()};
    all.at_every(1, {fault::close, fault::reset, fault::half_close, fault::garbage}, true);
    all.at_every(3, {fault::stall});
    CHECK(all.failures() > 1000);
}

TEST_CASE("a conversation that comes in pieces") {
    const own_server server{"pw"};
    for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
        run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            client direct = co_await client::connect("redis://:pw@" + server.address() + "/3");
            fault_proxy proxy{executor, server.port()};
            int number = 0;
            for (const std::size_t piece : {1, 2, 3, 5, 7, 11, 64}) {
                INFO(piece << " bytes at once");
                fault_plan plan;
                plan.piece = piece;
                proxy.plan_for_all(plan);
                conversation talk{direct, ++number, protocol};
                co_await talk.hold(proxy);
                CHECK(talk.failures() == 0);
            }
            co_await direct.flushall();
        });
    }
}

TEST_CASE(
    "pushes that are no messages are left out, and those that are no RESP end the connection") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        connect_options options;
        options.protocol = protocol_version::resp2;
        options.ask_before_calls = false;
        options.reconnect_delay = 1ms;
        client c = co_await client::connect(server.address(), options);
        asio::ip::tcp::socket shared = co_await server.accept();
        spawn(executor, [](scripted_server& from) -> asio::awaitable<void> {
            const std::string confirmed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
            const std::vector<std::string> fatal{
                ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$99999999999\r\n",
                ">-2\r\n",
                ">99999999999\r\n",
                "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nab\r\n",
                ">3\r\n$7\r\nmessage\r\n$4\r\nne", // and the end
            };
            for (const std::string& last : fatal) {
                asio::ip::tcp::socket peer = co_await from.accept();
                co_await read_until(peer, "news\r\n");
                co_await write(peer, confirmed + last);
                if (last == fatal.back()) break;
                co_await error_of(read_until(peer, "never"));
            }
            asio::ip::tcp::socket peer = co_await from.accept();
            co_await read_until(peer, "news\r\n");
            co_await write(peer, confirmed + ">0\r\n>1\r\n$7\r\nmessage\r\n"
                                             ">2\r\n$7\r\nmessage\r\n$4\r\nnews\r\n"
                                             "*4\r\n$7\r\nmessage\r\n+a\r\n+b\r\n+c\r\n"
                                             ">3\r\n$8\r\npmessage\r\n+a\r\n+b\r\n"
                                             ">5\r\n$8\r\npmessage\r\n+a\r\n+b\r\n+c\r\n+d\r\n"
                                             ">3\r\n$7\r\nmessage\r\n_\r\n:1\r\n"
                                             ">3\r\n$7\r\nmessage\r\n*1\r\n+a\r\n%1\r\n+a\r\n+b\r\n"
                                             ">3\r\n*1\r\n$7\r\nmessage\r\n+a\r\n+b\r\n"
                                             ">3\r\n:1\r\n+a\r\n+b\r\n>2\r\n+unknown\r\n+kind\r\n"
                                             "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$4\r\ngood\r\n");
            co_await error_of(read_until(peer, "never"));
        }(server));
        subscriber s = co_await c.subscribe("news");
        const std::optional<message> m = co_await s.next(20s);
        CHECK(m->payload == "good");
        CHECK(s.reconnects() == 5);
        const std::optional<message> more = s.try_next();
        CHECK_FALSE(more);
    });
}
