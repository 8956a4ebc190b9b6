// Typed commands: strings and bits.
#pragma once

#include <chrono>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// When SET sets.
enum class set_condition {
    always,
    if_absent,  ///< NX: only if the key does not exist
    if_present, ///< XX: only if it does
};

/// The options of set().
struct set_options {
    /// PX: the key is gone after this time; it must be above zero. Without it the key stays.
    std::optional<std::chrono::milliseconds> ttl{};
    set_condition condition = set_condition::always;
    /// KEEPTTL: a time to live that the key has already is kept. Not together with ttl.
    bool keep_ttl = false;
};

template <class Self>
class string_commands {
public:
    /// GET: the value, or nothing if there is no such key.
    template <class Reply = std::optional<std::string>>
    auto get(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"GET", key}, std::move(token)...);
    }

    /// SET: whether it was set, which is always so without a condition.
    auto set(std::string_view key, const word_like auto& value, auto... token) {
        return issue<bool>(self(), short_command{"SET", key, value}, std::move(token)...);
    }

    auto set(std::string_view key, const word_like auto& value, const set_options& options,
             auto... token) {
        command_line line{"SET", key, value};
        if (options.ttl) line.add("PX").add(options.ttl->count());
        if (options.condition == set_condition::if_absent) line.add("NX");
        if (options.condition == set_condition::if_present) line.add("XX");
        if (options.keep_ttl) line.add("KEEPTTL");
        return issue<bool>(self(), std::move(line), std::move(token)...);
    }

    /// GETDEL: the value that the key had.
    template <class Reply = std::optional<std::string>>
    auto getdel(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"GETDEL", key}, std::move(token)...);
    }

    /// GETEX: the value; the key lives so long from now.
    template <class Reply = std::optional<std::string>>
    auto getex(std::string_view key, std::chrono::milliseconds ttl, auto... token) {
        return issue<Reply>(self(), short_command{"GETEX", key, "PX", ttl.count()},
                            std::move(token)...);
    }

    /// SET … GET: the value that the key had before.
    template <class Reply = std::optional<std::string>>
    auto getset(std::string_view key, const word_like auto& value, auto... token) {
        return issue<Reply>(self(), short_command{"SET", key, value, "GET"}, std::move(token)...);
    }

    /// MGET: a value or nothing for each key. Keys are texts or ranges of them.
    template <class Reply = std::vector<std::optional<std::string>>>
    auto mget(const auto&... keys) {
        return issue_all<Reply>(self(), command_line{"MGET"}, keys...);
    }

    /// MSET: key, value, key, value …, or a map.
    auto mset(const auto&... pairs) {
        return issue_all<void>(self(), command_line{"MSET"}, pairs...);
    }

    /// MSETNX: whether they were set: only if none of the keys existed.
    auto msetnx(const auto&... pairs) {
        return issue_all<bool>(self(), command_line{"MSETNX"}, pairs...);
    }

    /// APPEND: the length afterwards, in bytes.
    auto append(std::string_view key, const word_like auto& value, auto... token) {
        return issue<std::int64_t>(self(), short_command{"APPEND", key, value},
                                   std::move(token)...);
    }

    /// STRLEN: in bytes; 0 if there is no such key.
    auto strlen(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"STRLEN", key}, std::move(token)...);
    }

    /// GETRANGE: from `first` to `last`, both included; below zero from the end.
    auto getrange(std::string_view key, std::int64_t first, std::int64_t last, auto... token) {
        return issue<std::string>(self(), short_command{"GETRANGE", key, first, last},
                                  std::move(token)...);
    }

    /// SETRANGE: the length afterwards.
    auto setrange(std::string_view key, std::int64_t offset, const word_like auto& value,
                  auto... token) {
        return issue<std::int64_t>(self(), short_command{"SETRANGE", key, offset, value},
                                   std::move(token)...);
    }

    /// INCR, INCRBY, DECR, DECRBY: the number afterwards.
    auto incr(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"INCR", key}, std::move(token)...);
    }

    auto incrby(std::string_view key, std::int64_t by, auto... token) {
        return issue<std::int64_t>(self(), short_command{"INCRBY", key, by}, std::move(token)...);
    }

    auto decr(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"DECR", key}, std::move(token)...);
    }

    auto decrby(std::string_view key, std::int64_t by, auto... token) {
        return issue<std::int64_t>(self(), short_command{"DECRBY", key, by}, std::move(token)...);
    }

    /// INCRBYFLOAT: the number afterwards.
    auto incrbyfloat(std::string_view key, double by, auto... token) {
        return issue<double>(self(), short_command{"INCRBYFLOAT", key, by}, std::move(token)...);
    }

    /// SETBIT, GETBIT: the bit that was there.
    auto setbit(std::string_view key, std::uint64_t offset, bool value, auto... token) {
        return issue<bool>(self(), short_command{"SETBIT", key, offset, value ? 1 : 0},
                           std::move(token)...);
    }

    auto getbit(std::string_view key, std::uint64_t offset, auto... token) {
        return issue<bool>(self(), short_command{"GETBIT", key, offset}, std::move(token)...);
    }

    /// BITCOUNT: how many bits are set, in all of it.
    auto bitcount(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"BITCOUNT", key}, std::move(token)...);
    }

    /// BITPOS: where the first such bit is, or -1.
    auto bitpos(std::string_view key, bool bit, auto... token) {
        return issue<std::int64_t>(self(), short_command{"BITPOS", key, bit ? 1 : 0},
                                   std::move(token)...);
    }

    /// BITOP: `operation` is AND, OR, XOR or NOT; the length of what is stored at `destination`.
    auto bitop(std::string_view operation, std::string_view destination, const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"BITOP", operation, destination},
                                       keys...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
