// Which words of a request are nobody's business: passwords, which SLOWLOG and MONITOR do not show.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "commands/command.hpp"

namespace mini_redis {

/// The request's words with "(redacted)" in the place of secrets.
std::vector<std::string_view> without_secrets(const command& row,
                                              std::span<const std::string_view> args);

} // namespace mini_redis
