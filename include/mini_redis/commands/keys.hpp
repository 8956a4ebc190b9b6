// Typed commands: keys of any type, and their times to live.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// When a key gets another time to live.
enum class expire_condition {
    always,
    if_none,  ///< NX: only if it has none
    if_any,   ///< XX: only if it has one
    if_later, ///< GT: only if it lives longer then; a key without one lives for ever
    if_sooner ///< LT: only if it lives shorter then
};

/// The options of copy().
struct copy_options {
    std::optional<int> database{}; ///< DB: where `to` is, if not in this one
    bool replace = false;          ///< REPLACE: also if there is a key `to`
};

/// The options of restore().
struct restore_options {
    bool replace = false;      ///< REPLACE: also if there is such a key
    bool absolute_ttl = false; ///< ABSTTL: `ttl` is the time since 1970 at which it is gone
    std::optional<std::chrono::seconds> idle{}; ///< IDLETIME: counts as used last so long ago
    std::optional<std::int64_t> frequency{};    ///< FREQ
};

/// The options of migrate().
struct migrate_options {
    int database = 0; ///< of the other server
    /// For which the other server may be silent.
    std::chrono::milliseconds time_out{1000};
    bool copy = false;           ///< COPY: the keys stay here, too
    bool replace = false;        ///< REPLACE: keys that are there already
    std::string_view user{};     ///< AUTH2; without a password: neither
    std::string_view password{}; ///< AUTH
};

/// The options of sort(). A pattern names keys ("weight_*") or fields ("user_*->name").
struct sort_options {
    std::string_view by{};   ///< BY: sorted by these values; one without "*": not at all
    std::int64_t offset = 0; ///< LIMIT: from here on
    std::int64_t count = -1; ///< and at most so many; below zero: all
    bool descending = false; ///< DESC
    bool as_texts = false;   ///< ALPHA: as texts instead of numbers
};

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

    /// The same on a condition; whether the key exists and it held.
    auto expire(std::string_view key, std::chrono::milliseconds ttl, expire_condition condition,
                auto... token) {
        return issue<bool>(self(), expire_line("PEXPIRE", key, ttl.count(), condition),
                           std::move(token)...);
    }

    auto expire_at(std::string_view key, std::chrono::system_clock::time_point when,
                   expire_condition condition, auto... token) {
        const auto since =
            std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch()).count();
        return issue<bool>(self(), expire_line("PEXPIREAT", key, since, condition),
                           std::move(token)...);
    }

    /// EXPIRETIME: when it is gone, in seconds since 1970; -1 and -2 as of ttl().
    auto expiretime(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"EXPIRETIME", key}, std::move(token)...);
    }

    /// PEXPIRETIME: as expiretime(), in milliseconds.
    auto pexpiretime(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"PEXPIRETIME", key}, std::move(token)...);
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

    auto copy(std::string_view from, std::string_view to, const copy_options& options,
              auto... token) {
        command_line line{"COPY", from, to};
        if (options.database) line.add("DB").add(*options.database);
        if (options.replace) line.add("REPLACE");
        return issue<bool>(self(), std::move(line), std::move(token)...);
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

    auto restore(std::string_view key, std::chrono::milliseconds ttl, std::string_view dumped,
                 const restore_options& options, auto... token) {
        command_line line{"RESTORE", key, ttl.count(), dumped};
        if (options.replace) line.add("REPLACE");
        if (options.absolute_ttl) line.add("ABSTTL");
        if (options.idle) line.add("IDLETIME").add(options.idle->count());
        if (options.frequency) line.add("FREQ").add(*options.frequency);
        return issue<void>(self(), std::move(line), std::move(token)...);
    }

    /// MIGRATE: moves the keys to another server; "OK", or "NOKEY" if there are none of them.
    auto migrate(std::string_view host, int port, const migrate_options& options,
                 const auto&... keys) {
        command_line line{"MIGRATE", host, port, "", options.database, options.time_out.count()};
        if (options.copy) line.add("COPY");
        if (options.replace) line.add("REPLACE");
        if (!options.password.empty()) {
            if (options.user.empty())
                line.add("AUTH").add(options.password);
            else
                line.add("AUTH2").add(options.user).add(options.password);
        }
        line.add("KEYS");
        return issue_all<std::string>(self(), std::move(line), keys...);
    }

    /// OBJECT ENCODING, REFCOUNT, IDLETIME, FREQ: how the value is held; how often; how many
    /// seconds ago it was used last; how often it is used (on a logarithmic scale, and only where
    /// the server counts that). Nothing if there is no such key.
    template <class Reply = std::optional<std::string>>
    auto object_encoding(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"OBJECT", "ENCODING", key}, std::move(token)...);
    }

    template <class Reply = std::optional<std::int64_t>>
    auto object_refcount(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"OBJECT", "REFCOUNT", key}, std::move(token)...);
    }

    template <class Reply = std::optional<std::int64_t>>
    auto object_idletime(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"OBJECT", "IDLETIME", key}, std::move(token)...);
    }

    template <class Reply = std::optional<std::int64_t>>
    auto object_freq(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"OBJECT", "FREQ", key}, std::move(token)...);
    }

    /// MEMORY USAGE: about how many bytes it takes, or nothing if there is no such key.
    template <class Reply = std::optional<std::int64_t>>
    auto memory_usage(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"MEMORY", "USAGE", key}, std::move(token)...);
    }

    /// The same after a look at so many elements, instead of five; zero: at all.
    template <class Reply = std::optional<std::int64_t>>
    auto memory_usage(std::string_view key, std::integral auto samples, auto... token) {
        return issue<Reply>(self(), short_command{"MEMORY", "USAGE", key, "SAMPLES", samples},
                            std::move(token)...);
    }

    /// SORT: the elements of a list, set or sorted set in order; of numbers, unless told.
    template <class Reply = std::vector<std::string>>
    auto sort(std::string_view key, auto... token) {
        return sort<Reply>(key, sort_options{}, std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto sort(std::string_view key, const sort_options& options, auto... token) {
        return issue<Reply>(self(), sort_line("SORT", key, options), std::move(token)...);
    }

    /// SORT_RO: the same for replicas.
    template <class Reply = std::vector<std::string>>
    auto sort_ro(std::string_view key, auto... token) {
        return sort_ro<Reply>(key, sort_options{}, std::move(token)...);
    }

    template <class Reply = std::vector<std::string>>
    auto sort_ro(std::string_view key, const sort_options& options, auto... token) {
        return issue<Reply>(self(), sort_line("SORT_RO", key, options), std::move(token)...);
    }

    /// SORT … GET: instead of each element what the patterns name, or nothing; "#" is the element.
    template <class Reply = std::vector<std::optional<std::string>>>
    auto sort_get(std::string_view key, const sort_options& options, const auto&... patterns) {
        return issue_finished<Reply>(self(), sort_line("SORT", key, options), add_patterns,
                                     patterns...);
    }

    /// SORT … STORE: the same stored as a list; its length. Patterns may follow.
    auto sort_store(std::string_view to, std::string_view key, const sort_options& options,
                    const auto&... patterns) {
        command_line line = sort_line("SORT", key, options);
        line.add("STORE").add(to);
        return issue_finished<std::int64_t>(self(), std::move(line), add_patterns, patterns...);
    }

private:
    static command_line expire_line(std::string_view command, std::string_view key,
                                    std::int64_t time, expire_condition condition) {
        command_line line{command, key, time};
        if (condition == expire_condition::if_none) line.add("NX");
        if (condition == expire_condition::if_any) line.add("XX");
        if (condition == expire_condition::if_later) line.add("GT");
        if (condition == expire_condition::if_sooner) line.add("LT");
        return line;
    }

    static command_line sort_line(std::string_view command, std::string_view key,
                                  const sort_options& options) {
        command_line line{command, key};
        if (!options.by.empty()) line.add("BY").add(options.by);
        if (options.offset != 0 || options.count >= 0)
            line.add("LIMIT").add(options.offset).add(options.count);
        if (options.descending) line.add("DESC");
        if (options.as_texts) line.add("ALPHA");
        return line;
    }

    static void add_pattern(command_line& to, const word_like auto& pattern) {
        to.add("GET").add(pattern);
    }

    static void add_pattern(command_line& to, const word_range auto& patterns) {
        for (const auto& each : patterns)
            add_pattern(to, each);
    }

    static constexpr auto add_patterns = [](command_line& to, const auto&... patterns) {
        (add_pattern(to, patterns), ...);
    };

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
