#include "commands/info.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/info_sections.hpp"

namespace mini_redis {
namespace {

struct section {
    std::string_view name; // as its title; asked for in any case
    void (*write)(context&, const server_statistics&, std::string&);
    bool by_default = true; // shown where no section is asked for
};

// In the order in which they are shown, however they are asked for.
constexpr section sections[] = {
    {"Server", info_sections::server},
    {"Clients", info_sections::clients},
    {"Memory", info_sections::memory},
    {"Persistence", info_sections::persistence},
    {"Stats", info_sections::stats},
    {"Replication", info_sections::replication},
    {"CPU", info_sections::cpu},
    {"Modules", info_sections::modules},
    {"Commandstats", info_sections::commandstats, false},
    {"Errorstats", info_sections::errorstats},
    {"Latencystats", info_sections::latencystats, false},
    {"Cluster", info_sections::cluster},
    {"Keyspace", info_sections::keyspace},
};

bool is_wanted(const section& one, std::span<const std::string_view> names) {
    if (names.empty()) return one.by_default;
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
        return same_ignoring_case(name, one.name) || equals_ignoring_case(name, "all") ||
               equals_ignoring_case(name, "everything") ||
               (one.by_default && equals_ignoring_case(name, "default"));
    });
}

} // namespace

void info(context& c) {
    const server_statistics now = c.server.statistics();
    std::string out;
    for (const section& one : sections) {
        if (!is_wanted(one, c.args.subspan(1))) continue;
        if (!out.empty()) out += "\r\n";
        info_sections::line(out, "# {}", one.name);
        one.write(c, now, out);
    }
    c.reply.verbatim_string("txt", out);
}

} // namespace mini_redis
