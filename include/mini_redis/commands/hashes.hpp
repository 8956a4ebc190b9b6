// Typed commands: hashes.
#pragma once

#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mini_redis {

template <class Self>
class hash_commands {
public:
    /// HSET: how many of the fields are new. Field, value, field, value …, or a map.
    auto hset(std::string_view key, const auto&... fields) {
        return issue_all<std::int64_t>(self(), command_line{"HSET", key}, fields...);
    }

    /// HSETNX: whether it was set: only if there was no such field.
    auto hsetnx(std::string_view key, std::string_view field, const word_like auto& value,
                auto... token) {
        return issue<bool>(self(), short_command{"HSETNX", key, field, value}, std::move(token)...);
    }

    /// HGET: the value, or nothing.
    template <class Reply = std::optional<std::string>>
    auto hget(std::string_view key, std::string_view field, auto... token) {
        return issue<Reply>(self(), short_command{"HGET", key, field}, std::move(token)...);
    }

    /// HMGET: a value or nothing for each field.
    template <class Reply = std::vector<std::optional<std::string>>>
    auto hmget(std::string_view key, const auto&... fields) {
        return issue_all<Reply>(self(), command_line{"HMGET", key}, fields...);
    }

    /// HGETALL: all fields and values; also as std::map, or a vector of pairs.
    template <class Reply = std::unordered_map<std::string, std::string>>
    auto hgetall(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"HGETALL", key}, std::move(token)...);
    }

    /// HDEL: how many of the fields there were.
    auto hdel(std::string_view key, const auto&... fields) {
        return issue_all<std::int64_t>(self(), command_line{"HDEL", key}, fields...);
    }

    /// HEXISTS: whether there is such a field.
    auto hexists(std::string_view key, std::string_view field, auto... token) {
        return issue<bool>(self(), short_command{"HEXISTS", key, field}, std::move(token)...);
    }

    /// HLEN: how many fields there are.
    auto hlen(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"HLEN", key}, std::move(token)...);
    }

    /// HSTRLEN: the length of the value in bytes.
    auto hstrlen(std::string_view key, std::string_view field, auto... token) {
        return issue<std::int64_t>(self(), short_command{"HSTRLEN", key, field},
                                   std::move(token)...);
    }

    /// HKEYS, HVALS: all fields; all values, in the same order.
    template <class Reply = std::vector<std::string>>
    auto hkeys(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"HKEYS", key}, std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto hvals(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"HVALS", key}, std::move(token)...);
    }

    /// HINCRBY, HINCRBYFLOAT: the number afterwards.
    auto hincrby(std::string_view key, std::string_view field, std::int64_t by, auto... token) {
        return issue<std::int64_t>(self(), short_command{"HINCRBY", key, field, by},
                                   std::move(token)...);
    }

    auto hincrbyfloat(std::string_view key, std::string_view field, double by, auto... token) {
        return issue<double>(self(), short_command{"HINCRBYFLOAT", key, field, by},
                             std::move(token)...);
    }

    /// HRANDFIELD: a random field, or nothing if there is none.
    template <class Reply = std::optional<std::string>>
    auto hrandfield(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"HRANDFIELD", key}, std::move(token)...);
    }

    /// Up to `count` different ones; below zero also the same one several times.
    template <class Reply = std::vector<std::string>>
    auto hrandfield(std::string_view key, std::integral auto count, auto... token) {
        return issue<Reply>(self(), short_command{"HRANDFIELD", key, count}, std::move(token)...);
    }

    /// The same with their values.
    template <class Reply = std::vector<std::pair<std::string, std::string>>>
    auto hrandfield_withvalues(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"HRANDFIELD", key, count, "WITHVALUES"},
                            std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
