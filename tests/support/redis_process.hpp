// Starts a server program for a test, on a free port and in a directory of its own, and ends it
// with the test: a real redis-server, or mini-redis-server.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace mini_redis::test {

/// A running server. The destructor kills it (so also when a test fails or throws) and removes its
/// directory; on Linux it dies with the test program even if that is killed. Start it from a thread
/// that lives as long as it does.
///
///     auto server = redis_process::start_redis();
///     raw_connection connection{server.port()};
///
/// *Errors*: std::runtime_error with the program's log, if it does not answer PING.
class redis_process {
public:
    /// The redis-server to test against: $REDIS_SERVER, or the first on the PATH. None: tests that
    /// need one are to be skipped.
    static std::optional<std::string> find_redis_server();

    /// The same if it is a Redis 7.0, whose replies mini-redis gives; others answer a little
    /// differently, so that a comparison with them is to be skipped.
    static std::optional<std::string> find_reference_redis();

    /// The mini-redis-server to test: $MINI_REDIS_SERVER, or the one of this build.
    static std::optional<std::string> find_mini_redis_server();

    /// Without persistence, with DEBUG allowed. `arguments` follow the usual ones.
    static redis_process start_redis(const std::vector<std::string>& arguments = {});
    static redis_process start_mini_redis(int threads = 1,
                                          const std::vector<std::string>& arguments = {});

    /// mini-redis-server with one thread, started by a shell that has run `limits` before:
    /// "ulimit -n 40", say.
    static redis_process start_mini_redis_limited(const std::string& limits,
                                                  const std::vector<std::string>& arguments = {});

    redis_process(redis_process&& other) noexcept;
    redis_process& operator=(redis_process&& other) noexcept;
    ~redis_process();

    std::uint16_t port() const noexcept { return port_; }

    pid_t pid() const noexcept { return pid_; }

    /// What the program has written so far to stdout and stderr.
    std::string log() const;

    /// Sends a signal, SIGTERM say.
    void send_signal(int signal) const noexcept;

    /// Waits for the program's end: its exit status, or -signal; none when it runs on.
    std::optional<int> wait_for_exit(std::chrono::milliseconds timeout);

    /// Kills it and removes its directory. Does nothing the second time.
    void stop() noexcept;

    /// After stop(): starts it anew, empty, on the port that it had.
    void start_again();

private:
    redis_process() = default;

    static redis_process start(const std::string& program, bool is_redis,
                               std::vector<std::string> arguments, const std::string& limits = {});

    std::vector<std::string> command_line(const std::string& limits) const;

    enum class attempt { ready, port_taken, failed };
    attempt try_start(const std::string& program, const std::vector<std::string>& arguments);
    bool answers_ping() const;

    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
    std::filesystem::path directory_;
    std::string program_; // its absolute path
    bool is_redis_ = false;
    std::vector<std::string> arguments_;
};

/// A port that nothing listens on at the moment, on 127.0.0.1.
std::uint16_t find_free_port();

} // namespace mini_redis::test
