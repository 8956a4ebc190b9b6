// MONITOR: the lines that its clients are fed, one for each command that the server executes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "commands/command.hpp"

namespace mini_redis {

struct context;

/// Commands that MONITOR does not show: they are dangerous, or would feed on themselves.
constexpr bool is_shown_to_monitors(const command& row) noexcept {
    return !has(row.flags, command_flag::admin) && !has(row.flags, command_flag::skip_monitor);
}

/// `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`, without what makes it a reply. Secrets are
/// left out, and bytes that are not printable are escaped as redis-cli reads them.
std::string monitor_line(const command& row, std::span<const std::string_view> args,
                         std::uint32_t database, std::string_view address, std::int64_t unix_us);

} // namespace mini_redis
