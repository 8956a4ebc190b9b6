// MEMORY: what keys take, and the server as a whole.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/memory_figures.hpp"

namespace mini_redis {
namespace {

void memory_usage(context& c) {
    for (std::size_t i = 3; i < c.args.size(); ++i) {
        if (!equals_ignoring_case(c.args[i], "samples") || i + 1 >= c.args.size())
            return c.reply.error(replies::syntax_error);
        // How many elements are looked at is not for the client to choose: sizes are nearly exact.
        const std::optional<std::int64_t> samples = integer_argument(c, c.args[++i]);
        if (!samples) return;
        if (*samples < 0) return c.reply.error(replies::syntax_error);
    }
    const located found = c.db.find(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.integer(static_cast<std::int64_t>(found->memory() + table_share_of_key));
}

// One database's places in its tables; keys with an expiry have no second one.
void write_database(reply_writer& out, std::size_t index, const database_size& size) {
    out.bulk_string(fmt::format("db.{}", index));
    out.map(3);
    out.bulk_string("overhead.hashtable.main");
    out.integer(static_cast<std::int64_t>(size.keys * table_share_of_key));
    out.bulk_string("overhead.hashtable.expires");
    out.integer(0);
    out.bulk_string("overhead.hashtable.slot-to-keys");
    out.integer(0);
}

void memory_stats(context& c) {
    const server_statistics now = c.server.statistics();
    const memory_figures all = gather_memory_figures(c, now);
    const std::vector<database_size> databases = database_sizes(c);
    const auto used = static_cast<std::size_t>(
        std::count_if(databases.begin(), databases.end(),
                      [](const database_size& each) { return each.keys != 0; }));
    const auto number = [&](std::string_view name, std::uint64_t value) {
        c.reply.bulk_string(name);
        c.reply.integer(static_cast<std::int64_t>(value));
    };
    const auto real = [&](std::string_view name, double value) {
        c.reply.bulk_string(name);
        c.reply.real(value);
    };
    const std::uint64_t unused = all.resident - std::min(all.resident, all.used);
    const std::uint64_t data = all.used - std::min(all.used, all.at_start);

    c.reply.map(27 + used);
    number("peak.allocated", all.peak);
    number("total.allocated", all.used);
    number("startup.allocated", all.at_start);
    for (const std::string_view nothing : {"replication.backlog", "clients.slaves"})
        number(nothing, 0);
    number("clients.normal", all.clients);
    for (const std::string_view nothing :
         {"cluster.links", "aof.buffer", "lua.caches", "functions.caches"})
        number(nothing, 0);
    for (std::size_t i = 0; i < databases.size(); ++i)
        if (databases[i].keys != 0) write_database(c.reply, i, databases[i]);
    number("overhead.total", all.overhead);
    number("keys.count", all.keys);
    number("keys.bytes-per-key", all.keys == 0 ? 0 : data / all.keys);
    number("dataset.bytes", all.dataset);
    real("dataset.percentage", all.dataset_percentage());
    real("peak.percentage", all.peak_percentage());
    number("allocator.allocated", all.used);
    number("allocator.active", all.resident);
    number("allocator.resident", all.resident);
    real("allocator-fragmentation.ratio", all.fragmentation());
    number("allocator-fragmentation.bytes", unused);
    real("allocator-rss.ratio", 1);
    number("allocator-rss.bytes", 0);
    real("rss-overhead.ratio", 1);
    number("rss-overhead.bytes", 0);
    real("fragmentation", all.fragmentation());
    number("fragmentation.bytes", unused);
}

void memory_doctor(context& c) {
    constexpr std::uint64_t mebibyte = 1024 * 1024;
    const server_statistics now = c.server.statistics();
    const memory_figures all = gather_memory_figures(c, now);
    if (all.used < all.at_start + 5 * mebibyte)
        return c.reply.verbatim_string(
            "txt", "The server holds next to no data, too little to tell anything from.\n");
    std::string text;
    if (all.used * 3 / 2 < all.peak)
        text +=
            fmt::format("- It has held much more at some time: {} at the peak, {} now. What was "
                        "freed may be used again, but need not go back to the system; MEMORY "
                        "PURGE asks for that.\n",
                        human_size(all.peak), human_size(all.used));
    if (now.connected_clients != 0 && all.clients / now.connected_clients > 200 * 1024)
        text += fmt::format("- Clients take much, {} each on average: CLIENT LIST shows whose "
                            "requests are large (qbuf) or who does not read its replies (omem).\n",
                            human_size(all.clients / now.connected_clients));
    if (all.clients > all.used / 2)
        text += "- More than half of it belongs to clients' buffers, not to data: see "
                "client-output-buffer-limit.\n";
    c.reply.verbatim_string("txt", text.empty() ? "Nothing is wrong with the server's memory.\n"
                                                : "About the server's memory:\n\n" + text);
}

void memory_malloc_stats(context& c) {
    c.reply.verbatim_string("txt", "The allocator of this server keeps no figures to show.");
}

void memory_purge(context& c) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    c.reply.ok();
}

using enum command_flag;

constexpr std::array<std::string_view, 3> figures{
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
constexpr std::array<std::string_view, 2> purge_tips{"request_policy:all_shards",
                                                     "response_policy:all_succeeded"};

constexpr command memory_rows[] = {
    {.name = "doctor",
     .handler = memory_doctor,
     .arity = 2,
     .flags = locks_itself,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Says in plain words what is odd about the server's memory.",
     .tips = figures},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of MEMORY."},
    {.name = "malloc-stats",
     .handler = memory_malloc_stats,
     .arity = 2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Shows what the allocator tells of itself, which is nothing.",
     .tips = figures},
    {.name = "purge",
     .handler = memory_purge,
     .arity = 2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(N) in the memory that is free",
     .summary = "Gives memory that is free back to the system.",
     .tips = purge_tips},
    {.name = "stats",
     .handler = memory_stats,
     .arity = 2,
     .flags = locks_itself,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(N) in the number of shards and of connections",
     .summary = "Tells what the server's memory is used for.",
     .tips = figures},
    {.name = "usage",
     .handler = memory_usage,
     .arity = -3,
     .flags = readonly,
     .keys = {{{2, 2, 1, "RO"}}},
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .syntax = "key [SAMPLES count:integer]",
     .summary = "Tells about how many bytes a key takes, with its value."},
};

constexpr command rows[] = {
    {.name = "memory",
     .arity = -2,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at the memory that keys take, and the server.",
     .subcommands = memory_rows},
};

static_assert(arities_match(memory_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> memory_commands() {
    return rows;
}

} // namespace mini_redis
