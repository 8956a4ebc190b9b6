// The server as a program: flags, logging, signals around mini_redis::server.
#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <mini_redis/server.hpp>
#include <mini_redis/version.hpp>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <thread>

#include "flags.hpp"

namespace {

spdlog::level::level_enum log_level(const std::string& name) {
    // Redis's names beside spdlog's: verbose, notice, warning.
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
    throw flag_error{fmt::format(
        "--loglevel takes trace, debug, verbose, info, notice, warning, error, critical or "
        "off, not '{}'",
        name)};
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

void serve(const mini_redis::server_options& options) {
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
    spdlog::info("mini-redis {} listens on {}:{} with {} worker thread{}", mini_redis::version,
                 options.bind, server.port(), options.threads, options.threads == 1 ? "" : "s");
    std::thread waiting{[&] { signals_only.run(); }};
    server.wait(); // a client's SHUTDOWN ends it too
    signals_only.stop();
    waiting.join();
    spdlog::info("bye");
}

} // namespace

int main(int argc, char** argv) {
    try {
        mini_redis::server_options options;
        options.threads = std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
        std::string level = "info";

        flags known{"mini-redis-server",
                    "an in-memory key-value server that speaks the Redis protocol"};
        known.add("port", options.port, 0, 65535, "TCP port; 0: any free one");
        known.add("bind", options.bind, "numeric address to listen on");
        known.add("threads", options.threads, 1, 1024, "worker threads");
        known.add("maxclients", options.max_clients, 1, 1'000'000, "connections at the same time");
        known.add("requirepass", options.password, "password that clients must give");
        known.add("databases", options.databases, 1, 1024, "databases to SELECT from");
        known.add("loglevel", level, "trace, debug, info, warning, error or off");
        if (!known.parse(argc, argv, mini_redis::version)) return EXIT_SUCCESS;

        spdlog::set_level(log_level(level));
        spdlog::flush_on(spdlog::level::trace); // a log in a pipe or file is read while we run
        raise_descriptor_limit(options.max_clients);
        serve(options);
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        fmt::print(stderr, "mini-redis-server: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
