// The first line of a script or library: `#!lua flags=no-writes,allow-oom` or `#!lua name=mylib`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mini_redis {

/// What a script says of itself.
struct script_flags {
    bool no_writes = false;
    bool allow_oom = false;
    bool allow_stale = false;
    bool no_cluster = false;
    bool allow_cross_slot_keys = false;
    bool undeclared = false; ///< there is no such line: the rules of old scripts

    /// Sets the flag of that name; false if there is none.
    bool set(std::string_view name) noexcept;
};

struct script_header {
    script_flags flags;
    std::string_view
        code; ///< behind the first line, whose line break stays: lines keep their numbers
};

/// Of a script for EVAL. Nothing if the line is wrong, and then `error` says why.
std::optional<script_header> parse_script_header(std::string_view script, std::string& error);

/// Whether a library or a function may be called so.
bool is_library_name(std::string_view name) noexcept;

struct library_header {
    std::string name;
    std::string_view code;
};

/// Of a library for FUNCTION LOAD, which must have such a line.
std::optional<library_header> parse_library_header(std::string_view library, std::string& error);

} // namespace mini_redis
