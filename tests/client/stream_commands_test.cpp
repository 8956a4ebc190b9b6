// The typed commands of streams.
#include <map>
#include <mini_redis/client.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/typed_calls.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using texts = std::vector<std::string>;
using pairs = std::vector<std::pair<std::string, std::string>>;

stream_entry entry(std::string id, pairs fields) {
    return {std::move(id), std::move(fields)};
}

// Three entries: 1-0, 2-0 and 3-0 with the field n.
void add_three(blocking_client& c, std::string_view key) {
    for (const std::string_view id : {"1-0", "2-0", "3-0"})
        c.xadd(key, {.id = id}, "n", id.substr(0, 1));
}

const stream_entry one = entry("1-0", {{"n", "1"}});
const stream_entry two = entry("2-0", {{"n", "2"}});
const stream_entry three = entry("3-0", {{"n", "3"}});

} // namespace

TEST_CASE("XADD, XLEN, XDEL, XTRIM") {
    with_each_server_that_knows("XADD", [](blocking_client& c) {
        const std::string id = c.xadd("s", "a", 1, "b", "two");
        CHECK(id.ends_with("-0"));
        CHECK(c.xadd("s", pairs{{"c", "3"}, {"d", "4"}}) > id);
        CHECK(c.xlen("s") == 2);
        CHECK(c.xlen("absent") == 0);
        CHECK(c.xrange("s", id, id) == stream_entries{entry(id, {{"a", "1"}, {"b", "two"}})});

        CHECK(c.xadd("absent", {.only_if_present = true}, "a", 1) == std::nullopt);
        CHECK(c.exists("absent") == 0);
        CHECK(c.xadd("t", {.id = "5-1"}, "a", 1) == "5-1");
        CHECK(c.xadd("t", {.id = "5-*"}, std::map<std::string, int>{{"a", 1}}) == "5-2");
        CHECK(is_refused(c.xadd("t", {.id = "5-2"}, "a", 1, as_result), "ERR The ID specified"));
        CHECK(c.xadd("t", {.id = "6", .trim = {.max_length = 2}}, "a", 1) == "6-0");
        CHECK(c.xlen("t") == 2);
        CHECK(c.xadd("t", {.id = "7", .trim = {.min_id = "6"}}, "a", 1) == "7-0");
        CHECK(c.xlen("t") == 2);
        // Whole nodes of a hundred entries go, or nothing.
        CHECK(c.xadd("t", {.id = "8", .trim = {.max_length = 1, .approximate = true, .limit = 10}},
                     "a", 1) == "8-0");
        CHECK(c.xlen("t") == 3);
        CHECK(is_refused(c.xadd("t", {.trim = {.max_length = 1, .limit = 1}}, "a", 1, as_result),
                         "ERR syntax error, LIMIT"));

        CHECK(c.xtrim("t", {.max_length = 2}) == 1);
        CHECK(c.xtrim("t", {.min_id = "8", .approximate = true}) == 0);
        CHECK(c.xtrim("t", {.min_id = "8"}) == 1);
        CHECK(c.xtrim("absent", {.max_length = 2}) == 0);
        CHECK(is_refused(c.xtrim("t", {}, as_result), "ERR wrong number of arguments"));

        CHECK(c.xdel("t", "8-0", "9-0") == 1);
        CHECK(c.xdel("t", texts{"8-0"}) == 0);
        CHECK(c.xlen("t") == 0);
        CHECK(c.exists("t") == 1); // a stream may be empty

        c.set("text", 1);
        CHECK(is_refused(c.xadd("text", "a", 1, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xlen("text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xdel("text", "1", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("XRANGE and XREVRANGE") {
    with_each_server_that_knows("XRANGE", [](blocking_client& c) {
        add_three(c, "s");
        CHECK(c.xrange("s", "-", "+") == stream_entries{one, two, three});
        CHECK(c.xrange("s", 2, "+") == stream_entries{two, three});
        CHECK(c.xrange("s", "(1-0", "(3-0") == stream_entries{two});
        CHECK(c.xrange("s", "-", "+", 2) == stream_entries{one, two});
        CHECK(c.xrange("s", 4, 5).empty());
        CHECK(c.xrange("absent", "-", "+").empty());
        CHECK(c.xrevrange("s", "+", "-") == stream_entries{three, two, one});
        CHECK(c.xrevrange("s", 2, 1) == stream_entries{two, one});
        CHECK(c.xrevrange("s", "+", "-", 1) == stream_entries{three});

        // as other types
        using by_field = std::vector<std::pair<std::string, std::map<std::string, int>>>;
        CHECK(c.xrange<by_field>("s", "-", 1) == by_field{{"1-0", {{"n", 1}}}});
        CHECK(c.xrange<std::vector<stream_entry>>("s", 3, 3).at(0).id == "3-0");

        c.set("text", 1);
        CHECK(is_refused(c.xrange("text", "-", "+", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xrange("s", "x", "+", 1, as_result), "ERR Invalid stream ID"));
        CHECK(is_refused(c.xrevrange("text", "+", "-", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("XREAD") {
    with_each_server_that_knows("XREAD", [](blocking_client& c) {
        add_three(c, "s");
        add_three(c, "t");
        CHECK(c.xread("s", 0) == stream_entries{one, two, three});
        CHECK(c.xread("s", "1-0", {.count = 1}) == stream_entries{two});
        CHECK(c.xread("s", "$").empty());
        CHECK(c.xread("absent", 0).empty());

        using ids = std::map<std::string, std::string>;
        CHECK(c.xread(ids{{"s", "2"}, {"t", "3"}}) == stream_batches{{"s", {three}}});
        CHECK(c.xread(ids{{"s", "0"}, {"t", "1-0"}}, {.count = 1}) ==
              stream_batches{{"s", {one}}, {"t", {two}}});
        CHECK(c.xread(std::vector<std::pair<std::string, int>>{{"t", 2}, {"s", 3}}) ==
              stream_batches{{"t", {three}}});
        CHECK(c.xread(ids{{"absent", "0"}, {"s", "3"}}).empty());

        // as another type, where null has to be thought of
        using read = std::optional<std::map<std::string, std::vector<stream_entry>>>;
        CHECK(c.xread<read>("s", 3) == std::nullopt);
        CHECK(c.xread<read>("s", 2).value().at("s") == std::vector<stream_entry>{three});

        c.set("text", 1);
        CHECK(is_refused(c.xread("text", 0, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xread("s", "x", as_result), "ERR Invalid stream ID"));
        CHECK(is_refused(c.xread(ids{}, as_result), "ERR wrong number of arguments"));
    });
}

TEST_CASE("XGROUP") {
    with_each_server_that_knows("XGROUP", [](blocking_client& c) {
        CHECK(is_refused(c.xgroup_create("s", "g", "$", as_result), "ERR The XGROUP subcommand"));
        c.xgroup_create("s", "g", "$", {.make_stream = true});
        CHECK(c.xlen("s") == 0);
        CHECK(is_refused(c.xgroup_create("s", "g", 0, as_result), "BUSYGROUP"));
        add_three(c, "s");
        c.xgroup_create("s", "h", 2, {.entries_read = 2});
        CHECK(c.xreadgroup("h", "c", "s", ">") == stream_entries{three});
        c.xgroup_setid("s", "h", 1);
        CHECK(c.xreadgroup("h", "c", "s", ">", {.count = 1}) == stream_entries{two});
        c.xgroup_setid("s", "h", 3, 3);
        CHECK(c.xreadgroup("h", "c", "s", ">").empty());

        CHECK(c.xgroup_createconsumer("s", "h", "d"));
        CHECK_FALSE(c.xgroup_createconsumer("s", "h", "d"));
        CHECK(c.xgroup_delconsumer("s", "h", "c") == 2);
        CHECK(c.xgroup_delconsumer("s", "h", "absent") == 0);
        CHECK(c.xgroup_destroy("s", "h"));
        CHECK_FALSE(c.xgroup_destroy("s", "h"));
        CHECK(is_refused(c.xgroup_setid("s", "absent", 0, as_result), "NOGROUP"));
        CHECK(is_refused(c.xgroup_createconsumer("s", "absent", "c", as_result), "NOGROUP"));
        CHECK(is_refused(c.xgroup_delconsumer("s", "absent", "c", as_result), "NOGROUP"));
        c.set("text", 1);
        CHECK(is_refused(c.xgroup_create("text", "g", 0, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xgroup_destroy("text", "g", as_result), "WRONGTYPE"));
    });
}

TEST_CASE("XREADGROUP, XACK, XPENDING") {
    with_each_server_that_knows("XREADGROUP", [](blocking_client& c) {
        using ids = std::map<std::string, std::string>;
        add_three(c, "s");
        c.xgroup_create("s", "g", 0);
        c.xgroup_create("t", "g", 0, {.make_stream = true});
        CHECK(c.xpending("s", "g") == pending_summary{});
        CHECK(c.xpending_range("s", "g", "-", "+", 10).empty());
        CHECK(c.xreadgroup("g", "a", "s", 0).empty()); // nothing is pending

        CHECK(c.xreadgroup("g", "a", "s", ">", {.count = 1}) == stream_entries{one});
        CHECK(c.xreadgroup("g", "b", ids{{"s", ">"}, {"t", ">"}}) ==
              stream_batches{{"s", {two, three}}});
        CHECK(c.xreadgroup("g", "b", ids{{"s", ">"}, {"t", ">"}}).empty());
        CHECK(c.xreadgroup("g", "b", ids{{"s", "2"}, {"t", "0"}}, {.count = 5}) ==
              stream_batches{{"s", {three}}, {"t", {}}});
        CHECK(c.xpending("s", "g") == pending_summary{3, "1-0", "3-0", {{"a", 1}, {"b", 2}}});

        const auto pending = c.xpending_range("s", "g", "-", "+", 2);
        REQUIRE(pending.size() == 2);
        CHECK(pending[0].id == "1-0");
        CHECK(pending[0].consumer == "a");
        CHECK(pending[0].idle < 60s);
        CHECK(pending[0].deliveries == 1);
        CHECK(pending[1].id == "2-0");
        CHECK(c.xpending_range("s", "g", "-", "+", 9, {.consumer = "b"}).size() == 2);
        CHECK(c.xpending_range("s", "g", "-", "+", 9, {.min_idle = 1h}).empty());
        CHECK(c.xpending_range("s", "g", 3, "+", 9, {.consumer = "b", .min_idle = 0ms}).size() ==
              1);

        // An entry that is deleted is pending all the same.
        CHECK(c.xdel("s", "2-0") == 1);
        const auto left = c.xreadgroup("g", "b", "s", 0);
        CHECK(left == stream_entries{entry("2-0", {}), three});
        CHECK(left.at(0).is_deleted());
        CHECK_FALSE(left.at(1).is_deleted());

        CHECK(c.xack("s", "g", "2-0", "9-0") == 1);
        CHECK(c.xack("s", "g", texts{"1-0", "3-0"}) == 2);
        CHECK(c.xack("absent", "g", 1) == 0);
        CHECK(c.xpending("s", "g").count == 0);

        c.xadd("s", {.id = "4-0"}, "n", 4);
        CHECK(c.xreadgroup("g", "a", "s", ">", {.acknowledge = true}).size() == 1);
        CHECK(c.xpending("s", "g").count == 0);

        c.set("text", 1);
        CHECK(is_refused(c.xreadgroup("absent", "c", "s", ">", as_result), "NOGROUP"));
        CHECK(is_refused(c.xreadgroup("g", "c", "text", ">", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xpending("s", "absent", as_result), "NOGROUP"));
        CHECK(is_refused(c.xpending_range("absent", "g", "-", "+", 1, as_result), "NOGROUP"));
        CHECK(is_refused(c.xack("text", "g", 1, as_result), "WRONGTYPE"));
    });
}

TEST_CASE("XCLAIM and XAUTOCLAIM") {
    with_each_server_that_knows("XCLAIM", [](blocking_client& c) {
        add_three(c, "s");
        c.xgroup_create("s", "g", 0);
        CHECK(c.xautoclaim("s", "g", "b", 0ms, 0) == autoclaimed<stream_entries>{"0-0", {}, {}});
        CHECK(c.xreadgroup("g", "a", "s", ">").size() == 3);

        CHECK(c.xclaim("s", "g", "b", 1h, "1-0").empty());
        CHECK(c.xclaim("s", "g", "b", 0ms, "1-0", texts{"2-0"}) == stream_entries{one, two});
        CHECK(c.xclaim("s", "g", "b", 0ms, "9-0").empty());
        CHECK(c.xclaim<std::vector<stream_entry>>("s", "g", "b", 0ms, 1).size() == 1);
        CHECK(c.xclaim_justid("s", "g", "b", 0ms, "3-0") == texts{"3-0"});
        CHECK(c.xclaim("s", "g", "b", 0ms, {.idle = 1h, .deliveries = 7}, "3-0") ==
              stream_entries{three});
        const auto pending = c.xpending_range("s", "g", 3, 3, 1);
        REQUIRE(pending.size() == 1);
        CHECK(pending[0].idle >= 1h);
        CHECK(pending[0].deliveries == 7);
        const auto yesterday = std::chrono::system_clock::now() - 24h;
        CHECK(c.xclaim_justid("s", "g", "b", 0ms, {.delivered = yesterday}, "3-0") == texts{"3-0"});
        CHECK(c.xpending_range("s", "g", 3, 3, 1).at(0).idle > 23h);
        CHECK(c.xack("s", "g", "1-0") == 1);
        CHECK(c.xclaim("s", "g", "b", 0ms, {.force = true, .last_id = "3-5"}, "1-0") ==
              stream_entries{one});
        CHECK(c.xinfo_groups("s").at(0).last_delivered_id == "3-5");

        CHECK(c.xautoclaim("s", "g", "c", 2h, 0).claimed == stream_entries{three});
        CHECK(c.xautoclaim("s", "g", "c", 0ms, 0, 2) ==
              autoclaimed<stream_entries>{"3-0", {one, two}, {}});
        CHECK(c.xautoclaim_justid("s", "g", "c", 0ms, "3-0") ==
              autoclaimed<texts>{"0-0", {"3-0"}, {}});
        CHECK(c.xautoclaim_justid("s", "g", "c", 0ms, 0, 1) ==
              autoclaimed<texts>{"2-0", {"1-0"}, {}});

        // Entries that are deleted are pending no longer.
        CHECK(c.xdel("s", "1-0", "2-0") == 2);
        CHECK(c.xclaim("s", "g", "c", 0ms, "1-0", "3-0") == stream_entries{three});
        CHECK(c.xautoclaim("s", "g", "c", 0ms, 0) ==
              autoclaimed<stream_entries>{"0-0", {three}, {"2-0"}});
        CHECK(c.xpending("s", "g").count == 1);

        c.set("text", 1);
        CHECK(is_refused(c.xclaim("s", "absent", "c", 0ms, 1, as_result), "NOGROUP"));
        CHECK(is_refused(c.xclaim_justid("text", "g", "c", 0ms, 1, as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xautoclaim("absent", "g", "c", 0ms, 0, as_result), "NOGROUP"));
        CHECK(is_refused(c.xautoclaim("text", "g", "c", 0ms, 0, as_result), "WRONGTYPE"));
    });
}

TEST_CASE("what Redis 6.2 tells of deleted entries is understood, too") {
    // By way of scripted_server, as there is no such server here: XCLAIM has a null in their place,
    // and XAUTOCLAIM two parts.
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_server server{executor};
        spawn(executor, [&]() -> asio::awaitable<void> {
            auto peer = co_await server.accept();
            co_await read_until(peer, "2-0\r\n");
            const std::string entries =
                "*2\r\n*-1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nn\r\n$1\r\n2\r\n";
            co_await write(peer, entries);
            co_await read_until(peer, "0\r\n");
            const std::string claimed = "*2\r\n$3\r\n0-0\r\n" + entries;
            co_await write(peer, claimed);
        });
        client c = co_await client::connect(server.address(), quiet());
        const stream_entries expected{two};
        const auto claimed = co_await c.xclaim("s", "g", "c", 0ms, "1-0", "2-0");
        CHECK(claimed == expected);
        const auto automatically = co_await c.xautoclaim("s", "g", "c", 0ms, 0);
        CHECK(automatically.next == "0-0");
        CHECK(automatically.claimed == expected);
        CHECK(automatically.deleted.empty());
    });
}

TEST_CASE("XINFO and XSETID") {
    with_each_server_that_knows("XINFO", [](blocking_client& c) {
        add_three(c, "s");
        c.xdel("s", "2-0");
        c.xgroup_create("s", "g", 0);
        c.xgroup_create("s", "h", "3-0", {.entries_read = 3});
        CHECK(c.xreadgroup("g", "a", "s", ">", {.count = 1}).size() == 1);

        const stream_info info = c.xinfo_stream("s");
        CHECK(info.length == 2);
        CHECK(info.radix_tree_keys == 1);
        CHECK(info.radix_tree_nodes == 2);
        CHECK(info.groups == 2);
        CHECK(info.last_generated_id == "3-0");
        CHECK(info.max_deleted_id == "2-0");
        CHECK(info.entries_added == 3);
        CHECK(info.recorded_first_id == "1-0");
        CHECK(info.first_entry == one);
        CHECK(info.last_entry == three);

        using groups = std::vector<stream_group_info>;
        CHECK(c.xinfo_groups("s") ==
              groups{{"g", 1, 1, "1-0", std::nullopt, std::nullopt}, {"h", 0, 0, "3-0", 3, 0}});
        const auto consumers = c.xinfo_consumers("s", "g");
        REQUIRE(consumers.size() == 1);
        CHECK(consumers[0].name == "a");
        CHECK(consumers[0].pending == 1);
        CHECK(consumers[0].idle < 60s);
        CHECK(c.xinfo_consumers("s", "h").empty());

        c.xsetid("s", "9-0");
        CHECK(c.xinfo_stream("s").last_generated_id == "9-0");
        c.xsetid("s", "10-0", {.entries_added = 20, .max_deleted_id = "5-0"});
        CHECK(c.xinfo_stream("s").entries_added == 20);
        CHECK(c.xinfo_stream("s").max_deleted_id == "5-0");
        CHECK(is_refused(c.xsetid("s", 1, as_result), "ERR The ID specified in XSETID"));

        c.xgroup_create("empty", "g", 0, {.make_stream = true});
        CHECK(c.xinfo_stream("empty").first_entry == std::nullopt);
        CHECK(c.xinfo_groups("empty").at(0).lag == 0);
        c.xadd("bare", "a", 1);
        CHECK(c.xinfo_groups("bare").empty());

        c.set("text", 1);
        CHECK(is_refused(c.xinfo_stream("absent", as_result), "ERR no such key"));
        CHECK(is_refused(c.xinfo_groups("text", as_result), "WRONGTYPE"));
        CHECK(is_refused(c.xinfo_consumers("s", "absent", as_result), "NOGROUP"));
        CHECK(is_refused(c.xsetid("absent", 1, as_result), "ERR no such key"));
    });
}

TEST_CASE("streams in pipelines and coroutines") {
    if (!is_available(server_kind::redis)) return;
    const redis_process server = start(server_kind::redis);
    auto c = blocking_client::connect(address_of(server));
    auto [id, size, created, read] = c.pipeline()
                                         .xadd("s", {.id = "1-0"}, "n", 1)
                                         .xlen("s")
                                         .xgroup_create("s", "g", 0)
                                         .xreadgroup("g", "c", "s", ">")
                                         .execute();
    CHECK(id == "1-0");
    CHECK(size == 1);
    CHECK(read == stream_entries{one});
    CHECK(c.within(5s).xread("s", 0) == stream_entries{one});

    run([&]() -> asio::awaitable<void> {
        client d = co_await client::connect(address_of(server));
        co_await d.xadd("s", {.id = "2-0", .trim = {.max_length = 10}}, "n", 2);
        std::string last = "0";
        int count = 0;
        for (const stream_entry& each : co_await d.xread("s", last, {.count = 10})) {
            last = each.id;
            ++count;
        }
        CHECK(count == 2);
        CHECK(last == "2-0");
        const auto length = co_await d.xlen("s", as_result);
        CHECK(length.value() == 2);
        co_await d.set("text", 1);
        const auto wrong = co_await d.xread("text", 0, {.count = 1}, as_result);
        CHECK(is_refused(wrong, "WRONGTYPE"));
        const auto claimed =
            co_await d.xclaim_justid("s", "g", "d", 0ms, {.idle = 1s, .force = true}, "1-0", 2);
        CHECK(claimed == texts{"1-0", "2-0"});
    });
}
