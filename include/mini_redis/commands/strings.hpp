// Typed commands: strings and bits.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
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
    /// PXAT: the key is gone at this time. Not together with the other two.
    std::optional<std::chrono::system_clock::time_point> expire_at{};
};

/// What a range of bits is counted in.
enum class bit_unit { bytes, bits };

constexpr std::string_view name_of(bit_unit unit) noexcept {
    return unit == bit_unit::bytes ? "BYTE" : "BIT";
}

/// The options of lcs_idx().
struct lcs_options {
    std::int64_t min_length = 0; ///< MINMATCHLEN: only what is so long
};

/// What two texts have in common, from one byte to another, both included.
struct lcs_match {
    std::pair<std::int64_t, std::int64_t> first{};  ///< in the one
    std::pair<std::int64_t, std::int64_t> second{}; ///< in the other
    std::int64_t length = 0;

    bool operator==(const lcs_match&) const = default;
};

/// LCS … IDX: from the end to the beginning.
struct lcs_matches {
    std::vector<lcs_match> matches{};
    std::int64_t length = 0; ///< of all that is common, also of matches that are left out

    bool operator==(const lcs_matches&) const = default;
};

template <>
struct from_reply<lcs_match> {
    static lcs_match read(const reply_view& reply) {
        using range = std::pair<std::int64_t, std::int64_t>;
        const auto [first, second, length] =
            read_reply<std::tuple<range, range, std::int64_t>>(reply);
        return {first, second, length};
    }
};

template <>
struct from_reply<lcs_matches> {
    static lcs_matches read(const reply_view& reply) {
        lcs_matches all;
        for_each_pair(reply, [&](const reply_view& name, const reply_view& value) {
            if (name.text() == "matches") all.matches = read_reply<std::vector<lcs_match>>(value);
            if (name.text() == "len") all.length = read_reply<std::int64_t>(value);
        });
        return all;
    }
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
        add_options(line, options);
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

    /// The same at this time; and never: it has no time to live any longer.
    template <class Reply = std::optional<std::string>>
    auto getex(std::string_view key, std::chrono::system_clock::time_point when, auto... token) {
        return issue<Reply>(self(), short_command{"GETEX", key, "PXAT", milliseconds_of(when)},
                            std::move(token)...);
    }

    template <class Reply = std::optional<std::string>>
    auto getex_persist(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"GETEX", key, "PERSIST"}, std::move(token)...);
    }

    /// SET … GET: the value that the key had before.
    template <class Reply = std::optional<std::string>>
    auto getset(std::string_view key, const word_like auto& value, auto... token) {
        return issue<Reply>(self(), short_command{"SET", key, value, "GET"}, std::move(token)...);
    }

    /// The same with options; what it gives does not tell whether the condition held.
    template <class Reply = std::optional<std::string>>
    auto getset(std::string_view key, const word_like auto& value, const set_options& options,
                auto... token) {
        command_line line{"SET", key, value, "GET"};
        add_options(line, options);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
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

    /// The same from `first` to `last`, both included; below zero from the end.
    auto bitcount(std::string_view key, std::integral auto first, std::integral auto last,
                  bit_unit unit, auto... token) {
        return issue<std::int64_t>(self(),
                                   short_command{"BITCOUNT", key, first, last, name_of(unit)},
                                   std::move(token)...);
    }

    /// BITPOS: where the first such bit is, or -1.
    auto bitpos(std::string_view key, bool bit, auto... token) {
        return issue<std::int64_t>(self(), short_command{"BITPOS", key, bit ? 1 : 0},
                                   std::move(token)...);
    }

    /// The same from `first` to `last`, as of bitcount().
    auto bitpos(std::string_view key, bool bit, std::integral auto first, std::integral auto last,
                bit_unit unit, auto... token) {
        return issue<std::int64_t>(
            self(), short_command{"BITPOS", key, bit ? 1 : 0, first, last, name_of(unit)},
            std::move(token)...);
    }

    /// BITFIELD: the number that each operation gives, or nothing where it would overflow and FAIL
    /// was asked for. Operations are their words: "INCRBY", "u4", "#2", 1, "GET", "i8", 100 …
    template <class Reply = std::vector<std::optional<std::int64_t>>>
    auto bitfield(std::string_view key, const auto&... operations) {
        return issue_all<Reply>(self(), command_line{"BITFIELD", key}, operations...);
    }

    /// BITFIELD_RO: the same with GET alone.
    template <class Reply = std::vector<std::int64_t>>
    auto bitfield_ro(std::string_view key, const auto&... operations) {
        return issue_all<Reply>(self(), command_line{"BITFIELD_RO", key}, operations...);
    }

    /// LCS: the longest text whose bytes are in both values, in this order.
    auto lcs(std::string_view one, std::string_view other, auto... token) {
        return issue<std::string>(self(), short_command{"LCS", one, other}, std::move(token)...);
    }

    /// Its length; and where its parts are.
    auto lcs_len(std::string_view one, std::string_view other, auto... token) {
        return issue<std::int64_t>(self(), short_command{"LCS", one, other, "LEN"},
                                   std::move(token)...);
    }

    template <class Reply = lcs_matches>
    auto lcs_idx(std::string_view one, std::string_view other, auto... token) {
        return lcs_idx<Reply>(one, other, lcs_options{}, std::move(token)...);
    }

    template <class Reply = lcs_matches>
    auto lcs_idx(std::string_view one, std::string_view other, const lcs_options& options,
                 auto... token) {
        return issue<Reply>(self(),
                            short_command{"LCS", one, other, "IDX", "MINMATCHLEN",
                                          options.min_length, "WITHMATCHLEN"},
                            std::move(token)...);
    }

    /// BITOP: `operation` is AND, OR, XOR or NOT; the length of what is stored at `destination`.
    auto bitop(std::string_view operation, std::string_view destination, const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"BITOP", operation, destination},
                                       keys...);
    }

private:
    static std::int64_t milliseconds_of(std::chrono::system_clock::time_point when) {
        return std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch()).count();
    }

    static void add_options(command_line& to, const set_options& options) {
        if (options.ttl) to.add("PX").add(options.ttl->count());
        if (options.expire_at) to.add("PXAT").add(milliseconds_of(*options.expire_at));
        if (options.condition == set_condition::if_absent) to.add("NX");
        if (options.condition == set_condition::if_present) to.add("XX");
        if (options.keep_ttl) to.add("KEEPTTL");
    }

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
