// Typed commands: the server itself, its settings, its clients and what it is doing.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/commands/server_replies.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// Which connections client_kill() closes: those to which all of it applies.
struct client_filter {
    std::optional<std::int64_t> id{};
    std::string_view address{};       ///< ADDR: "127.0.0.1:50000", the client's end
    std::string_view local_address{}; ///< LADDR: the server's end
    std::string_view type{};          ///< TYPE: "normal", "pubsub" …
    std::string_view user{};
    bool skip_me = true; ///< SKIPME: not the connection that asks
};

/// What waits while clients are paused.
enum class pause_mode { all, writes };

template <class Self>
class server_commands {
public:
    /// INFO: all of it, or these sections, as a text of lines.
    auto info(const auto&... sections) {
        return issue_all<std::string>(self(), command_line{"INFO"}, sections...);
    }

    /// The same by the lines' names.
    ///
    ///     const server_info memory = co_await c.info_map("memory");
    ///     std::string used = memory.at("used_memory");
    auto info_map(const auto&... sections) {
        return issue_all<server_info>(self(), command_line{"INFO"}, sections...);
    }

    /// TIME: by the server's clock.
    template <class Reply = server_time>
    auto time(auto... token) {
        return issue<Reply>(self(), short_command{"TIME"}, std::move(token)...);
    }

    /// CONFIG GET: the settings that match any of the patterns, by name.
    template <class Reply = std::map<std::string, std::string>>
    auto config_get(const auto&... patterns) {
        return issue_all<Reply>(self(), command_line{"CONFIG", "GET"}, patterns...);
    }

    /// CONFIG SET: name, value, name, value …, or a map. All of them or none.
    auto config_set(const auto&... settings) {
        return issue_all<void>(self(), command_line{"CONFIG", "SET"}, settings...);
    }

    /// CONFIG RESETSTAT: INFO's counters begin anew.
    auto config_resetstat(auto... token) {
        return issue<void>(self(), short_command{"CONFIG", "RESETSTAT"}, std::move(token)...);
    }

    /// CONFIG REWRITE: the settings are written to the server's configuration file.
    auto config_rewrite(auto... token) {
        return issue<void>(self(), short_command{"CONFIG", "REWRITE"}, std::move(token)...);
    }

    /// CLIENT LIST: a text with a line for each connection.
    auto client_list(auto... token) {
        return issue<std::string>(self(), short_command{"CLIENT", "LIST"}, std::move(token)...);
    }

    /// CLIENT KILL: how many connections were closed. One that closes itself still gets the reply.
    auto client_kill(const client_filter& which, auto... token) {
        command_line line{"CLIENT", "KILL"};
        if (which.id) line.add("ID").add(*which.id);
        if (!which.address.empty()) line.add("ADDR").add(which.address);
        if (!which.local_address.empty()) line.add("LADDR").add(which.local_address);
        if (!which.type.empty()) line.add("TYPE").add(which.type);
        if (!which.user.empty()) line.add("USER").add(which.user);
        line.add("SKIPME").add(which.skip_me ? "yes" : "no");
        return issue<std::int64_t>(self(), std::move(line), std::move(token)...);
    }

    /// CLIENT UNBLOCK: ends the wait of a connection's blocking command, as if its time were up;
    /// whether there was one.
    auto client_unblock(std::int64_t id, auto... token) {
        return issue<bool>(self(), short_command{"CLIENT", "UNBLOCK", id}, std::move(token)...);
    }

    /// CLIENT PAUSE: for so long commands wait: all, or those that may write.
    auto client_pause(std::chrono::milliseconds duration, pause_mode mode, auto... token) {
        const std::string_view what = mode == pause_mode::all ? "ALL" : "WRITE";
        return issue<void>(self(), short_command{"CLIENT", "PAUSE", duration.count(), what},
                           std::move(token)...);
    }

    /// CLIENT UNPAUSE: what waits goes on.
    auto client_unpause(auto... token) {
        return issue<void>(self(), short_command{"CLIENT", "UNPAUSE"}, std::move(token)...);
    }

    /// SLOWLOG GET: the latest slow commands, ten or as many as told (-1: all).
    template <class Reply = std::vector<slowlog_entry>>
    auto slowlog_get(auto... token) {
        return issue<Reply>(self(), short_command{"SLOWLOG", "GET"}, std::move(token)...);
    }

    template <class Reply = std::vector<slowlog_entry>>
    auto slowlog_get(std::integral auto count, auto... token) {
        return issue<Reply>(self(), short_command{"SLOWLOG", "GET", count}, std::move(token)...);
    }

    /// SLOWLOG LEN: how many of them are kept.
    auto slowlog_len(auto... token) {
        return issue<std::int64_t>(self(), short_command{"SLOWLOG", "LEN"}, std::move(token)...);
    }

    /// SLOWLOG RESET: forgets them.
    auto slowlog_reset(auto... token) {
        return issue<void>(self(), short_command{"SLOWLOG", "RESET"}, std::move(token)...);
    }

    /// LATENCY LATEST: the latest event of each kind that took longer than the setting
    /// latency-monitor-threshold.
    template <class Reply = std::vector<latency_event>>
    auto latency_latest(auto... token) {
        return issue<Reply>(self(), short_command{"LATENCY", "LATEST"}, std::move(token)...);
    }

    /// LATENCY HISTORY: those of one kind, "command" say.
    template <class Reply = std::vector<latency_sample>>
    auto latency_history(std::string_view event, auto... token) {
        return issue<Reply>(self(), short_command{"LATENCY", "HISTORY", event},
                            std::move(token)...);
    }

    /// LATENCY RESET: forgets these kinds of events, or all; how many there were.
    auto latency_reset(const auto&... events) {
        return issue_all<std::int64_t>(self(), command_line{"LATENCY", "RESET"}, events...);
    }

    /// SAVE: the data set is written to disk; the server does nothing else meanwhile.
    auto save(auto... token) {
        return issue<void>(self(), short_command{"SAVE"}, std::move(token)...);
    }

    /// BGSAVE, BGREWRITEAOF: begins to write it in the background; what the server says to that.
    auto bgsave(auto... token) {
        return issue<std::string>(self(), short_command{"BGSAVE"}, std::move(token)...);
    }

    auto bgrewriteaof(auto... token) {
        return issue<std::string>(self(), short_command{"BGREWRITEAOF"}, std::move(token)...);
    }

    /// LASTSAVE: when it was written last.
    template <class Reply = std::chrono::sys_seconds>
    auto lastsave(auto... token) {
        return issue<Reply>(self(), short_command{"LASTSAVE"}, std::move(token)...);
    }

    /// COMMAND COUNT: how many commands the server has.
    auto command_count(auto... token) {
        return issue<std::int64_t>(self(), short_command{"COMMAND", "COUNT"}, std::move(token)...);
    }

    /// COMMAND LIST: their names.
    template <class Reply = std::vector<std::string>>
    auto command_list(auto... token) {
        return issue<Reply>(self(), short_command{"COMMAND", "LIST"}, std::move(token)...);
    }

    /// COMMAND GETKEYS: the keys among the words of a command.
    template <class Reply = std::vector<std::string>>
    auto command_getkeys(const auto&... words) {
        return issue_all<Reply>(self(), command_line{"COMMAND", "GETKEYS"}, words...);
    }

    /// ACL WHOAMI: the user's name.
    auto acl_whoami(auto... token) {
        return issue<std::string>(self(), short_command{"ACL", "WHOAMI"}, std::move(token)...);
    }

    /// SWAPDB: two databases change places.
    auto swapdb(int one, int other, auto... token) {
        return issue<void>(self(), short_command{"SWAPDB", one, other}, std::move(token)...);
    }

    /// FLUSHALL: empties all databases.
    auto flushall(auto... token) {
        return issue<void>(self(), short_command{"FLUSHALL"}, std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
