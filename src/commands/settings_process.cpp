// The settings of the server's process: files, sockets, and how it runs. The program looks after
// them (apps/mini-redis-server.cpp); a server within another program does not.
#include <limits>

#include "commands/settings_table.hpp"

namespace mini_redis {
namespace {

constexpr std::string_view supervisors[] = {"upstart", "systemd", "auto", "no"};

} // namespace

std::span<const settings::row> settings::process_rows() noexcept {
    using enum change_rule;
    using kind = setting_kind;
    static constexpr row table[] = {
        {.name = "daemonize",
         .type = kind::yes_no,
         .rule = at_start,
         .initial = "no",
         .summary = "Whether the program goes into the background."},
        {.name = "dir",
         .type = kind::text,
         .rule = guarded,
         .initial = ".",
         .summary = "The directory that the program works in."},
        {.name = "logfile",
         .type = kind::text,
         .rule = at_start,
         .summary = "Where the log goes; empty: to standard output."},
        {.name = "pidfile",
         .type = kind::text,
         .rule = at_start,
         .summary = "The file that has the process's number while it runs."},
        {.name = "supervised",
         .type = kind::choice,
         .rule = at_start,
         .initial = "no",
         .choices = supervisors,
         .summary = "Who is told that the server is ready: systemd, by its socket."},
        {.name = "tcp-backlog",
         .type = kind::integer,
         .rule = at_start,
         .initial = "511",
         .most = std::numeric_limits<std::int32_t>::max(),
         .summary = "How many connections may wait to be accepted."},
        {.name = "unixsocket",
         .type = kind::text,
         .rule = at_start,
         .summary = "The path of a Unix socket to listen on, besides TCP; empty: none."},
        {.name = "unixsocketperm",
         .type = kind::octal,
         .rule = at_start,
         .initial = "0",
         .summary = "The Unix socket's permissions, in octal digits; 0: as the process has it."},
    };
    return table;
}

} // namespace mini_redis
