// What a command's function gets: its request, the keyspace under lock, and where the reply goes.
#pragma once

#include <cstddef>
#include <mini_redis/keyspace.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "commands/client_state.hpp"
#include "commands/command.hpp"
#include "commands/counters.hpp"
#include "commands/effects.hpp"
#include "commands/services.hpp"
#include "commands/settings.hpp"
#include "resp/reply_writer.hpp"
#include "store/database.hpp"

namespace mini_redis {

class executor;
class registry;

/// Lives for one command. Handlers reply with exactly one value through `reply`, and take their
/// keys from `keys`, in the order in which they stand in the request.
struct context {
    std::span<const std::string_view> args; ///< the request's words, its name first
    std::span<const hashed_key> keys;       ///< locked
    const command& self;
    database db; ///< the client's selected database
    const request_time& time;
    reply_writer& reply;
    client_state& client;
    sharded_store& store;
    services& server;
    counters& count;
    const registry& commands;
    call_effects& effects;
    executor& runner;        ///< for commands that run others (EXEC)
    bool all_locked = false; ///< every shard is

    std::int64_t now_ms() const noexcept { return time.now_ms(); }

    /// Another database under the same locks.
    database database_at(std::size_t index) const noexcept {
        return {store, index, time, &effects.changes};
    }

    /// The lock of one shard, for a command that looks at all of them one by one.
    std::optional<store_guard> lock_shard(std::size_t index) const {
        if (all_locked) return std::nullopt;
        return std::optional<store_guard>{std::in_place, store, index};
    }

    /// A key that is read: counts as hit or miss, and as access.
    located read(const hashed_key& key) noexcept {
        const located found = inspect(key);
        if (found && !client.no_touch) db.touch(*found);
        return found;
    }

    /// A key that is asked about, not read: counts as hit or miss only.
    located inspect(const hashed_key& key) noexcept {
        const located found = db.find(key);
        (found ? count.keyspace_hits : count.keyspace_misses).add();
        if (!found) notify(event_class::key_miss, "keymiss", key);
        return found;
    }

    /// A key that is to be changed: counts as access only.
    located modify(const hashed_key& key) noexcept {
        const located found = db.find(key);
        if (found && !client.no_touch) db.touch(*found);
        return found;
    }

    /// Publishes a keyspace notification when the command is done, if the server is set so
    /// (notify-keyspace-events). `event` is a literal: "lpush".
    void notify(event_class kind, std::string_view event, std::string_view key,
                std::size_t database) {
        if ((effects.wanted_events & bit(kind)) != 0) [[unlikely]]
            effects.add_event(event, database, key);
    }

    void notify(event_class kind, std::string_view event, const hashed_key& key) {
        if ((effects.wanted_events & bit(kind)) != 0) [[unlikely]]
            effects.add_event(event, db.index(), key.name);
    }

    /// Instead of a reply: lets the client wait until one of the first `waited_on` keys of the
    /// command holds a value of that type, and the command is called again, with that key alone in
    /// place of them. Where it must not wait (in a transaction) it is told at once that its time is
    /// over.
    void park(value_type type, std::size_t waited_on, std::optional<std::int64_t> until_ms,
              timeout_reply otherwise) {
        park({.awaited = type, .keys = waited_on, .until_ms = until_ms, .otherwise = otherwise});
    }

    void park(parking how);
};

/// Replies that many commands share, with Redis's texts.
namespace replies {
inline constexpr std::string_view wrong_type =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view syntax_error = "ERR syntax error";
inline constexpr std::string_view out_of_memory =
    "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
inline constexpr std::string_view not_a_float = "ERR value is not a valid float";
inline constexpr std::string_view no_such_key = "ERR no such key";
inline constexpr std::string_view index_out_of_range = "ERR index out of range";
inline constexpr std::string_view same_object = "ERR source and destination objects are the same";
inline constexpr std::string_view db_index_out_of_range = "ERR DB index is out of range";
inline constexpr std::string_view bad_client_name =
    "ERR Client names cannot contain spaces, newlines or special characters.";
} // namespace replies

} // namespace mini_redis
