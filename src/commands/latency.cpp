// LATENCY: what took longer than latency-monitor-threshold, and how long calls take.
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/families.hpp"
#include "commands/latency_histogram.hpp"
#include "commands/latency_report.hpp"
#include "commands/registry.hpp"

namespace mini_redis {
namespace {

void latency_latest(context& c) {
    const auto events = c.server.notes().latency.all();
    c.reply.array(events.size());
    for (const auto& [name, history] : events) {
        c.reply.array(4);
        c.reply.bulk_string(name);
        c.reply.integer(history.samples.back().unix_seconds);
        c.reply.integer(history.samples.back().milliseconds);
        c.reply.integer(history.worst);
    }
}

void latency_history(context& c) {
    const auto found = c.server.notes().latency.of(c.args[2]);
    c.reply.array(found ? found->samples.size() : 0);
    if (!found) return;
    for (const latency_monitor::sample& each : found->samples) {
        c.reply.array(2);
        c.reply.integer(each.unix_seconds);
        c.reply.integer(each.milliseconds);
    }
}

void latency_graph(context& c) {
    const auto found = c.server.notes().latency.of(c.args[2]);
    if (!found)
        return c.reply.error(
            fmt::format("ERR No samples available for event '{}'", shown(c.args[2])));
    c.reply.verbatim_string("txt", draw_latencies(c.args[2], *found, c.now_ms() / 1000));
}

void latency_reset(context& c) {
    const std::size_t count = c.server.notes().latency.clear(c.args.subspan(2));
    c.reply.integer(static_cast<std::int64_t>(count));
}

// What can be done, as far as this server can know what was slow.
std::string advice(const context& c, bool commands, bool expiry) {
    const settings& now = c.server.configuration();
    const std::int64_t threshold = now.latency_threshold_ms.load();
    const std::int64_t slower_than = now.slowlog_slower_than_us.load();
    std::string text = "\nWhat may help:\n\n";
    if (commands && (slower_than < 0 || slower_than > threshold * 1000))
        text += fmt::format("- SLOWLOG does not show all of these commands: \"CONFIG SET "
                            "slowlog-log-slower-than {}\" lets it.\n",
                            threshold * 1000);
    if (commands)
        text += "- SLOWLOG GET tells which commands were slow. Those that look at all keys or at "
                "all elements of a large value (KEYS, SORT, SMEMBERS …) can be replaced by their "
                "SCAN relatives.\n";
    if (expiry)
        text += "- Many keys expire at the same time: spread their expiries, say by some random "
                "seconds.\n";
    text += "- Look whether the machine is short of CPU time or memory.\n";
    return text;
}

void latency_doctor(context& c) {
    if (c.server.configuration().latency_threshold_ms.load() == 0)
        return c.reply.verbatim_string(
            "txt", "Latency monitoring is off, so there is nothing to diagnose. \"CONFIG SET "
                   "latency-monitor-threshold <milliseconds>\" turns it on.\n");
    const auto events = c.server.notes().latency.all();
    if (events.empty())
        return c.reply.verbatim_string(
            "txt", "No latency spike has been seen so far: nothing took as long as "
                   "latency-monitor-threshold.\n");
    std::string text = "Latency spikes have been seen:\n\n";
    bool commands = false;
    bool expiry = false;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto& [name, history] = events[i];
        const latency_summary figures = summarize(history, c.now_ms() / 1000);
        fmt::format_to(std::back_inserter(text),
                       "{}. {}: {} latency spikes (average {}ms, mean deviation {}ms, period "
                       "{:.2f} sec). Worst all time event {}ms.\n",
                       i + 1, name, history.samples.size(), figures.mean, figures.mean_deviation,
                       figures.period_seconds, history.worst);
        commands = commands || name == "command" || name == "fast-command";
        expiry = expiry || name == "expire-cycle";
    }
    c.reply.verbatim_string("txt", text + advice(c, commands, expiry));
}

void latency_histograms(context& c) {
    std::vector<std::pair<std::size_t, latency_counts>> wanted;
    const auto add = [&](std::size_t number) {
        latency_counts counts = c.server.latencies(number);
        if (counts.total() != 0) wanted.emplace_back(number, std::move(counts));
    };
    if (c.args.size() == 2)
        for (std::size_t i = 0; i < c.commands.count(); ++i)
            add(i);
    for (const std::string_view name : c.args.subspan(2)) {
        const std::size_t bar = name.find('|');
        const registry::numbered found = c.commands.find_numbered(name.substr(0, bar));
        if (found.row == nullptr) continue;
        const auto& parts = found.row->subcommands;
        if (bar != std::string_view::npos) {
            const command* const part = find_subcommand(*found.row, name.substr(bar + 1));
            if (part != nullptr)
                add(found.number + 1 + static_cast<std::size_t>(part - parts.data()));
            continue;
        }
        for (std::size_t i = 0; i <= parts.size(); ++i)
            add(found.number + i);
    }
    c.reply.map(wanted.size());
    for (const auto& [number, counts] : wanted) {
        const std::vector<latency_counts::step> steps = counts.cumulative();
        c.reply.bulk_string(c.commands.name_of(number));
        c.reply.map(2);
        c.reply.bulk_string("calls");
        c.reply.integer(static_cast<std::int64_t>(counts.total()));
        c.reply.bulk_string("histogram_usec");
        c.reply.map(steps.size());
        for (const latency_counts::step& each : steps) {
            c.reply.integer(static_cast<std::int64_t>(each.microseconds));
            c.reply.integer(static_cast<std::int64_t>(each.calls));
        }
    }
}

using enum command_flag;

constexpr command_flag always = admin | noscript | loading | stale;

constexpr std::array<std::string_view, 3> figures{
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};
constexpr std::array<std::string_view, 2> reset_tips{"request_policy:all_nodes",
                                                     "response_policy:all_succeeded"};

constexpr command latency_rows[] = {
    {.name = "doctor",
     .handler = latency_doctor,
     .arity = 2,
     .flags = always,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Says in plain words what was slow, and what may help.",
     .tips = figures},
    {.name = "graph",
     .handler = latency_graph,
     .arity = 3,
     .flags = always,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .syntax = "event",
     .summary = "Draws the latest samples of an event.",
     .tips = figures},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of LATENCY."},
    {.name = "histogram",
     .handler = latency_histograms,
     .arity = -2,
     .flags = always,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of commands that are shown",
     .syntax = "[command ...]",
     .summary = "Tells how many calls of commands took how long.",
     .tips = figures},
    {.name = "history",
     .handler = latency_history,
     .arity = 3,
     .flags = always,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .syntax = "event",
     .summary = "Shows the latest samples of an event.",
     .tips = figures},
    {.name = "latest",
     .handler = latency_latest,
     .arity = 2,
     .flags = always,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Shows the last sample of each event, and the worst that there was.",
     .tips = figures},
    {.name = "reset",
     .handler = latency_reset,
     .arity = -2,
     .flags = always,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .syntax = "[event ...]",
     .summary = "Forgets the samples of all events, or of some.",
     .tips = reset_tips},
};

constexpr command rows[] = {
    {.name = "latency",
     .arity = -2,
     .group = "server",
     .since = "2.8.13",
     .complexity = "Depends on subcommand.",
     .summary = "Looks for what makes the server slow.",
     .subcommands = latency_rows},
};

static_assert(arities_match(latency_rows, 2));

} // namespace

std::span<const command> latency_commands() {
    return rows;
}

} // namespace mini_redis
