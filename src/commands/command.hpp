// A command is a plain function and a row that says everything else about it.
//
// From the row come dispatch, arity errors, the locking of its keys, COMMAND with its subcommands,
// and docs/commands.md. A family's file holds its functions and, at the end, its rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "commands/syntax.hpp"

namespace mini_redis {

struct context;

/// What a command does, called with the locks of its keys held. It writes exactly one reply.
using command_handler = void (*)(context&);

/// Properties of a command; COMMAND INFO shows those that Redis has too.
enum class command_flag : std::uint32_t {
    write = 1 << 0,
    readonly = 1 << 1,
    denyoom = 1 << 2,
    admin = 1 << 3,
    pubsub = 1 << 4,
    noscript = 1 << 5,
    blocking = 1 << 6,
    loading = 1 << 7,
    stale = 1 << 8,
    fast = 1 << 9,
    no_auth = 1 << 10,
    allow_busy = 1 << 11,
    no_multi = 1 << 12,
    movablekeys = 1 << 13,
    sentinel_only = 1 << 14,
    skip_monitor = 1 << 15,
    skip_slowlog = 1 << 16,
    may_replicate = 1 << 17,
    no_async_loading = 1 << 18,
    no_mandatory_keys = 1 << 19,
    asking = 1 << 20,

    // Not Redis's: how mini-redis runs it.
    whole_keyspace = 1 << 24, ///< runs with every shard locked
    in_subscribed = 1 << 25,  ///< allowed to a RESP2 client that has subscribed
    locks_itself = 1 << 26,   ///< locks shards one by one, by context::lock_shard()
    not_queued = 1 << 27,     ///< runs at once, also after MULTI
    runs_script = 1 << 28,    ///< may use keys that it does not name
};

constexpr command_flag operator|(command_flag a, command_flag b) {
    return static_cast<command_flag>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

constexpr bool has(command_flag set, command_flag one) {
    return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

/// The access-control categories that do not follow from the flags.
enum class acl_category : std::uint32_t {
    none = 0,
    keyspace = 1 << 0,
    string = 1 << 1,
    connection = 1 << 2,
    transaction = 1 << 3,
    dangerous = 1 << 4,
    scripting = 1 << 5,
    list = 1 << 6,
    set = 1 << 7,
    sortedset = 1 << 8,
    hash = 1 << 9,
    bitmap = 1 << 10,
    hyperloglog = 1 << 11,
    geo = 1 << 12,
    stream = 1 << 13,
    admin = 1 << 14, ///< without the flag, which implies it
};

constexpr acl_category operator|(acl_category a, acl_category b) {
    return static_cast<acl_category>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

constexpr bool has(acl_category set, acl_category one) {
    return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(one)) != 0;
}

/// Where keys stand among a request's words: from `first` on (the name is word 0) every `step`th
/// up to `last`; a negative `last` counts from the end (-1 is the last word).
struct key_range {
    int first = 0; ///< 0: no keys
    int last = 0;
    int step = 1;
    std::string_view access =
        ""; ///< how they are used, as COMMAND INFO says it: "RO access", "RW update" …
    /// The word at `first` says how many keys follow it, every `step`th; `last` means nothing.
    bool counted = false;
    /// Not empty: the keys are the first half of what stands behind this word, which stands at
    /// `first` or later.
    std::string_view behind = "";
    /// Finds the first key, 0 if there is none.
    std::size_t (*find)(std::span<const std::string_view> args) = nullptr;
    /// Not empty: the key is what follows this word, which stands at `last` or later; the row's
    /// `plan` finds it.
    std::string_view follows = "";
};

/// One key, the first word after the name or another.
constexpr key_range one_key(std::string_view access, int at = 1) {
    return {at, at, 1, access};
}

/// Keys that are counted by the word in front of them: ZUNION 2 a b.
constexpr key_range counted_keys(int count_at, std::string_view access) {
    return {count_at, count_at, 1, access, true};
}

/// Keys behind a word, as many as there are words behind them: XREAD STREAMS a b 0 0.
constexpr key_range keys_behind(std::string_view word, int from, std::string_view access,
                                std::size_t (*find)(std::span<const std::string_view>)) {
    return {from, -1, 1, access, false, word, find};
}

/// Keys whose places the row cannot say; its `plan` finds them.
constexpr key_range unknown_keys(std::string_view access) {
    return {-1, -1, 1, access};
}

/// One key that follows a word: GEORADIUS … STORE key.
constexpr key_range key_behind(std::string_view word, int from, std::string_view access) {
    return {-1, from, 1, access, false, "", nullptr, word};
}

struct client_state;

/// What a request has to lock, where its row's key ranges cannot say it.
struct lock_plan {
    std::vector<std::string_view> keys; ///< besides those of the ranges
    bool whole_keyspace = false;
};

struct command {
    std::string_view name; ///< in lower case; of a subcommand, its own word
    command_handler handler = nullptr;
    int arity = 0; ///< words with the name; negative: at least so many
    command_flag flags{};
    acl_category categories = acl_category::none;
    std::array<key_range, 3> keys{};
    std::string_view group;       ///< "string", "generic", "connection" …
    std::string_view since;       ///< the Redis version that introduced it
    std::string_view complexity;  ///< "O(1)"
    std::string_view syntax = ""; ///< its arguments; see commands/syntax.hpp
    std::string_view summary;     ///< one sentence, in our own words
    std::span<const std::string_view> tips = {};
    std::span<const command> subcommands = {};
    /// Adds to what is locked; called before anything is.
    void (*plan)(const client_state&, std::span<const std::string_view> args, lock_plan&) = nullptr;

    bool has_keys() const noexcept { return keys[0].first != 0; }

    bool has_one_key() const noexcept {
        return has_keys() && keys[0].last == keys[0].first && keys[1].first == 0 &&
               !keys[0].counted && keys[0].find == nullptr && plan == nullptr;
    }
};

/// Whether a request of so many words, its name included, can be this command.
constexpr bool arity_fits(const command& row, std::size_t words) noexcept {
    return row.arity >= 0 ? words == static_cast<std::size_t>(row.arity)
                          : words >= static_cast<std::size_t>(-row.arity);
}

/// Whether every row's arity is what its syntax says; a family's file asserts it.
constexpr bool arities_match(std::span<const command> rows, int name_words = 1) {
    for (const command& row : rows) {
        if (!row.subcommands.empty()) continue; // a container has no syntax of its own
        if (row.arity != arity_of(row.syntax, name_words)) return false;
    }
    return true;
}

} // namespace mini_redis
