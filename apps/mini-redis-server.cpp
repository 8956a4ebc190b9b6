// The server as a program: configuration, logging, signals around mini_redis::server.
#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <mini_redis/configuration.hpp>
#include <mini_redis/server.hpp>
#include <mini_redis/version.hpp>
#include <span>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <vector>

#include "process.hpp"

namespace {

constexpr std::string_view usage =
    R"(mini-redis-server: an in-memory key-value server that speaks the Redis protocol

Usage: mini-redis-server [file | -] [--setting value...]...

  file                a redis.conf; `-` is standard input
  --port 6379         TCP port; 0: any free one
  --bind 127.0.0.1    numeric addresses to listen on
  --threads 4         worker threads
  --maxclients 10000  connections at the same time
  --requirepass …     password that clients must give
  --databases 16      databases to SELECT from
  --loglevel notice   debug, verbose, notice or warning; also trace, info, error, off
  --version           print the version
  --help              print this

Every other setting of docs/configuration.md can be given so, too.
)";

// spdlog's names beside Redis's, which are debug, verbose, notice and warning.
spdlog::level::level_enum log_level(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 10> levels{{
        {"trace", spdlog::level::trace},
        {"debug", spdlog::level::debug},
        {"verbose", spdlog::level::info},
        {"info", spdlog::level::info},
        {"notice", spdlog::level::info},
        {"warning", spdlog::level::warn},
        {"warn", spdlog::level::warn},
        {"error", spdlog::level::err},
        {"critical", spdlog::level::critical},
        {"off", spdlog::level::off},
    }};
    for (const auto& [known, level] : levels)
        if (name == known) return level;
    return spdlog::level::info;
}

/// Takes `--loglevel` off with a name that only spdlog has, and returns that.
std::string take_log_level(std::vector<std::string>& arguments) {
    static constexpr std::array<std::string_view, 6> names{"trace", "info",     "warn",
                                                           "error", "critical", "off"};
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
        const std::string value = arguments[i + 1];
        if (arguments[i] != "--loglevel" ||
            std::find(names.begin(), names.end(), value) == names.end())
            continue;
        const auto at = arguments.begin() + static_cast<std::ptrdiff_t>(i);
        arguments.erase(at, at + 2);
        return value;
    }
    return {};
}

/// A descriptor for every client and some to spare, as far as the system allows.
void raise_descriptor_limit(std::size_t clients) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const rlim_t wanted = static_cast<rlim_t>(clients) + 32;
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        spdlog::warn("only {} descriptors are allowed, fewer than --maxclients needs",
                     limit.rlim_cur);
}

void serve(const mini_redis::server_configuration& configuration) {
    const mini_redis::server_options& options = configuration.options;
    std::signal(SIGPIPE, SIG_IGN); // of a log that nobody reads any more
    mini_redis::server server{options};

    // A thread waits for signals: the first ends the server in order, a second at once. It has its
    // descriptors before the first client comes, who might take the last ones.
    asio::io_context signals_only{1};
    asio::signal_set signals{signals_only, SIGINT, SIGTERM};
    signals.async_wait([&](std::error_code, int signal) {
        spdlog::info("signal {}: shutting down", signal);
        server.request_stop();
        signals.async_wait([](std::error_code error, int) {
            if (!error) std::_Exit(1);
        });
    });
    server.start();
    const pid_file own{configuration.process.at("pidfile")};
    spdlog::info("mini-redis {} listens on {}:{} with {} worker thread{}", mini_redis::version,
                 options.bind, server.port(), options.threads, options.threads == 1 ? "" : "s");
    spdlog::info("Ready to accept connections"); // what scripts that start a Redis wait for
    const std::string& supervisor = configuration.process.at("supervised");
    if (supervisor == "systemd" || supervisor == "auto") tell_systemd("READY=1");
    std::thread waiting{[&] { signals_only.run(); }};
    server.wait(); // a client's SHUTDOWN ends it too
    signals_only.stop();
    waiting.join();
    spdlog::info("bye");
}

void run(std::vector<std::string> arguments) {
    std::string level = take_log_level(arguments);
    const mini_redis::server_configuration configuration =
        mini_redis::read_configuration(arguments);
    const auto& process = configuration.process;
    if (process.at("dir") != ".") change_directory(process.at("dir"));
    if (process.at("daemonize") == "yes") go_into_background();
    if (!process.at("logfile").empty())
        spdlog::set_default_logger(
            spdlog::basic_logger_mt("mini-redis-server", process.at("logfile")));
    if (level.empty()) level = process.at("loglevel");
    spdlog::set_level(log_level(level));
    spdlog::flush_on(spdlog::level::trace); // a log in a pipe or file is read while we run
    raise_descriptor_limit(configuration.options.max_clients);
    try {
        serve(configuration);
    } catch (const std::exception& error) {
        // Who is in the background has only the log to say it in.
        if (process.at("daemonize") == "yes") spdlog::critical(error.what());
        throw;
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::vector<std::string> arguments{argv + 1, argv + argc};
        for (const std::string& word : arguments) {
            if (word == "--help" || word == "-h") {
                fmt::print("{}", usage);
                return EXIT_SUCCESS;
            }
            if (word == "--version" || word == "-v") {
                fmt::print("mini-redis-server {}\n", mini_redis::version);
                return EXIT_SUCCESS;
            }
        }
        run(std::move(arguments));
        return EXIT_SUCCESS;
    } catch (const mini_redis::configuration_error& error) {
        fmt::print(stderr, "\n*** FATAL CONFIG FILE ERROR (mini-redis {}) ***\n{}\n",
                   mini_redis::version, error.what());
        return EXIT_FAILURE;
    } catch (const std::exception& error) {
        fmt::print(stderr, "mini-redis-server: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
