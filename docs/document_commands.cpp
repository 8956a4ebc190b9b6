// Writes docs/commands.md to the standard output, from the table of commands.
#include <array>
#include <cctype>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>

#include "commands/argument_tree.hpp"
#include "commands/registry.hpp"

namespace {

using namespace mini_redis;

constexpr auto groups = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"string", "Strings"},
    {"bitmap", "Bitmaps"},
    {"list", "Lists"},
    {"hash", "Hashes"},
    {"set", "Sets"},
    {"sorted-set", "Sorted sets"},
    {"stream", "Streams"},
    {"geo", "Places"},
    {"hyperloglog", "HyperLogLogs"},
    {"generic", "Keys of any type"},
    {"pubsub", "Publish and subscribe"},
    {"transactions", "Transactions"},
    {"scripting", "Scripts and functions"},
    {"connection", "The connection"},
    {"server", "The server"},
    {"cluster", "Clusters (mini-redis is in none)"},
});

// As it is typed, with what Markdown would take for its own marked as code.
std::string call_of(const command* container, const command& row) {
    std::string name = full_name(container, row);
    for (char& c : name)
        c = c == '|' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string usage = usage_of(row.syntax);
    std::string text = usage.empty() ? name : name + ' ' + usage;
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '\\'); // a bar would end the table's cell
    return '`' + text + '`';
}

void write_row(const command* container, const command& row) {
    fmt::print("| {} | {} | {} | {} |\n", call_of(container, row), row.summary, row.complexity,
               row.since);
}

} // namespace

int main() {
    const auto all = registry::built_in().all();
    fmt::print("# Commands\n\n"
               "What mini-redis knows, {} commands, told from the same table that the server runs "
               "by\n(`src/commands/`). `scripts/generate-docs.sh` writes this file; it is not "
               "edited by hand. \"Since\" is\nthe Redis version in which a command first came.\n",
               all.size());
    for (const auto& [group, title] : groups) {
        fmt::print("\n## {}\n\n| command | what it does | cost | since |\n|---|---|---|---|\n",
                   title);
        for (const command* row : all) {
            if (row->group != group) continue;
            if (row->handler != nullptr) write_row(nullptr, *row);
            for (const command& subcommand : row->subcommands)
                write_row(row, subcommand);
        }
    }
    for (const command* row : all) {
        bool listed = false;
        for (const auto& [group, title] : groups)
            listed = listed || row->group == group;
        if (!listed) {
            fmt::print(stderr, "the group '{}' of {} has no title\n", row->group, row->name);
            return 1;
        }
    }
}
