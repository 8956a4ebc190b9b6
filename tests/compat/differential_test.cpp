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
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "command_grammar.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"

namespace mini_redis::test {
namespace {

constexpr int skipped = 77;
constexpr int databases = 16;
constexpr std::size_t commands_per_round = 400;
/// The first connection speaks RESP2 and the second RESP3, until a HELLO or RESET in the stream.
constexpr std::size_t connections_per_server = 2;
/// Two servers read their clocks at different moments, on a loaded machine even seconds apart.
constexpr long long tolerance_ms = 5'000;

using stream = std::vector<random_command>;

struct address {
    std::string name;
    std::uint16_t port = 0;
};

struct difference {
    std::size_t index = 0; ///< of the command in its stream; its size: found afterwards
    std::string command;
    std::string left;
    std::string right;
};

std::string spell_command(const random_command& command) {
    std::string line = fmt::format("[{}]>", command.connection + 1);
    for (const std::string& argument : command.arguments) {
        const bool plain = !argument.empty() && std::ranges::all_of(argument, [](char c) {
            return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\';
        });
        line += ' ' + (plain ? argument : quote(argument, 300));
    }
    return line;
}

// Long replies from a little before where they part.
std::string spell_from(const wire_value& value, const wire_value& other) {
    constexpr std::size_t length = 1'000;
    constexpr std::size_t lead = 50;
    const std::string text = spell_line(value, std::string::npos);
    const std::string other_text = spell_line(other, std::string::npos);
    const auto part = std::ranges::mismatch(text, other_text).in1 - text.begin();
    const auto begin = static_cast<std::size_t>(part);
    if (begin < length) return text.substr(0, length);
    return "… " + text.substr(begin - lead, length);
}

bool same_elements(wire_value left, wire_value right) {
    if (left.type != right.type || !left.is_aggregate()) return left == right;
    const auto by_text = [](const wire_value& a, const wire_value& b) { return a.text < b.text; };
    std::ranges::sort(left.elements, by_text);
    std::ranges::sort(right.elements, by_text);
    return left == right;
}

bool nearly_same_time(const wire_value& left, const wire_value& right, long long tolerance) {
    if (left.type != ':' || right.type != ':') return left == right;
    const long long a = std::stoll(left.text);
    const long long b = std::stoll(right.text);
    if (a < 0 || b < 0) return a == b;
    return std::abs(a - b) <= tolerance;
}

bool same_shape(const wire_value& left, const wire_value& right) {
    if (left.type == '-' || right.type == '-') return left == right;
    return left.type == right.type && left.elements.size() == right.elements.size();
}

bool alike(comparison compare, const wire_value& left, const wire_value& right) {
    switch (compare) {
    case comparison::exact:
    case comparison::size: return left == right;
    case comparison::unordered:
    case comparison::scan: return same_elements(left, right);
    case comparison::seconds: return nearly_same_time(left, right, tolerance_ms / 1000);
    case comparison::milliseconds: return nearly_same_time(left, right, tolerance_ms);
    case comparison::shape: return same_shape(left, right);
    case comparison::member: return same_shape(left, right) && left.null == right.null;
    }
    return false;
}

// The connections to one server, for one round.
class player {
public:
    explicit player(const address& server) {
        for (std::size_t i = 0; i < connections_per_server; ++i)
            connections_.emplace_back(server.port);
        connections_[0].command({"FLUSHALL"});
        connections_[1].command({"HELLO", "3"});
    }

    void send(const random_command& command) {
        connections_[command.connection].send(encode_request(command.arguments));
    }

    // A server that breaks off is a difference, not the end of the test.
    std::string receive(const random_command& command) {
        try {
            return connections_[command.connection].read_reply();
        } catch (const connection_closed&) {
            return "-(the connection was closed)\r\n";
        } catch (const reply_timed_out&) {
            return "-(no reply came)\r\n";
        }
    }

    wire_value ask(const random_command& command) {
        send(command);
        return parse_reply(receive(command));
    }

    // Iterates SCAN to its end, and gives what it returned, each once.
    wire_value scan(random_command command) {
        wire_value all;
        all.type = '*';
        std::set<std::string> seen;
        constexpr int enough = 10'000;
        for (int calls = 0; calls < enough; ++calls) {
            wire_value reply = ask(command);
            if (reply.type != '*' || reply.elements.size() != 2) return reply;
            for (wire_value& element : reply.elements[1].elements)
                if (seen.insert(element.text).second) all.elements.push_back(std::move(element));
            if (reply.elements[0].text == "0") return all;
            command.arguments[1] = reply.elements[0].text;
        }
        all.type = '-';
        all.text = "(the scan does not end)";
        return all;
    }

    // RANDOMKEY: null, or a key that is there.
    wire_value member(const random_command& command) {
        wire_value reply = ask(command);
        if (reply.type != '$' || reply.null) return reply;
        const wire_value exists = ask({command.connection, {"EXISTS", reply.text}});
        if (exists.text != "1") return {'-', false, "(no such key: " + quote(reply.text) + ")", {}};
        return reply;
    }

    // DBSIZE: a key whose time has passed may be counted until it is reclaimed, which is soon.
    wire_value size(const random_command& command) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
        while (true) {
            wire_value reply = ask(command);
            const wire_value keys = scan({command.connection, {"SCAN", "0", "COUNT", "1000"}});
            if (reply.type != ':' || reply.text == std::to_string(keys.elements.size()) ||
                std::chrono::steady_clock::now() > deadline)
                return reply;
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }

private:
    std::vector<raw_connection> connections_;
};

// Whether it takes more than one request and reply.
bool is_alone(const random_command& command) {
    return command.compare == comparison::scan || command.compare == comparison::member ||
           command.compare == comparison::size;
}

wire_value ask_alone(player& server, const random_command& command) {
    switch (command.compare) {
    case comparison::scan: return server.scan(command);
    case comparison::member: return server.member(command);
    default: return server.size(command);
    }
}

// Two servers that are to do the same.
class duel {
public:
    duel(address left, address right) : left_{std::move(left)}, right_{std::move(right)} {}

    const address& left() const noexcept { return left_; }

    const address& right() const noexcept { return right_; }

    /// How many replies were compared.
    std::size_t compared() const noexcept { return compared_; }

    /// Plays the stream on empty servers. `batches` gives how many commands are sent at once.
    std::optional<difference> play(const stream& commands, random_source batches, bool pipelined) {
        player left{left_};
        player right{right_};
        for (std::size_t i = 0; i < commands.size();) {
            std::size_t end = i + 1;
            const std::size_t limit = pipelined ? 1 + batches.below(32) : 1;
            while (end < commands.size() && end - i < limit && !is_alone(commands[i]) &&
                   !is_alone(commands[end]) && commands[end].connection == commands[i].connection)
                ++end;
            for (std::size_t k = i; k < end; ++k)
                if (!is_alone(commands[k])) {
                    left.send(commands[k]);
                    right.send(commands[k]);
                }
            for (; i < end; ++i)
                if (auto found = compare(left, right, commands[i], i)) return found;
        }
        return compare_keyspaces(left, right, commands.size());
    }

private:
    std::optional<difference> compare(player& left, player& right, const random_command& command,
                                      std::size_t index) {
        ++compared_;
        if (!is_alone(command)) {
            const std::string left_bytes = left.receive(command);
            const std::string right_bytes = right.receive(command);
            if (left_bytes == right_bytes) return std::nullopt;
            return judge(command, index, parse_reply(left_bytes), parse_reply(right_bytes));
        }
        return judge(command, index, ask_alone(left, command), ask_alone(right, command));
    }

    static std::optional<difference> judge(const random_command& command, std::size_t index,
                                           const wire_value& left, const wire_value& right) {
        if (alike(command.compare, left, right)) return std::nullopt;
        return difference{index, spell_command(command), spell_from(left, right),
                          spell_from(right, left)};
    }

    // What the commands left behind: keys, values, encodings, times.
    std::optional<difference> compare_keyspaces(player& left, player& right, std::size_t index) {
        const random_command reset{0, {"RESET"}};
        left.ask(reset);
        right.ask(reset);
        for (int database = 0; database < databases; ++database) {
            const random_command select{0, {"SELECT", std::to_string(database)}};
            if (auto found = judge(select, index, left.ask(select), right.ask(select)))
                return found;
            const random_command keys{0, {"SCAN", "0"}, comparison::scan};
            const wire_value all = left.scan(keys);
            if (auto found = judge(keys, index, all, right.scan(keys))) return found;
            const random_command size{0, {"DBSIZE"}, comparison::size};
            if (auto found = judge(size, index, left.size(size), right.size(size))) return found;
            stream questions;
            for (const wire_value& key : all.elements) {
                questions.push_back({0, {"GET", key.text}});
                questions.push_back({0, {"PEXPIRETIME", key.text}, comparison::milliseconds});
                questions.push_back({0, {"OBJECT", "ENCODING", key.text}});
            }
            for (const random_command& question : questions) {
                left.send(question);
                right.send(question);
            }
            for (const random_command& question : questions)
                if (auto found = compare(left, right, question, index)) return found;
        }
        return std::nullopt;
    }

    address left_;
    address right_;
    std::size_t compared_ = 0;
};

// Leaves out what is not needed for a difference in this command's replies: halves first, single
// commands at last.
stream shrink(duel& servers, stream commands, const std::string& command, random_source batches,
              bool pipelined) {
    constexpr int attempts = 2'000;
    int left = attempts;
    for (std::size_t size = std::max<std::size_t>(commands.size() / 2, 1); left > 0;) {
        bool smaller = false;
        for (std::size_t begin = 0; begin < commands.size() && left > 0; --left) {
            stream fewer = commands;
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

void report(duel& servers, stream commands, const difference& first, std::uint64_t seed) {
    fmt::print("\nThey differ in the round of seed {}, at command {} of {}:\n  {}\n  {:<12} {}\n  "
               "{:<12} {}\n",
               seed, first.index + 1, commands.size(), first.command, servers.left().name + ":",
               first.left, servers.right().name + ":", first.right);
    const random_source batches{seed};
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
    const stream fewer = shrink(servers, commands, first.command, batches, pipelined);
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
std::optional<address> open_server(const std::string& name, std::vector<redis_process>& processes) {
    if (const std::size_t colon = name.find(':'); colon != std::string::npos)
        return address{name, static_cast<std::uint16_t>(std::stoi(name.substr(colon + 1)))};
    const bool redis = name == "redis";
    if (!redis && name != "mini-redis") throw std::runtime_error{"no such server: " + name};
    const auto program =
        redis ? redis_process::find_reference_redis() : redis_process::find_mini_redis_server();
    if (!program) return std::nullopt;
    processes.push_back(redis ? redis_process::start_redis() : redis_process::start_mini_redis(2));
    return address{name, processes.back().port()};
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
        stream commands;
        while (commands.size() < commands_per_round)
            generator.append_to(commands);
        if (const auto found = servers.play(commands, random_source{round_seed}, true)) {
            report(servers, std::move(commands), *found, round_seed);
            return 1;
        }
    }
    fmt::print("{} rounds, {} replies compared, no difference\n", round, servers.compared());
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
