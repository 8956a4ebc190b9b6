// Typed commands: sets.
#pragma once

#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// The options of sintercard() and zintercard().
struct intercard_options {
    std::int64_t limit = 0; ///< LIMIT: counts no further; 0: counts all
};

template <class Self>
class set_commands {
public:
    /// SADD: how many of the members are new. Members are texts, numbers or ranges of them.
    auto sadd(std::string_view key, const auto&... members) {
        return issue_all<std::int64_t>(self(), command_line{"SADD", key}, members...);
    }

    /// SREM: how many of them there were.
    auto srem(std::string_view key, const auto&... members) {
        return issue_all<std::int64_t>(self(), command_line{"SREM", key}, members...);
    }

    /// SCARD: how many members there are.
    auto scard(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"SCARD", key}, std::move(token)...);
    }

    /// SISMEMBER: whether it is one.
    auto sismember(std::string_view key, const word_like auto& member, auto... token) {
        return issue<bool>(self(), short_command{"SISMEMBER", key, member}, std::move(token)...);
    }

    /// SMISMEMBER: for each whether it is one.
    template <class Reply = std::vector<bool>>
    auto smismember(std::string_view key, const auto&... members) {
        return issue_all<Reply>(self(), command_line{"SMISMEMBER", key}, members...);
    }

    /// SMEMBERS: all of them; also as a vector or an unordered_set.
    template <class Reply = std::set<std::string>>
    auto smembers(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"SMEMBERS", key}, std::move(token)...);
    }

    /// SMOVE: whether it was moved: only if it is in `from`.
    auto smove(std::string_view from, std::string_view to, const word_like auto& member,
               auto... token) {
        return issue<bool>(self(), short_command{"SMOVE", from, to, member}, std::move(token)...);
    }

    /// SPOP: a random member, which is removed, or nothing if there is none.
    template <class Reply = std::optional<std::string>>
    auto spop(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"SPOP", key}, std::move(token)...);
    }

    /// The same with up to `count` members.
    template <class Reply = std::set<std::string>>
    auto spop_many(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"SPOP", key, count}, std::move(token)...);
    }

    /// SRANDMEMBER: a random member, or nothing if there is none.
    template <class Reply = std::optional<std::string>>
    auto srandmember(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"SRANDMEMBER", key}, std::move(token)...);
    }

    /// Up to `count` different ones; below zero also the same one several times.
    template <class Reply = std::vector<std::string>>
    auto srandmember_many(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"SRANDMEMBER", key, count}, std::move(token)...);
    }

    /// SINTER, SUNION, SDIFF: what is in all; in any; in the first and in none of the others.
    template <class Reply = std::set<std::string>>
    auto sinter(const auto&... keys) {
        return issue_all<Reply>(self(), command_line{"SINTER"}, keys...);
    }

    template <class Reply = std::set<std::string>>
    auto sunion(const auto&... keys) {
        return issue_all<Reply>(self(), command_line{"SUNION"}, keys...);
    }

    template <class Reply = std::set<std::string>>
    auto sdiff(const auto&... keys) {
        return issue_all<Reply>(self(), command_line{"SDIFF"}, keys...);
    }

    /// SINTERCARD: how many members are in all of them.
    auto sintercard(const auto&... keys) { return sintercard(intercard_options{}, keys...); }

    auto sintercard(const intercard_options& options, const auto&... keys) {
        const auto tail = [&](command_line& to) {
            if (options.limit > 0) to.add("LIMIT").add(options.limit);
        };
        return issue_counted<std::int64_t>(self(), command_line{"SINTERCARD"}, tail, keys...);
    }

    /// SINTERSTORE, SUNIONSTORE, SDIFFSTORE: what SINTER … would give, stored at a key; how many
    /// members that has.
    auto sinterstore(std::string_view to, const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"SINTERSTORE", to}, keys...);
    }

    auto sunionstore(std::string_view to, const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"SUNIONSTORE", to}, keys...);
    }

    auto sdiffstore(std::string_view to, const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"SDIFFSTORE", to}, keys...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
