// Writes docs/configuration.md from the table of settings.
#include <fmt/format.h>
#include <string>

#include "commands/settings.hpp"

namespace {

using namespace mini_redis;

// With what would end a table's cell, or be taken for markup, marked as code.
std::string shown(const std::string& value) {
    return value.empty() ? "`\"\"`" : '`' + value + '`';
}

} // namespace

int main() {
    std::string rows;
    std::size_t without_effect = 0;
    std::string kept;
    for (const settings::description& each : settings::descriptions()) {
        if (each.summary.empty() && each.values.starts_with("see ")) continue;
        if (each.summary.empty()) {
            kept += fmt::format("{}`{}`", without_effect++ == 0 ? "" : ", ", each.name);
            continue;
        }
        rows += fmt::format("| `{}` | {} | {} | {} | {} |\n", each.name, shown(each.initial),
                            each.values, each.changes, each.summary);
    }
    fmt::print(
        "# Configuration\n\n"
        "`mini-redis-server` takes what `redis-server` takes: perhaps a `redis.conf` (or `-`, for "
        "standard input), then\nsettings as `--name value …`:\n\n"
        "```sh\nmini-redis-server /etc/redis/redis.conf --port 7000 --daemonize no\n```\n\n"
        "A line of the file is a setting, a comment (`#`), or `include` with a path, which may be "
        "a "
        "pattern. Words with\nspaces stand in quotes: `\"…\"` with `\\n \\r \\t \\b \\a \\xHH`, or "
        "`'…'`. A setting that does not exist, or has a value\nthat it cannot have, is refused "
        "with "
        "the file and the line, and the server does not start.\n\n"
        "CONFIG GET shows settings by patterns, CONFIG SET changes several, all of them or none, "
        "and "
        "CONFIG REWRITE\nwrites them into the file: comments and order stay, and what is new is "
        "added at the end.\n\nThis file is written by `scripts/generate-docs.sh` from the table "
        "that "
        "the server runs by.\n\n| setting | default | values | changed | |\n|---|---|---|---|---|\n"
        "{}\nUsual files have these, too. They are read and shown, and have no effect, or only the "
        "one value that says that\nsomething is not there: {}.\n\nWhat would promise something "
        "that "
        "is not there is refused: `appendonly yes`, `save 60 1`, `replicaof`,\n`cluster-enabled "
        "yes`, `user`, `rename-command`, `loadmodule`.\n",
        rows, kept);
}
