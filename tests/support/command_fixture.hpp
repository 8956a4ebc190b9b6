// Executes commands without any network: a keyspace, one client, a clock that is turned by hand,
// and a server that only remembers what it was asked for.
#pragma once

#include <map>
#include <mini_redis/clock.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/diagnostics.hpp"
#include "commands/executor.hpp"
#include "commands/function_store.hpp"
#include "commands/latency_histogram.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_store.hpp"
#include "commands/services.hpp"
#include "commands/settings.hpp"
#include "resp/output_buffer.hpp"
#include "resp/reply_writer.hpp"
#include "store/glob.hpp"
#include "store/sharded_store.hpp"

namespace mini_redis::test {

class fake_services final : public services {
public:
    void subscribe(client_state& client, subscription_kind kind, std::string_view name) override {
        listeners[{kind, std::string{name}}].insert(client.id);
    }

    void unsubscribe(client_state& client, subscription_kind kind, std::string_view name) override {
        const auto found = listeners.find({kind, std::string{name}});
        if (found == listeners.end()) return;
        found->second.erase(client.id);
        if (found->second.empty()) listeners.erase(found);
    }

    std::size_t publish(client_state*, std::string_view channel,
                        std::string_view payload) override {
        published.emplace_back(channel, payload);
        std::size_t reached = 0;
        for (const auto& [key, ids] : listeners)
            if (key.first == subscription_kind::channel ? key.second == channel
                                                        : glob_matches(key.second, channel))
                reached += ids.size();
        return reached;
    }

    std::size_t publish_to_shard(client_state*, std::string_view, std::string_view) override {
        return 0;
    }

    void begin_monitoring(client_state& client) override {
        client.monitoring = true;
        ++noted.monitors;
    }

    void end_monitoring(client_state& client) override {
        client.monitoring = false;
        --noted.monitors;
    }

    void feed_monitors(client_state&, const std::string& line) override { fed.push_back(line); }

    bool unblock(std::uint64_t, bool) override { return false; }

    script_store& scripts() override { return known_scripts; }

    function_store& functions() override { return known_functions; }

    running_scripts& running() override { return scripts_that_run; }

    void serve_others(client_state&) noexcept override {}

    void when_unlocked(client_state&, std::function<void()> action) override { action(); }

    void put_notices_first(client_state&) override {}

    void log(script_log_level, std::string_view text) noexcept override {
        logged.emplace_back(text);
    }

    std::size_t blocked_clients() override { return 0; }

    void resume_clients() override { ++resumed; }

    std::vector<std::string> active_channels(subscription_kind,
                                             std::optional<std::string_view> pattern) override {
        std::vector<std::string> names;
        for (const auto& [key, ids] : listeners)
            if (key.first == subscription_kind::channel &&
                (!pattern || glob_matches(*pattern, key.second)))
                names.push_back(key.second);
        return names;
    }

    std::size_t subscriber_count(subscription_kind, std::string_view channel) override {
        const auto found = listeners.find({subscription_kind::channel, std::string{channel}});
        return found == listeners.end() ? 0 : found->second.size();
    }

    std::size_t pattern_count() override {
        std::size_t count = 0;
        for (const auto& [key, ids] : listeners)
            count += key.first == subscription_kind::pattern;
        return count;
    }

    std::function<void()> waker(client_state&) override {
        return [] {};
    }

    void begin_wait(client_state&) noexcept override {}

    void begin_tracking(client_state& client, std::span<const std::string_view>) override {
        trackers.insert(client.id);
    }

    void end_tracking(client_state& client) noexcept override { trackers.erase(client.id); }

    bool has_client(std::uint64_t id) override { return id == 1; }

    std::vector<client_info> clients() override { return others; }

    client_info describe(const client_state& client) override {
        client_info info;
        info.id = client.id;
        if (client.extra) info.name = client.extra->name;
        return info;
    }

    void refresh(const client_state&) override {}

    std::size_t kill(client_state&, const client_filter& which) override {
        killed.push_back(which);
        return kill_result;
    }

    settings& configuration() override { return config; }

    server_statistics statistics() override { return figures; }

    void reset_statistics() override { figures = {}; }

    diagnostics& notes() override { return noted; }

    latency_counts latencies(std::size_t) override { return {}; }

    std::string address_of(const client_state& client) override {
        return "127.0.0.1:" + std::to_string(client.id);
    }

    void set_active_expiry(bool on) override { active_expiry = on; }

    bool make_room(change_log&) override { return true; }

    void shut_down() override { stopped = true; }

    settings config;
    server_statistics figures;
    diagnostics noted;
    std::map<std::pair<subscription_kind, std::string>, std::set<std::uint64_t>> listeners;
    std::vector<std::pair<std::string, std::string>> published;
    std::set<std::uint64_t> trackers;
    std::vector<client_info> others;
    std::vector<client_filter> killed;
    std::size_t kill_result = 0;
    int resumed = 0;
    std::vector<std::string> fed;
    bool active_expiry = true;
    bool stopped = false;

    script_store known_scripts;
    function_store known_functions;
    running_scripts scripts_that_run;
    std::vector<std::string> logged;
};

/// A test case derives from it, or makes one.
///
///     command_fixture redis;
///     CHECK(redis.run("SET k v") == "+OK\r\n");
class command_fixture {
public:
    explicit command_fixture(std::size_t shards = 16) : store{shards, 16} { client.id = 1; }

    /// Executes a request of words without spaces in them, and returns the bytes of its reply.
    std::string run(std::string_view request) {
        std::vector<std::string_view> words;
        while (!request.empty()) {
            const std::size_t end = std::min(request.find(' '), request.size());
            if (end != 0) words.push_back(request.substr(0, end));
            request.remove_prefix(std::min(end + 1, request.size()));
        }
        return run(words);
    }

    std::string run(std::span<const std::string_view> words) {
        output_buffer out;
        reply_writer reply{out, client.protocol};
        commands.tick();
        commands.execute(client, words, reply);
        return std::string{out.view()};
    }

    std::string run(std::initializer_list<std::string_view> words) {
        return run(std::span{words.begin(), words.size()});
    }

    manual_clock time;
    sharded_store store;
    fake_services server;
    counters count;
    client_state client;
    executor commands{store, time, server, count};
};

/// What a bulk string is on the wire.
inline std::string bulk(std::string_view text) {
    return '$' + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}

} // namespace mini_redis::test
