// Typed commands: keys of any type, and their times to live.
#pragma once

#include <chrono>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

template <class Self>
class key_commands {
public:
    /// DEL, UNLINK: how many of the keys there were. Keys are texts or ranges of them.
    auto del(const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"DEL"}, keys...);
    }

    auto unlink(const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"UNLINK"}, keys...);
    }

    /// EXISTS: how many of the keys there are; one that is named twice counts twice.
    auto exists(const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"EXISTS"}, keys...);
    }

    /// TOUCH: how many there are, which count as used now.
    auto touch(const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"TOUCH"}, keys...);
    }

    /// TYPE: "string", "list" …; "none" if there is no such key.
    auto type(std::string_view key, auto... token) {
        return issue<std::string>(self(), short_command{"TYPE", key}, std::move(token)...);
    }

    /// PEXPIRE: the key is gone after this time; whether it exists.
    auto expire(std::string_view key, std::chrono::milliseconds ttl, auto... token) {
        return issue<bool>(self(), short_command{"PEXPIRE", key, ttl.count()}, std::move(token)...);
    }

    /// PEXPIREAT: the key is gone at this time; whether it exists.
    auto expire_at(std::string_view key, std::chrono::system_clock::time_point when,
                   auto... token) {
        const auto since =
            std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch()).count();
        return issue<bool>(self(), short_command{"PEXPIREAT", key, since}, std::move(token)...);
    }

    /// PERSIST: the key stays; whether it had a time to live.
    auto persist(std::string_view key, auto... token) {
        return issue<bool>(self(), short_command{"PERSIST", key}, std::move(token)...);
    }

    /// TTL: in seconds; -1 without a time to live, -2 if there is no such key.
    auto ttl(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"TTL", key}, std::move(token)...);
    }

    /// PTTL: as ttl(), in milliseconds.
    auto pttl(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"PTTL", key}, std::move(token)...);
    }

    /// RENAME: an error if there is no such key.
    auto rename(std::string_view from, std::string_view to, auto... token) {
        return issue<void>(self(), short_command{"RENAME", from, to}, std::move(token)...);
    }

    /// RENAMENX: whether it was renamed: not if there is a key `to`.
    auto renamenx(std::string_view from, std::string_view to, auto... token) {
        return issue<bool>(self(), short_command{"RENAMENX", from, to}, std::move(token)...);
    }

    /// COPY: whether it was copied: not if there is a key `to`.
    auto copy(std::string_view from, std::string_view to, auto... token) {
        return issue<bool>(self(), short_command{"COPY", from, to}, std::move(token)...);
    }

    /// MOVE: to another database; whether it was moved.
    auto move(std::string_view key, int database, auto... token) {
        return issue<bool>(self(), short_command{"MOVE", key, database}, std::move(token)...);
    }

    /// RANDOMKEY: nothing if there are no keys.
    template <class Reply = std::optional<std::string>>
    auto randomkey(auto... token) {
        return issue<Reply>(self(), short_command{"RANDOMKEY"}, std::move(token)...);
    }

    /// KEYS: all that match; see scan() for a keyspace that is not small.
    template <class Reply = std::vector<std::string>>
    auto keys(std::string_view pattern, auto... token) {
        return issue<Reply>(self(), short_command{"KEYS", pattern}, std::move(token)...);
    }

    /// DBSIZE: how many keys the database has.
    auto dbsize(auto... token) {
        return issue<std::int64_t>(self(), short_command{"DBSIZE"}, std::move(token)...);
    }

    /// FLUSHDB: empties the database.
    auto flushdb(auto... token) {
        return issue<void>(self(), short_command{"FLUSHDB"}, std::move(token)...);
    }

    /// DUMP: the value in the server's own format, for restore().
    template <class Reply = std::optional<std::string>>
    auto dump(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"DUMP", key}, std::move(token)...);
    }

    /// RESTORE: makes the key of what dump() gave; zero: without a time to live.
    auto restore(std::string_view key, std::chrono::milliseconds ttl, std::string_view dumped,
                 auto... token) {
        return issue<void>(self(), short_command{"RESTORE", key, ttl.count(), dumped},
                           std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
