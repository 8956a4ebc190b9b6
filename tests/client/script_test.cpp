// Scripts: by their digest, and whole when the server does not know it.
#include <mini_redis/client.hpp>
#include <mini_redis/script.hpp>
#include <string>
#include <vector>

#include "client/typed_calls.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

const script& compare_and_delete() {
    static const script made{R"(
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0)"};
    return made;
}

} // namespace

TEST_CASE("a script has a digest") {
    CHECK(script{"return 1"}.sha1() == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    CHECK(script{""}.sha1() == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST_CASE("scripts run, known or not") {
    with_each_server_that_knows("EVALSHA", [](blocking_client& c) {
        c.script_flush();
        c.set("lock", "token");
        for (int i = 0; i < 2; ++i) { // unknown, and known
            CHECK_FALSE(c.eval<bool>(compare_and_delete(), {"lock"}, "other's"));
            CHECK(c.script_exists({compare_and_delete().sha1()}) == std::vector<bool>{true});
        }
        CHECK(c.eval<bool>(compare_and_delete(), "lock", "token"));
        CHECK(c.get("lock") == std::nullopt);
        const script count{"return {#KEYS, #ARGV, ARGV[1] or false}"};
        using counted = std::tuple<int, int, std::optional<std::string>>;
        CHECK(c.eval<counted>(count, {}) == counted{0, 0, std::nullopt});
        CHECK(c.eval<counted>(count, {"a", "b"}, 1, std::vector<int>{2, 3}) == counted{2, 3, "1"});
        CHECK(c.eval_ro<counted>(count, "a") == counted{1, 0, std::nullopt});
        CHECK(c.script_load(count) == count.sha1());

        const auto wrong = c.eval<int>(script{"return redis.error_reply('ERR no')"}, {}, as_result);
        CHECK(wrong.error().text() == "ERR no");
        const auto syntax = c.eval<int>(script{"this is no Lua"}, {}, as_result);
        CHECK(is_refused(syntax, "ERR Error compiling script"));

        c.script_flush();
        c.set("lock", "token");
        const auto [deleted, value] =
            c.transaction().eval<bool>(compare_and_delete(), "lock", "token").get("lock").execute();
        CHECK(deleted);
        CHECK(value == std::nullopt);
    });
}

TEST_CASE("functions") {
    with_each_server_that_knows("FCALL", [](blocking_client& c) {
        const char* const code =
            "#!lua name=mine\n"
            "redis.register_function('twice', function(keys, args) "
            "return args[1] * 2 end)\n"
            "redis.register_function{function_name='one', flags={'no-writes'}, "
            "callback=function(keys) return #keys end}";
        CHECK(c.function_load(code) == "mine");
        CHECK(c.function_load(code, true) == "mine");
        CHECK(c.fcall<int>("twice", {}, 21) == 42);
        CHECK(c.fcall_ro<int>("one", {"key"}) == 1);
        c.function_delete("mine");
        CHECK(is_refused(c.fcall<int>("twice", {}, 21, as_result), "ERR Function not found"));
        c.function_flush();
    });
}

TEST_CASE("a script that a restarted server has forgotten runs all the same, by any token") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = start(server_kind::redis);
    run([&]() -> asio::awaitable<void> {
        client c = co_await client::connect(address_of(server));
        const script twice{"return ARGV[1] * 2"};
        int doubled = co_await c.eval<int>(twice, {}, 21);
        CHECK(doubled == 42);
        co_await c.script_flush();
        doubled = co_await c.eval<int>(twice, {}, 2);
        CHECK(doubled == 4);
        co_await c.script_flush();
        std::optional<int> called;
        c.eval<int>(twice, {}, 3, [&](const std::exception_ptr& failed, int value) {
            if (!failed) called = value;
        });
        co_await until([&] { return called.has_value(); });
        CHECK(called == 6);
        // Those behind it get their own.
        co_await c.script_flush();
        auto first = c.eval<int>(twice, {}, 4);
        auto second = c.ping("second");
        std::optional<int> eight;
        spawn(co_await asio::this_coro::executor,
              [](asio::awaitable<int> call, std::optional<int>& to) -> asio::awaitable<void> {
                  to = co_await std::move(call);
              }(std::move(first), eight));
        const std::string text = co_await std::move(second);
        CHECK(text == "second");
        co_await until([&] { return eight.has_value(); });
        CHECK(eight == 8);
    });
}

TEST_CASE("streams that are waited for") {
    with_each_server_that_knows("XREAD", [](blocking_client& c) {
        CHECK(c.xread_wait("s", "$", 1ms).empty());
        const std::string id = c.xadd("s", "field", "value");
        const auto entries = c.xread_wait("s", 0, 1s);
        REQUIRE(entries.size() == 1);
        CHECK(entries[0].id == id);
        c.xgroup_create("s", "group", "0");
        CHECK(c.xreadgroup_wait("group", "me", "s", ">", 1s).size() == 1);
        CHECK(c.xreadgroup_wait("group", "me", "s", ">", 1ms).empty());
    });
}
