// Sends the same random commands to two servers and compares every reply, byte for byte.
//
//   differential_test [--left SERVER] [--right SERVER] [--seed N] [--rounds N] [--seconds N]
//
// SERVER is redis (a real one is started), mini-redis (likewise) or 127.0.0.1:port; by default it
// is redis against mini-redis. A round starts with empty keyspaces and has a seed of its own, the
// one before plus one: a failure names the round's, and `--seed N --rounds 1` repeats it. The first
// is $MINI_REDIS_SEED or random. A failing round is shrunk to the few commands that matter. Exit
// status: 0 all alike, 1 a difference, 2 usage, 77 no server to test.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "command_grammar.hpp"
#include "duel.hpp"
#include "reply_comparison.hpp"
#include "support/redis_process.hpp"

namespace mini_redis::test {
namespace {

constexpr int skipped = 77;
constexpr std::size_t commands_per_round = 400;

// Leaves out what is not needed for a difference in this command's replies: halves first, single
// commands at last.
command_stream shrink(duel& servers, command_stream commands, const std::string& command,
                      random_source batches, bool pipelined) {
    constexpr int attempts = 2'000;
    int left = attempts;
    for (std::size_t size = std::max<std::size_t>(commands.size() / 2, 1); left > 0;) {
        bool smaller = false;
        for (std::size_t begin = 0; begin < commands.size() && left > 0; --left) {
            command_stream fewer = commands;
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(begin);
            const auto last =
                fewer.begin() + static_cast<std::ptrdiff_t>(std::min(begin + size, fewer.size()));
            fewer.erase(first, last);
            const auto found = servers.play(fewer, batches, pipelined);
            if (found && found->command == command) {
                if (found->index + 1 < fewer.size()) fewer.resize(found->index + 1);
                commands = std::move(fewer);
                smaller = true;
            } else {
                begin += size;
            }
        }
        if (size == 1 && !smaller) break;
        size = std::max<std::size_t>(size / 2, 1);
    }
    return commands;
}

void report(duel& servers, command_stream commands, const difference& first, std::uint64_t seed) {
    fmt::print("\nThey differ in the round of seed {}, at command {} of {}:\n  {}\n  {:<12} {}\n  "
               "{:<12} {}\n",
               seed, first.index + 1, commands.size(), first.command, servers.left().name + ":",
               first.left, servers.right().name + ":", first.right);
    const random_source batches{seed};
    servers.patience = std::chrono::milliseconds{300}; // there are many attempts
    if (first.index + 1 < commands.size()) commands.resize(first.index + 1);
    // Commands sent one by one tell more, if that shows the difference as well.
    const bool pipelined = !servers.play(commands, batches, false).has_value();
    if (pipelined && !servers.play(commands, batches, true)) {
        fmt::print("It does not show again. The last commands were:\n");
        const std::size_t begin = commands.size() - std::min<std::size_t>(commands.size(), 20);
        for (std::size_t i = begin; i < commands.size(); ++i)
            fmt::print("  {}\n", spell_command(commands[i]));
        return;
    }
    const command_stream fewer = shrink(servers, commands, first.command, batches, pipelined);
    fmt::print("This is enough for it{}:\n", pipelined ? ", pipelined" : "");
    for (const random_command& command : fewer)
        fmt::print("  {}\n", spell_command(command));
    if (const auto last = servers.play(fewer, batches, pipelined))
        fmt::print("Then, to {}\n  {:<12} {}\n  {:<12} {}\n", last->command,
                   servers.left().name + ":", last->left, servers.right().name + ":", last->right);
    fmt::print("To repeat it: differential_test --seed {} --rounds 1\n", seed);
}

struct flags {
    std::string left = "redis";
    std::string right = "mini-redis";
    std::optional<std::uint64_t> seed;
    std::size_t rounds = 0; ///< 0: until the time is up
    int seconds = 10;
};

std::optional<flags> parse_flags(const std::vector<std::string>& arguments) {
    flags out;
    if (const char* seed = std::getenv("MINI_REDIS_SEED"); seed != nullptr && *seed != '\0')
        out.seed = std::stoull(seed);
    if (arguments.size() % 2 != 0) return std::nullopt;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const std::string& name = arguments[i];
        const std::string& value = arguments[i + 1];
        if (name == "--left")
            out.left = value;
        else if (name == "--right")
            out.right = value;
        else if (name == "--seed")
            out.seed = std::stoull(value);
        else if (name == "--rounds")
            out.rounds = std::stoull(value);
        else if (name == "--seconds")
            out.seconds = std::stoi(value);
        else
            return std::nullopt;
    }
    return out;
}

// A started server lives as long as `processes`.
std::optional<server_address> open_server(const std::string& name,
                                          std::vector<redis_process>& processes) {
    if (const std::size_t colon = name.find(':'); colon != std::string::npos)
        return server_address{name, static_cast<std::uint16_t>(std::stoi(name.substr(colon + 1)))};
    const bool redis = name == "redis";
    if (!redis && name != "mini-redis") throw std::runtime_error{"no such server: " + name};
    const auto program =
        redis ? redis_process::find_reference_redis() : redis_process::find_mini_redis_server();
    if (!program) return std::nullopt;
    processes.push_back(redis ? redis_process::start_redis() : redis_process::start_mini_redis(2));
    return server_address{name, processes.back().port()};
}

int run(const std::vector<std::string>& arguments) {
    const auto flags = parse_flags(arguments);
    if (!flags) {
        std::fputs("usage: differential_test [--left SERVER] [--right SERVER] [--seed N] "
                   "[--rounds N] [--seconds N]\n  SERVER: redis, mini-redis or 127.0.0.1:port\n",
                   stderr);
        return 2;
    }
    std::vector<redis_process> processes;
    const auto left = open_server(flags->left, processes);
    const auto right = left ? open_server(flags->right, processes) : std::nullopt;
    if (!left || !right) {
        fmt::print("skipped: no {} to test\n", left ? flags->right : flags->left);
        return skipped;
    }
    duel servers{*left, *right};
    const std::uint64_t seed = flags->seed.value_or(std::random_device{}());
    fmt::print("{} against {}, seed {}\n", left->name, right->name, seed);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{flags->seconds};
    std::size_t round = 0;
    while (flags->rounds > 0 ? round < flags->rounds
                             : std::chrono::steady_clock::now() < deadline) {
        const std::uint64_t round_seed = seed + round++;
        command_generator generator{round_seed, connections_per_server};
        command_stream commands;
        generator.open(commands);
        while (commands.size() < commands_per_round)
            generator.append_to(commands);
        if (const auto found = servers.play(commands, random_source{round_seed}, true)) {
            report(servers, std::move(commands), *found, round_seed);
            return 1;
        }
    }
    fmt::print("{} rounds, {} replies compared, {} of them waited for, no difference\n", round,
               servers.compared(), servers.waited());
    return 0;
}

} // namespace
} // namespace mini_redis::test

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        return mini_redis::test::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        fmt::print(stderr, "differential_test: {}\n", error.what());
        return 2;
    }
}
