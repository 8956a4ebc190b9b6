// Replays wire transcripts (README.md) against a server, and says where it answers otherwise.
//
//   wire_test --server redis|mini-redis|in-process [--mode whole|bytes|pipelined] [--record]
//   file...
//
// The server is started for the run; in-process is mini_redis::server within this program. --record
// writes the server's replies into the files where they do not match: for writing transcripts,
// against a real redis-server. Exit status: 0 all as expected, 1 not, 2 usage or unreadable
// transcript, 77 no server to test.

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <memory>
#include <mini_redis/server.hpp>
#include <set>
#include <spdlog/spdlog.h>
#include <thread>

#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"
#include "transcript.hpp"

namespace mini_redis::test {
namespace {

using namespace std::chrono_literals;

constexpr auto reply_timeout = 10s;
constexpr auto eventually_timeout = 10s;
constexpr int skipped = 77;

// What goes over the wire for a step.
std::string request_bytes(const step& step, const variables& names) {
    if (step.kind == step::action::raw_bytes) return step.bytes;
    std::vector<std::string> arguments;
    for (const std::string& argument : step.arguments)
        arguments.push_back(substitute(argument, names));
    return encode_request(arguments);
}

bool uses_variable(const step& step) {
    for (const std::string& argument : step.arguments)
        if (argument.find("${") != std::string::npos) return true;
    return false;
}

// The lines that replace a step's replies in its file, by the line where they begin.
struct recorded_replies {
    std::size_t old_count = 0;
    std::vector<std::string> lines;
};

using recording = std::map<std::size_t, recorded_replies>;

// Replays one section over its own connections.
class section_run {
public:
    section_run(const transcript& text, const section& section, int protocol, replay_mode mode,
                const server_identity& server, std::uint16_t port, recording* record)
        : text_{text},
          section_{section},
          resp3_{protocol == 3},
          mode_{mode},
          server_{server},
          port_{port},
          record_{record} {}

    // The number of failures, each printed.
    int run() {
        current_ = nullptr;
        try {
            run_steps();
            finish_connections();
        } catch (const transcript_error& error) {
            fail(current_, "the transcript", error.what());
        } catch (const std::exception& error) {
            fail(current_, "an answer", error.what());
        }
        return failures_;
    }

private:
    void run_steps() {
        const std::vector<step>& steps = section_.steps;
        for (std::size_t i = 0; i < steps.size();) {
            const std::size_t end = end_of_stretch(i);
            if (end == i + 1) {
                if (steps[i].where.holds(server_, mode_)) run_step(steps[i]);
            } else {
                run_stretch(i, end);
            }
            i = end;
        }
    }

    // Steps [begin, end) can be sent at once.
    std::size_t end_of_stretch(std::size_t begin) const {
        const std::vector<step>& steps = section_.steps;
        std::size_t end = begin;
        if (mode_ == replay_mode::pipelined) {
            while (end < steps.size() && can_be_pipelined(steps[end]) &&
                   steps[end].connection == steps[begin].connection &&
                   (end == begin || !uses_variable(steps[end])))
                if (steps[end++].expects_close) break;
        }
        return std::max(end, begin + 1);
    }

    static bool can_be_pipelined(const step& step) {
        return (step.kind == step::action::request || step.kind == step::action::raw_bytes) &&
               !step.eventually;
    }

    void run_stretch(std::size_t begin, std::size_t end) {
        std::string bytes;
        for (std::size_t i = begin; i < end; ++i)
            if (section_.steps[i].where.holds(server_, mode_))
                bytes += request_bytes(section_.steps[i], names_);
        if (bytes.empty()) return;
        current_ = &section_.steps[begin];
        connection_of(section_.steps[begin]).send(bytes);
        for (std::size_t i = begin; i < end; ++i)
            if (section_.steps[i].where.holds(server_, mode_)) expect_replies(section_.steps[i]);
    }

    void run_step(const step& step) {
        current_ = &step;
        switch (step.kind) {
        case step::action::sync: return;
        case step::action::sleep: std::this_thread::sleep_for(step.pause); return;
        case step::action::scan: run_scan(step); return;
        case step::action::replies_only: expect_replies(step); return;
        case step::action::request:
        case step::action::raw_bytes: break;
        }
        if (step.eventually) return run_eventually(step);
        send(step);
        expect_replies(step);
    }

    void send(const step& step) {
        const std::string bytes = request_bytes(step, names_);
        if (mode_ == replay_mode::bytes)
            connection_of(step).send_byte_by_byte(bytes);
        else
            connection_of(step).send(bytes);
    }

    void run_eventually(const step& step) {
        const auto deadline = std::chrono::steady_clock::now() + eventually_timeout;
        while (true) {
            send(step);
            const std::vector<std::string> replies =
                connection_of(step).read_replies(step.replies.size());
            bool all = true;
            for (std::size_t i = 0; i < replies.size(); ++i)
                all = all &&
                      matches(step.replies[i].pattern, parse_reply(replies[i]), resp3_, names_);
            if (all) return;
            if (std::chrono::steady_clock::now() > deadline) {
                for (std::size_t i = 0; i < replies.size(); ++i)
                    compare(step, step.replies[i], parse_reply(replies[i]));
                return;
            }
            std::this_thread::sleep_for(2ms);
        }
    }

    // Iterates until the cursor is 0 again, and compares the elements as a set.
    void run_scan(const step& step) {
        const auto cursor = std::ranges::find(step.arguments, "0");
        const bool unknown = record_ != nullptr && step.replies.empty();
        if (cursor == step.arguments.end() || (step.replies.size() != 1 && !unknown))
            throw transcript_error{"@scan wants a cursor 0 and one reply"};
        std::vector<std::string> request = step.arguments;
        std::string& position = request[static_cast<std::size_t>(cursor - step.arguments.begin())];
        std::set<std::string> seen;
        wire_value all;
        all.type = '*';
        constexpr int enough = 1'000'000;
        for (int calls = 0; calls < enough; ++calls) {
            connection_of(step).send(encode_request(request));
            wire_value reply = parse_reply(connection_of(step).read_reply());
            if (reply.type != '*' || reply.elements.size() != 2 || reply.elements[0].type != '$' ||
                reply.elements[1].type != '*') {
                compare(step, step.replies[0], reply);
                return;
            }
            for (wire_value& element : reply.elements[1].elements)
                if (seen.insert(element.text).second) all.elements.push_back(std::move(element));
            position = reply.elements[0].text;
            if (position == "0" && unknown) return record(step, spell(all));
            if (position == "0") {
                expected_reply expected = step.replies[0];
                expected.pattern.unordered = true;
                compare(step, expected, all);
                return;
            }
        }
        throw std::runtime_error{"the scan does not end"};
    }

    void expect_replies(const step& step) {
        current_ = &step;
        if (record_ != nullptr && step.replies.empty() && !step.expects_close) {
            record_new(step);
            return;
        }
        bool all = true;
        std::vector<std::string> lines;
        for (const expected_reply& expected : step.replies) {
            const wire_value reply = parse_reply(connection_of(step).read_reply());
            for (std::string& line : spell(reply))
                lines.push_back(std::move(line));
            all = compare(step, expected, reply) && all;
        }
        if (step.expects_close) lines.emplace_back("close");
        if (!all) record(step, std::move(lines));
        if (step.expects_close) expect_close(step);
    }

    void expect_close(const step& step) {
        raw_connection connection = std::move(connection_of(step));
        connections_.erase(step.connection);
        std::string rest;
        try {
            rest = connection.read_to_end();
        } catch (const reply_timed_out&) {
            fail(&step, "close", "open still, " + quote(connection.unread(), 200));
            return;
        }
        if (!rest.empty()) fail(&step, "close", quote(rest, 200));
    }

    bool compare(const step& step, const expected_reply& expected, const wire_value& reply) {
        if (matches(expected.pattern, reply, resp3_, names_)) return true;
        if (record_ == nullptr) fail(&step, substitute(expected.text, names_), spell_line(reply));
        return false;
    }

    // A step without replies: takes what comes within a moment.
    void record_new(const step& step) {
        std::this_thread::sleep_for(30ms);
        std::vector<std::string> lines;
        while (!connection_of(step).unread().empty())
            for (std::string& line : spell(parse_reply(connection_of(step).read_reply())))
                lines.push_back(std::move(line));
        if (connection_of(step).closed()) {
            lines.emplace_back("close");
            connections_.erase(step.connection);
        }
        record(step, std::move(lines));
    }

    void record(const step& step, std::vector<std::string> lines) {
        if (record_ == nullptr) return;
        const std::string prefix =
            step.connection == "1" ? "< " : fmt::format("[{}]< ", step.connection);
        for (std::string& line : lines) {
            if (section_.protocols.size() > 1) spell_nulls_for_both(line);
            line.insert(0, prefix);
        }
        (*record_)[step.first_reply_line] = {step.reply_line_count, std::move(lines)};
    }

    static void spell_nulls_for_both(std::string& line) {
        for (const auto& [null, both] : {std::pair{"$-1", "nil"}, std::pair{"*-1", "nil-array"}}) {
            for (std::size_t at = 0; (at = line.find(null, at)) != std::string::npos;) {
                const bool begins = at == 0 || line[at - 1] == ' ';
                const bool ends = at + 3 == line.size() || line[at + 3] == ' ';
                if (begins && ends) line.replace(at, 3, both);
                at += 3;
            }
        }
    }

    raw_connection& connection_of(const step& step) {
        const auto found = connections_.find(step.connection);
        if (found != connections_.end()) return found->second;
        raw_connection connection{port_, "127.0.0.1", reply_timeout};
        if (resp3_ && connection.command({"HELLO", "3"}).type != '%')
            throw std::runtime_error{"HELLO 3 is not answered with a map"};
        return connections_.emplace(step.connection, std::move(connection)).first->second;
    }

    // A server closes a connection whose end it has seen: whatever it still sent was not expected.
    void finish_connections() {
        for (auto& [name, connection] : connections_) {
            connection.finish_sending();
            const std::string rest = connection.read_to_end();
            if (!rest.empty())
                fail(nullptr, fmt::format("nothing more on [{}]", name), quote(rest, 200));
        }
    }

    void fail(const step* step, std::string_view expected, std::string_view got) {
        ++failures_;
        const std::size_t line = step != nullptr ? step->line : section_.line;
        std::string message = fmt::format(
            "{}:{}: in \"{}\" (RESP{}, {}, {})\n", text_.path.string(), line, section_.title,
            resp3_ ? 3 : 2, name_of(mode_), server_.is_redis ? "redis" : "mini-redis");
        if (step != nullptr) {
            message += fmt::format("  sent:     {}\n", step->source);
            if (step->kind == step::action::request || step->kind == step::action::raw_bytes)
                message +=
                    fmt::format("  as:       {}\n", quote(request_bytes(*step, names_), 200));
        }
        message += fmt::format("  expected: {}\n  got:      {}\n", expected, got);
        std::fputs(message.c_str(), stdout);
    }

    const transcript& text_;
    const section& section_;
    bool resp3_;
    replay_mode mode_;
    const server_identity& server_;
    std::uint16_t port_;
    recording* record_;
    const step* current_ = nullptr;
    std::map<std::string, raw_connection> connections_;
    variables names_;
    int failures_ = 0;
};

server_identity identify(bool is_redis, std::uint16_t port) {
    raw_connection connection{port};
    const std::string info = connection.command({"INFO", "server"}).text;
    const std::size_t begin = info.find("redis_version:");
    if (begin == std::string::npos) return {is_redis, {}};
    const std::string version = info.substr(begin + 14, info.find('\r', begin) - begin - 14);
    return {is_redis, parse_version(version)};
}

// Every section finds an empty server and no other client: those of the section before it have been
// told that they are closed, but another thread may still be about to forget them.
void reset(std::uint16_t port) {
    raw_connection connection{port, "127.0.0.1", reply_timeout};
    connection.command({"FLUSHALL"});
    const auto deadline = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < deadline) {
        const std::string clients = connection.command({"CLIENT", "LIST"}).text;
        if (std::ranges::count(clients, '\n') <= 1) break;
        std::this_thread::sleep_for(1ms);
    }
    connection.finish_sending();
    connection.read_to_end();
}

void rewrite(const transcript& text, const recording& record) {
    std::ofstream file{text.path, std::ios::binary | std::ios::trunc};
    for (std::size_t line = 1; line <= text.lines.size() + 1;) {
        const auto found = record.find(line);
        if (found != record.end()) {
            for (const std::string& reply : found->second.lines)
                file << reply << '\n';
            line += found->second.old_count;
            if (found->second.old_count > 0) continue;
        }
        if (line <= text.lines.size()) file << text.lines[line - 1] << '\n';
        ++line;
    }
}

int replay(const transcript& text, replay_mode mode, const server_identity& server,
           std::uint16_t port, bool record) {
    recording recorded;
    int failures = 0;
    int runs = 0;
    for (const section& section : text.sections) {
        if (!section.where.holds(server, mode)) continue;
        for (const int protocol : section.protocols) {
            if (record && protocol != section.protocols.front()) continue;
            reset(port);
            section_run run{
                text, section, protocol, mode, server, port, record ? &recorded : nullptr};
            failures += run.run();
            ++runs;
        }
    }
    if (record) rewrite(text, recorded);
    fmt::print("{}: {} sections replayed, {} failures\n", text.path.filename().string(), runs,
               failures);
    return failures;
}

enum class server_kind { redis, mini_redis, in_process };

std::optional<server_kind> parse_server(std::string_view name) {
    if (name == "redis") return server_kind::redis;
    if (name == "mini-redis") return server_kind::mini_redis;
    if (name == "in-process") return server_kind::in_process;
    return std::nullopt;
}

// The server of this run. Ours has two threads, so that what one session does to another's crosses
// threads too.
class running_server {
public:
    explicit running_server(server_kind kind) {
        constexpr int threads = 2;
        switch (kind) {
        case server_kind::redis: process_ = redis_process::start_redis(); break;
        case server_kind::mini_redis: process_ = redis_process::start_mini_redis(threads); break;
        case server_kind::in_process:
            spdlog::set_level(spdlog::level::warn);
            server_options options;
            options.port = 0;
            options.threads = threads;
            embedded_ = std::make_unique<server>(options);
            embedded_->start();
        }
    }

    std::uint16_t port() const { return embedded_ ? embedded_->port() : process_->port(); }

    /// Whether there is a program to start.
    static bool exists(server_kind kind) {
        switch (kind) {
        case server_kind::redis: return redis_process::find_reference_redis().has_value();
        case server_kind::mini_redis: return redis_process::find_mini_redis_server().has_value();
        case server_kind::in_process: break;
        }
        return true;
    }

private:
    std::optional<redis_process> process_;
    std::unique_ptr<server> embedded_;
};

struct flags {
    std::optional<server_kind> server;
    bool record = false;
    replay_mode mode = replay_mode::whole;
    std::vector<std::string> files;
};

std::optional<flags> parse_flags(const std::vector<std::string>& arguments) {
    flags out;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        const bool has_value = i + 1 < arguments.size();
        if (argument == "--server" && has_value) {
            out.server = parse_server(arguments[++i]);
        } else if (argument == "--mode" && has_value) {
            const auto mode = parse_mode(arguments[++i]);
            if (!mode) return std::nullopt;
            out.mode = *mode;
        } else if (argument == "--record") {
            out.record = true;
        } else if (argument.starts_with("--")) {
            return std::nullopt;
        } else {
            out.files.push_back(argument);
        }
    }
    if (!out.server || out.files.empty()) return std::nullopt;
    return out;
}

int run(const std::vector<std::string>& arguments) {
    const auto flags = parse_flags(arguments);
    if (!flags) {
        std::fputs("usage: wire_test --server redis|mini-redis|in-process "
                   "[--mode whole|bytes|pipelined] [--record] file...\n",
                   stderr);
        return 2;
    }
    std::vector<transcript> transcripts;
    for (const std::string& file : flags->files)
        transcripts.push_back(read_transcript(file));
    if (!running_server::exists(*flags->server)) {
        fmt::print("skipped: no such server to test (of Redis it wants 7.0)\n");
        return skipped;
    }
    const running_server server{*flags->server};
    const server_identity identity = identify(flags->server == server_kind::redis, server.port());
    int failures = 0;
    for (const transcript& text : transcripts)
        failures += replay(text, flags->mode, identity, server.port(), flags->record);
    return failures == 0 ? 0 : 1;
}

} // namespace
} // namespace mini_redis::test

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        return mini_redis::test::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        fmt::print(stderr, "wire_test: {}\n", error.what());
        return 2;
    }
}
