// Every call, in both protocols, against our server and a real one.
#include <cerrno>
#include <filesystem>
#include <mini_redis/client.hpp>
#include <string>
#include <vector>

#include "client/support.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

connect_options speaking(protocol_version protocol) {
    connect_options options;
    options.protocol = protocol;
    return options;
}

} // namespace

TEST_CASE("every call gives what the server says") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);

        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            INFO(to_string(kind) << ", RESP" << static_cast<int>(protocol));
            run([&]() -> asio::awaitable<void> {
                const connect_options options = speaking(protocol);
                client c = co_await client::connect(address_of(server), options);
                CHECK(c.is_open());
                CHECK(c.protocol() == protocol);

                std::string reply = co_await c.ping();
                CHECK(reply == "PONG");
                const std::string zeros{"a\0b\r\n\xff", 6};
                reply = co_await c.ping(zeros);
                CHECK(reply == zeros);

                std::optional<std::string> value = co_await c.get("absent");
                CHECK(value == std::nullopt);
                bool was_set = co_await c.set("key", zeros);
                CHECK(was_set);
                value = co_await c.get("key");
                CHECK(value == zeros);
                was_set = co_await c.set(zeros, "");
                CHECK(was_set);
                value = co_await c.get(zeros);
                CHECK(value == "");

                set_options if_absent;
                if_absent.condition = set_condition::if_absent;
                set_options if_present;
                if_present.condition = set_condition::if_present;
                was_set = co_await c.set("key", "other", if_absent);
                CHECK_FALSE(was_set);
                was_set = co_await c.set("absent", "other", if_present);
                CHECK_FALSE(was_set);
                was_set = co_await c.set("key", "other", if_present);
                CHECK(was_set);

                set_options for_a_minute;
                for_a_minute.ttl = 60s;
                was_set = co_await c.set("key", "short-lived", for_a_minute);
                CHECK(was_set);
                set_options keep_ttl;
                keep_ttl.keep_ttl = true;
                was_set = co_await c.set("key", "kept", keep_ttl);
                CHECK(was_set);
                frame ttl = co_await c.send("PTTL", "key");
                CHECK(ttl.as_integer() > 50'000);
                was_set = co_await c.set("key", "for ever");
                CHECK(was_set);
                ttl = co_await c.send("PTTL", "key");
                CHECK(ttl == frame::integer(-1));
                set_options no_time;
                no_time.ttl = 0ms;
                CHECK_THROWS_AS(co_await c.set("key", "x", no_time), redis_error);

                std::int64_t count = co_await c.del("key", zeros, "absent");
                CHECK(count == 2);
                const std::vector<std::string> keys{"a", "b", "c"};
                for (const std::string& key : keys)
                    co_await c.set(key, key);
                count = co_await c.del(keys);
                CHECK(count == 3);

                count = co_await c.publish("nobody listens", "message");
                CHECK(count == 0);
            });
        }
    }
}

TEST_CASE("send takes any command, and hands error replies back") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));

        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            frame reply = co_await c.send("SET", "n", 41);
            CHECK(reply.text() == "OK");
            reply = co_await c.send("INCRBY", "n", -std::int64_t{1} << 40);
            CHECK(reply == frame::integer(41 - (std::int64_t{1} << 40)));
            reply = co_await c.send("SET", "d", 0.1);
            reply = co_await c.send("GET", "d");
            CHECK(reply.text() == "0.1");

            command_line mset{"MSET"};
            for (int i = 0; i < 100; ++i)
                mset.add("key").add(i);
            reply = co_await c.send(std::move(mset));
            CHECK(reply.text() == "OK");
            reply = co_await c.send("GET", "key");
            CHECK(reply.text() == "99");

            const std::vector<std::string_view> words{"MGET", "key", "absent"};
            reply = co_await c.send(words);
            REQUIRE(reply.elements().size() == 2);
            CHECK(reply.elements()[0].text() == "99");
            CHECK(reply.elements()[1].is_null());

            reply = co_await c.send("NO_SUCH_COMMAND");
            CHECK(reply.is_error());
            reply = co_await c.send("INCR", "d");
            CHECK(reply.text() == "ERR value is not an integer or out of range");

            // A typed call throws what send() hands back.
            try {
                std::vector<std::string> no_keys;
                co_await c.del(no_keys);
                FAIL("an error reply was taken for a number");
            } catch (const redis_error& error) {
                CHECK(error.code() == "ERR");
                CHECK(std::string{error.what()} ==
                      "ERR wrong number of arguments for 'del' command");
            }
        });
    }
}

TEST_CASE("send refuses what would change the connection") {
    const redis_process server = redis_process::start_redis();
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        std::error_code error = co_await error_of(c.send("subscribe", "x"));
        CHECK(error == errc::not_allowed);
        error = co_await error_of(c.send("MONITOR"));
        CHECK(error == errc::not_allowed);
        error = co_await error_of(c.send("CLIENT", "REPLY", "OFF"));
        CHECK(error == errc::not_allowed);
        const std::vector<std::string_view> nothing;
        error = co_await error_of(c.send(nothing));
        CHECK(error == errc::not_allowed);
        error = co_await error_of(c.send(command_line{}));
        CHECK(error == errc::not_allowed);
        // They would be in force for the calls of others.
        error = co_await error_of(c.command<void>("MULTI"));
        CHECK(error == errc::not_allowed);
        error = co_await error_of(c.within(1s).send("watch", "key"));
        CHECK(error == errc::not_allowed);
        std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}

TEST_CASE("the options introduce the client") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
            INFO(to_string(kind) << ", RESP" << static_cast<int>(protocol));
            run([&]() -> asio::awaitable<void> {
                connect_options options = speaking(protocol);
                options.client_name = "tester";
                options.database = 3;
                client c = co_await client::connect(address_of(server), options);
                frame reply = co_await c.send("CLIENT", "GETNAME");
                CHECK(reply.text() == "tester");
                co_await c.set("where", "in three");
                reply = co_await c.send("SELECT", 0);
                const std::optional<std::string> value = co_await c.get("where");
                CHECK(value == std::nullopt);

                options.database = 99;
                CHECK_THROWS_AS(co_await client::connect(address_of(server), options), redis_error);
                options.database = 0;
                options.user = "nobody";
                options.password = "wrong";
                CHECK_THROWS_AS(co_await client::connect(address_of(server), options), redis_error);
            });
        }
    }
}

TEST_CASE("a URL says who connects, and to which database") {
    if (!is_available(server_kind::redis)) return;
    const auto folder = std::filesystem::temp_directory_path();
    const std::string path =
        (folder / ("mini redis " + std::to_string(find_free_port()) + ".sock")).string();
    const redis_process server =
        redis_process::start_redis({"--unixsocket", path, "--unixsocketperm", "700"});
    run([&]() -> asio::awaitable<void> {
        client first = co_await client::connect(address_of(server));
        co_await first.command<void>("CONFIG", "SET", "requirepass", "s3cr:t");
        const std::string login = "redis://default:s3cr%3At@";
        client c = co_await client::connect(login + address_of(server) + "/3");
        co_await c.set("key", "in 3");

        connect_options options;
        options.password = "s3cr:t";
        std::string encoded = path;
        encoded.replace(encoded.find("mini redis"), 10, "mini%20redis");
        client local = co_await client::connect("unix://" + encoded + "?db=3", options);
        auto value = co_await local.get("key");
        CHECK(value == "in 3");

        const auto refused = co_await error_of(client::connect("unix:///no/such/socket"));
        CHECK(refused.value() == ENOENT);
        const std::string long_path(200, 'x');
        const auto too_long = co_await error_of(client::connect("unix:///" + long_path));
        CHECK(too_long == errc::bad_address);
    });
    std::filesystem::remove(path);
}

TEST_CASE("a client that was moved from, or closed, says so") {
    const redis_process server = redis_process::start_redis();
    run([&]() -> asio::awaitable<void> {
        client first = co_await client::connect(address_of(server));
        client second = std::move(first);
        CHECK_FALSE(first.is_open());
        std::error_code error = co_await error_of(first.get("key"));
        CHECK(error == errc::client_closed);
        error = co_await error_of(std::move(first).subscribe("c"));
        CHECK(error == errc::client_closed);
        std::string reply = co_await second.ping();
        CHECK(reply == "PONG");
        second.close();
        CHECK_FALSE(second.is_open());
        error = co_await error_of(second.get("key"));
        CHECK(error == errc::client_closed);
    });
}

TEST_CASE("values of any size go there and back") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        INFO(to_string(kind));
        run([&]() -> asio::awaitable<void> {
            client c = co_await client::connect(address_of(server));
            for (const std::size_t size : {1, 4095, 65535, 65536, 1'000'000, 20'000'000}) {
                std::string value(size, '\0');
                for (std::size_t i = 0; i < size; ++i)
                    value[i] = static_cast<char>(i * 2654435761u >> 13);
                co_await c.set("large", value);
                const std::optional<std::string> back = co_await c.get("large");
                CHECK((back == value));
            }
        });
    }
}

TEST_CASE("IPv6") {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::error_code error;
        asio::ip::tcp::acceptor acceptor{executor};
        acceptor.open(asio::ip::tcp::v6(), error);
        if (!error) acceptor.bind({asio::ip::make_address("::1"), 0}, error);
        if (!error) acceptor.listen(1, error);
        if (error) {
            WARN("skipped: this machine has no IPv6");
            co_return;
        }
        const std::string port = std::to_string(acceptor.local_endpoint().port());
        client c = co_await client::connect("redis://[::1]:" + port, quiet());
        auto peer = co_await acceptor.async_accept(asio::use_awaitable);
        spawn(executor, [](asio::ip::tcp::socket& to) -> asio::awaitable<void> {
            co_await read_until(to, "PING\r\n");
            co_await write(to, "+PONG\r\n");
        }(peer));
        const std::string reply = co_await c.ping();
        CHECK(reply == "PONG");
    });
}
