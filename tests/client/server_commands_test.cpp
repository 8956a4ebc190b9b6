// The typed commands about servers, connections and who listens.
#include <algorithm>
#include <map>
#include <mini_redis/client.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/typed_calls.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

using texts = std::vector<std::string>;
using settings = std::map<std::string, std::string>;

// A field of a line of CLIENT LIST.
std::string field_of(const std::string& line, const std::string& name) {
    const std::size_t from = line.find(" " + name + "=") + name.size() + 2;
    return line.substr(from, line.find(' ', from) - from);
}

} // namespace

TEST_CASE("INFO, TIME, COMMAND") {
    with_each_server([](blocking_client& c) {
        CHECK(c.info().find("redis_version:") != std::string::npos);
        CHECK(c.info("memory").find("redis_version:") == std::string::npos);
        CHECK(c.info("memory", "server").find("redis_version:") != std::string::npos);
        CHECK(c.info("absent").empty());
        const server_info all = c.info_map();
        CHECK(all.at("redis_version").starts_with("7."));
        CHECK(all.contains("used_memory"));
        CHECK_FALSE(all.contains("# Server"));
        const server_info some = c.info_map("keyspace", texts{"server"});
        CHECK(some.contains("redis_version"));
        CHECK_FALSE(some.contains("used_memory"));
        CHECK(c.info_map("absent").empty());

        const server_time now = c.time();
        const auto here = std::chrono::system_clock::now();
        CHECK(now > here - 1h);
        CHECK(now < here + 1h);
        CHECK(c.time<std::pair<std::int64_t, int>>().second < 1'000'000);

        const auto names = c.command_list<std::set<std::string>>();
        CHECK(names.contains("get"));
        CHECK(c.command_count() > 100);
        CHECK(c.command_count() <= static_cast<std::int64_t>(names.size())); // subcommands, too
        CHECK(c.command_getkeys("MSET", "a", 1, "b", 2) == texts{"a", "b"});
        CHECK(is_refused(c.command_getkeys("PING", "x", as_result), "ERR The command has no key"));
        CHECK(c.echo("hello") == "hello");
    });
}

TEST_CASE("ACL WHOAMI") {
    with_each_server_that_knows("ACL",
                                [](blocking_client& c) { CHECK(c.acl_whoami() == "default"); });
}

TEST_CASE("CONFIG") {
    with_each_server([](blocking_client& c) {
        c.config_set("list-max-listpack-size", 100);
        CHECK(c.config_get("list-max-listpack-size") ==
              settings{{"list-max-listpack-size", "100"}});
        c.config_set(settings{{"list-max-listpack-size", "50"}, {"hash-max-listpack-value", "64"}});
        CHECK(c.config_get<std::map<std::string, int>>("list-max-listpack-s*",
                                                       "hash-max-listpack-value") ==
              std::map<std::string, int>{{"list-max-listpack-size", 50},
                                         {"hash-max-listpack-value", 64}});
        CHECK(c.config_get("absent").empty());
        CHECK(is_refused(c.config_set("absent", 1, as_result), "ERR Unknown option"));
        c.config_resetstat();
        CHECK(is_refused(c.config_rewrite(as_result), "ERR The server is running without"));
    });
}

TEST_CASE("CLIENT") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        with_both_protocols(kind, server, [&](blocking_client& c) {
            connect_options once; // so that it is seen to be gone
            once.reconnect = false;
            auto other = blocking_client::connect(address_of(server), once);
            CHECK(other.client_id() > c.client_id());
            CHECK(c.client_getname().value_or("") == "");
            c.client_setname("me");
            CHECK(c.client_getname() == "me");
            CHECK(field_of(c.client_info(), "name") == "me");
            CHECK(is_refused(c.client_setname("a b", as_result), "ERR Client names"));
            const std::string list = c.client_list();
            CHECK(std::ranges::count(list, '\n') >= 2);
            CHECK(list.find(" name=me ") != std::string::npos);
            c.client_no_evict(true);
            c.client_no_evict(false);
            CHECK_FALSE(c.client_unblock(other.client_id()));

            CHECK(c.client_kill({.id = 1'000'000}) == 0);
            CHECK(c.client_kill({.id = other.client_id()}) == 1);
            CHECK(other.ping(as_result).error().code() == errc::unknown_outcome);
            other = blocking_client::connect(address_of(server), once);
            const std::string address = field_of(other.client_info(), "addr");
            CHECK(c.client_kill({.address = address, .type = "normal"}) == 1);
            CHECK_FALSE(other.ping(as_result));
            other = blocking_client::connect(address_of(server), once);
            CHECK(c.client_kill({.user = "default"}) == 1); // not itself
            CHECK(is_refused(c.client_kill({.type = "x"}, as_result), "ERR Unknown client type"));
            other = blocking_client::connect(address_of(server), once);
            CHECK(other.client_kill({.local_address = address_of(server), .skip_me = false}) == 2);
            CHECK_FALSE(c.ping(as_result));
            CHECK_FALSE(other.ping(as_result));
        });
    }
}

TEST_CASE("CLIENT PAUSE and UNPAUSE") {
    with_each_server_that_knows("client|pause", [](blocking_client& c) {
        auto other = blocking_client::connect(field_of(c.client_info(), "laddr"));
        c.client_pause(1h, pause_mode::writes);
        CHECK(other.get("a") == std::nullopt);
        CHECK(other.within(50ms).set("a", 1, as_result).error().code() == errc::timed_out);
        c.client_unpause();
        CHECK(other.set("a", 2));
        c.client_pause(100ms, pause_mode::all); // for CLIENT UNPAUSE would wait, too
        CHECK(other.get("a") == "2");
    });
}

TEST_CASE("SLOWLOG") {
    with_each_server_that_knows("SLOWLOG", [](blocking_client& c) {
        c.client_setname("slow");
        c.config_set("slowlog-log-slower-than", -1);
        c.slowlog_reset();
        CHECK(c.slowlog_get().empty());
        c.config_set("slowlog-log-slower-than", 0);
        c.set("a", 1);
        c.get("a");
        c.config_set("slowlog-log-slower-than", -1);
        // SET, GET; and CONFIG SET, which sets at once what it is judged by.
        CHECK(c.slowlog_len() >= 2);
        const std::vector<slowlog_entry> all = c.slowlog_get(-1);
        REQUIRE(static_cast<std::int64_t>(all.size()) == c.slowlog_len());
        const auto set = std::ranges::find(all, texts{"SET", "a", "1"}, &slowlog_entry::command);
        REQUIRE(set != all.end());
        CHECK(set->when > std::chrono::system_clock::now() - 1h);
        CHECK(set->duration >= 0us);
        CHECK(set->client_address.starts_with("127.0.0.1:"));
        CHECK(set->client_name == "slow");
        CHECK(set->id < all.front().id);
        CHECK(c.slowlog_get(1).size() == 1);
        c.slowlog_reset();
        CHECK(c.slowlog_len() == 0);
    });
}

TEST_CASE("LATENCY") {
    with_each_server_that_knows("LATENCY", [](blocking_client& c) {
        c.latency_reset();
        CHECK(c.latency_latest().empty());
        CHECK(c.latency_history("command").empty());
        c.config_set("latency-monitor-threshold", 1);
        c.command<void>("DEBUG", "SLEEP", 0.02);
        c.config_set("latency-monitor-threshold", 0);
        const auto events = c.latency_latest();
        const auto event = std::ranges::find(events, "command", &latency_event::name);
        REQUIRE(event != events.end());
        CHECK(event->latest >= 20ms);
        CHECK(event->longest >= event->latest);
        CHECK(event->when > std::chrono::system_clock::now() - 1h);
        const auto history = c.latency_history("command");
        REQUIRE(history.size() == 1);
        CHECK(history[0].duration == event->latest);
        CHECK(history[0].when == event->when);
        CHECK(c.latency_reset("absent") == 0);
        CHECK(c.latency_reset("command") == 1);
    });
}

TEST_CASE("SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE") {
    with_each_server_that_knows("SAVE", [](blocking_client& c) {
        c.save();
        const auto saved = c.lastsave();
        CHECK(saved > std::chrono::system_clock::now() - 1h);
        CHECK(c.lastsave<std::int64_t>() == saved.time_since_epoch().count());
        const auto wait_until_it_ends = [&](std::string_view name) {
            for (int i = 0; i < 1000 && c.info_map("persistence").find(name)->second != "0"; ++i)
                std::this_thread::sleep_for(10ms);
        };
        CHECK(c.bgsave() == "Background saving started");
        wait_until_it_ends("rdb_bgsave_in_progress");
        CHECK(c.bgrewriteaof() == "Background append only file rewriting started");
        wait_until_it_ends("aof_rewrite_in_progress");
    });
}

TEST_CASE("databases change places") {
    with_each_server([](blocking_client& c) {
        c.set("a", 1);
        c.swapdb(0, 1);
        CHECK(c.exists("a") == 0);
        c.swapdb(1, 0);
        CHECK(c.get("a") == "1");
        c.flushall();
        CHECK(c.dbsize() == 0);
        CHECK(is_refused(c.swapdb(0, 1000, as_result), "ERR DB index is out of range"));
    });
}

TEST_CASE("PUBSUB") {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        with_both_protocols(kind, server, [&](blocking_client& c) {
            using counts = std::map<std::string, std::int64_t>;
            CHECK(c.pubsub_channels().empty());
            CHECK(c.pubsub_numpat() == 0);
            CHECK(c.pubsub_numsub().empty());
            {
                auto listener = blocking_client::connect(address_of(server)).subscribe({"a", "b"});
                listener.psubscribe({"x*"});
                auto second = blocking_client::connect(address_of(server)).subscribe({"a"});
                CHECK(c.pubsub_channels<std::set<std::string>>() ==
                      std::set<std::string>{"a", "b"});
                CHECK(c.pubsub_channels("b*") == texts{"b"});
                CHECK(c.pubsub_numsub("a", texts{"b", "c"}) ==
                      counts{{"a", 2}, {"b", 1}, {"c", 0}});
                CHECK(c.pubsub_numpat() == 1);
                CHECK(c.pubsub_shardchannels().empty());
                CHECK(c.pubsub_shardnumsub("a") == counts{{"a", 0}});
            }
            // Of a server that is told that they have gone, when it has been told.
            for (int i = 0; i < 1000 && c.pubsub_numpat() != 0; ++i)
                std::this_thread::sleep_for(10ms);
            CHECK(c.pubsub_channels().empty());
            CHECK(c.pubsub_shardchannels("*").empty());
        });
    }
}
