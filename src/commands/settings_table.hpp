// The rows of the table of settings: what kind of value each takes, and where it is kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "commands/settings.hpp"

namespace mini_redis {

enum class setting_kind : std::uint8_t {
    integer,
    memory, // bytes, with units: 1gb is 1024 mb, 1g is 1000 m
    yes_no,
    choice, // one of the row's words
    text,
    octal,         // permissions
    save_points,   // pairs of seconds and changes
    output_limits, // per class of client: hard bytes, soft bytes, soft seconds
    events,        // letters of keyspace notifications
    percentiles,
};

enum class change_rule : std::uint8_t {
    free,
    at_start, // CONFIG SET must not
    fixed,    // mini-redis knows this value only
    absent,   // fixed, and Redis lets nobody change it
    guarded,  // at start; Redis lets clients change it only if it is told so
};

struct settings::row {
    std::string_view name;
    setting_kind type;
    change_rule rule;
    std::string_view initial = "";                              // of what has no `number`
    std::atomic<std::int64_t> settings::*number = nullptr;      // where an integer or size is kept
    std::atomic<std::int64_t> compact_limits::*limit = nullptr; // or where one of the store is
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::span<const std::string_view> choices = {};
    std::string_view summary = ""; // for docs/configuration.md
    bool several = false;          // a text of several words, which are written without quotes
    std::string_view newer = "";   // the name that has replaced this one
};

} // namespace mini_redis
