#include "commands/monitor.hpp"

#include <fmt/format.h>
#include <iterator>

#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/families.hpp"
#include "commands/secrets.hpp"

namespace mini_redis {
namespace {

void append_quoted(std::string& text, std::string_view word) {
    text += '"';
    for (const char c : word) {
        switch (c) {
        case '\\': text += "\\\\"; break;
        case '"': text += "\\\""; break;
        case '\n': text += "\\n"; break;
        case '\r': text += "\\r"; break;
        case '\t': text += "\\t"; break;
        case '\a': text += "\\a"; break;
        case '\b': text += "\\b"; break;
        default:
            if (c >= ' ' && c <= '~')
                text += c;
            else
                fmt::format_to(std::back_inserter(text), "\\x{:02x}",
                               static_cast<unsigned char>(c));
        }
    }
    text += '"';
}

void monitor(context& c) {
    // EXEC's array of replies could not be told from what is fed in between.
    if (!c.effects.may_park)
        return c.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    if (c.client.monitoring) return; // which needs no second answer
    c.server.begin_monitoring(c.client);
    c.reply.ok();
}

using enum command_flag;

constexpr command rows[] = {
    {.name = "monitor",
     .handler = monitor,
     .arity = 1,
     .flags = admin | noscript | loading | stale,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1), and O(N) in the number of such clients for each command of others",
     .syntax = "",
     .summary = "Shows every command that the server executes from now on."},
};

static_assert(arities_match(rows));

} // namespace

std::string monitor_line(const command& row, std::span<const std::string_view> args,
                         std::uint32_t database, std::string_view address, std::int64_t unix_us) {
    std::string text = fmt::format("{}.{:06} [{} {}]", unix_us / 1'000'000, unix_us % 1'000'000,
                                   database, address);
    for (const std::string_view word : without_secrets(row, args)) {
        text += ' ';
        append_quoted(text, word);
    }
    return text;
}

std::span<const command> monitor_commands() {
    return rows;
}

} // namespace mini_redis
