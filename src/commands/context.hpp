// What a command's function gets: its request, the keyspace under lock, and where the reply goes.
#pragma once

#include <cstddef>
#include <mini_redis/keyspace.hpp>
#include <span>
#include <string_view>

#include "commands/client_state.hpp"
#include "commands/command.hpp"
#include "commands/counters.hpp"
#include "commands/services.hpp"
#include "commands/settings.hpp"
#include "resp/reply_writer.hpp"
#include "store/database.hpp"

namespace mini_redis {

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

    std::int64_t now_ms() const noexcept { return time.now_ms(); }

    /// Another database under the same locks.
    database database_at(std::size_t index) const noexcept { return {store, index, time}; }

    /// A key that is read: counts as hit or miss, and as access.
    located read(const hashed_key& key) noexcept {
        const located found = db.find(key);
        (found ? count.keyspace_hits : count.keyspace_misses).add();
        if (found && !client.no_touch) found->touch(time.coarse_seconds());
        return found;
    }

    /// A key that is asked about, not read: counts as hit or miss only.
    located inspect(const hashed_key& key) noexcept {
        const located found = db.find(key);
        (found ? count.keyspace_hits : count.keyspace_misses).add();
        return found;
    }

    /// A key that is to be changed: counts as access only.
    located modify(const hashed_key& key) noexcept {
        const located found = db.find(key);
        if (found && !client.no_touch) found->touch(time.coarse_seconds());
        return found;
    }
};

/// Replies that many commands share, with Redis's texts.
namespace replies {
inline constexpr std::string_view wrong_type =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view syntax_error = "ERR syntax error";
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
