// What a command has brought about besides its reply: kept by the executor until the command is
// done, because others are told of it and served after it, under the same locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/entry.hpp"
#include "store/listeners.hpp"

namespace mini_redis {

class reply_writer;

/// The classes of keyspace notifications, each a letter of `notify-keyspace-events`.
enum class event_class : std::uint32_t {
    generic = 1 << 0,      ///< g
    string = 1 << 1,       ///< $
    list = 1 << 2,         ///< l
    set = 1 << 3,          ///< s
    hash = 1 << 4,         ///< h
    zset = 1 << 5,         ///< z
    expired = 1 << 6,      ///< x
    evicted = 1 << 7,      ///< e
    stream = 1 << 8,       ///< t
    key_miss = 1 << 9,     ///< m
    module_type = 1 << 10, ///< d
    new_key = 1 << 11,     ///< n
    keyspace = 1 << 12,    ///< K: they go to __keyspace@<db>__:<key>
    keyevent = 1 << 13,    ///< E: they go to __keyevent@<db>__:<event>
};

constexpr std::uint32_t bit(event_class one) noexcept {
    return static_cast<std::uint32_t>(one);
}

/// A keyspace notification that is to be published.
struct keyspace_event {
    std::string_view name; ///< "lpush": a literal
    std::size_t database = 0;
    std::string key;
};

/// What a client that timed out while it was blocked is told.
enum class timeout_reply : std::uint8_t {
    null,       ///< BLMOVE
    null_array, ///< BLPOP
    zero,       ///< WAIT
};

void write_reply(reply_writer& out, timeout_reply what);

/// A blocking command that has found nothing asks its client to wait.
struct parking {
    value_type awaited = value_type::list; ///< what one of the keys must hold to serve it
    std::size_t keys = 0;                 ///< the first so many of the command's keys are waited on
    std::optional<std::int64_t> until_ms; ///< Unix milliseconds; nothing: without end
    timeout_reply otherwise = timeout_reply::null;
    /// The request as it is called again, where that is not what it was: XREAD's "$" is an id by
    /// then.
    std::vector<std::string> words = {};
    /// It is called again also when a key is gone, or holds something else.
    bool also_when_lost = false;
};

/// *Thread safety*: belongs to an executor.
struct call_effects {
    change_log changes;
    std::uint32_t wanted_events = 0; ///< the classes that are published now, or 0
    std::vector<keyspace_event> events;
    std::optional<parking> parked;
    bool may_park = true; ///< not in a transaction, nor in a script
    bool in_script = false;
    bool resumed = false; ///< the command has waited, and is called again

    // Not inline: so that asking whether anybody wants events is all that a command pays for them.
    void add_event(std::string_view name, std::size_t database, std::string_view key);
};

} // namespace mini_redis
