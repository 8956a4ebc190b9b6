#include "support/redis_process.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "support/raw_connection.hpp"

namespace mini_redis::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto start_timeout = 20s;
constexpr std::string_view log_name = "log";

std::optional<std::string> from_environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

std::optional<std::string> find_on_path(std::string_view program) {
    std::istringstream path{from_environment("PATH").value_or("/usr/bin:/usr/local/bin")};
    for (std::string directory; std::getline(path, directory, ':');) {
        const fs::path candidate = fs::path{directory} / program;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
    }
    return std::nullopt;
}

std::string output_of(const std::string& command_line) {
    std::string output;
    FILE* const pipe = ::popen(command_line.c_str(), "r");
    if (pipe == nullptr) return output;
    char buffer[256];
    while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
        output.append(buffer, size);
    ::pclose(pipe);
    return output;
}

fs::path make_directory() {
    std::string name = (fs::temp_directory_path() / "mini-redis-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    return name;
}

// Between fork and exec only calls that are safe there: the test may have threads.
[[noreturn]] void become(const char* program, char* const* arguments, const char* directory,
                         int log, pid_t parent) {
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127); // it died before prctl
#else
    (void)parent; // elsewhere the destructor alone ends the server
#endif
    if (::chdir(directory) != 0) ::_exit(127);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv(program, arguments);
    ::_exit(127);
}

} // namespace

std::uint16_t find_free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket < 0) throw std::system_error{errno, std::generic_category(), "socket"};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound =
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    const int error = errno;
    ::close(socket);
    if (!bound) throw std::system_error{error, std::generic_category(), "bind"};
    return ntohs(address.sin_port);
}

std::optional<std::string> redis_process::find_redis_server() {
    if (auto program = from_environment("REDIS_SERVER")) return program;
    return find_on_path("redis-server");
}

std::optional<std::string> redis_process::find_reference_redis() {
    auto program = find_redis_server();
    if (!program || output_of('"' + *program + "\" --version").find(" v=7.0.") == std::string::npos)
        return std::nullopt;
    return program;
}

std::optional<std::string> redis_process::find_mini_redis_server() {
    if (auto program = from_environment("MINI_REDIS_SERVER")) return program;
#ifdef MINI_REDIS_SERVER_PATH
    if (::access(MINI_REDIS_SERVER_PATH, X_OK) == 0) return MINI_REDIS_SERVER_PATH;
#endif
    return std::nullopt;
}

redis_process redis_process::start_redis(const std::vector<std::string>& arguments) {
    const auto program = find_redis_server();
    if (!program) throw std::runtime_error{"no redis-server found; set REDIS_SERVER"};
    std::vector<std::string> all{
        "--save", "", "--appendonly", "no", "--enable-debug-command", "yes", "--daemonize", "no"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return start(*program, true, std::move(all));
}

redis_process redis_process::start_mini_redis(int threads,
                                              const std::vector<std::string>& arguments) {
    const auto program = find_mini_redis_server();
    if (!program) throw std::runtime_error{"no mini-redis-server found; set MINI_REDIS_SERVER"};
    std::vector<std::string> all{"--threads", std::to_string(threads), "--loglevel", "warning"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return start(*program, false, std::move(all));
}

redis_process redis_process::start_mini_redis_limited(const std::string& limits,
                                                      const std::vector<std::string>& arguments) {
    const auto program = find_mini_redis_server();
    if (!program) throw std::runtime_error{"no mini-redis-server found; set MINI_REDIS_SERVER"};
    std::vector<std::string> all{"--threads", "1", "--loglevel", "warning"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return start(*program, false, std::move(all), limits);
}

std::vector<std::string> redis_process::command_line(const std::string& limits) const {
    std::vector<std::string> all{program_, "--port", std::to_string(port_), "--bind", "127.0.0.1"};
    if (is_redis_) all.insert(all.end(), {"--dir", directory_.string()});
    all.insert(all.end(), arguments_.begin(), arguments_.end());
    if (!limits.empty()) // the words that follow a shell's script are its $0, $1 …
        all.insert(all.begin(), {"/bin/sh", "-c", limits + "; exec \"$0\" \"$@\""});
    return all;
}

void redis_process::start_again() {
    directory_ = make_directory();
    const std::vector<std::string> all = command_line({});
    if (try_start(all.front(), all) != attempt::ready)
        throw std::runtime_error{
            fmt::format("{} did not start again; its log:\n{}", program_, log())};
}

redis_process redis_process::start(const std::string& program, bool is_redis,
                                   std::vector<std::string> arguments, const std::string& limits) {
    // Between finding a free port and binding it another test may take it: try again with another.
    constexpr int attempts = 10;
    redis_process process;
    process.directory_ = make_directory();
    process.program_ = fs::absolute(program).string();
    process.is_redis_ = is_redis;
    process.arguments_ = std::move(arguments);
    for (int i = 0; i < attempts; ++i) {
        process.port_ = find_free_port();
        const std::vector<std::string> all = process.command_line(limits);
        switch (process.try_start(all.front(), all)) {
        case attempt::ready: return process;
        case attempt::port_taken: break;
        case attempt::failed:
            throw std::runtime_error{
                fmt::format("{} did not start; its log:\n{}", program, process.log())};
        }
    }
    throw std::runtime_error{
        fmt::format("{} found no free port; its log:\n{}", program, process.log())};
}

redis_process::attempt redis_process::try_start(const std::string& program,
                                                const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const std::string log_file = (directory_ / log_name).string();
    const int log_fd = ::open(log_file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (log_fd < 0) throw std::system_error{errno, std::generic_category(), log_file};

    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(program.c_str(), argv.data(), directory_.c_str(), log_fd, parent);
    ::close(log_fd);
    if (pid_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};

    const auto deadline = std::chrono::steady_clock::now() + start_timeout;
    while (std::chrono::steady_clock::now() < deadline) {
        const bool ready = answers_ping();
        if (wait_for_exit(0ms))
            return log().find("in use") != std::string::npos ? attempt::port_taken
                                                             : attempt::failed;
        if (ready) return attempt::ready;
        std::this_thread::sleep_for(5ms);
    }
    return attempt::failed;
}

// Asks for the process id too: on a port taken by another test it is that one's server who answers.
bool redis_process::answers_ping() const {
    try {
        raw_connection connection{port_, "127.0.0.1", 1000ms};
        if (connection.command({"PING"}).text != "PONG") return false;
        const std::string info = connection.command({"INFO", "server"}).text;
        const std::size_t field = info.find("process_id:");
        return field == std::string::npos ||
               info.compare(field + 11, std::to_string(pid_).size() + 1,
                            std::to_string(pid_) + "\r") == 0;
    } catch (const std::exception&) {
        return false;
    }
}

redis_process::redis_process(redis_process&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      port_{other.port_},
      directory_{std::exchange(other.directory_, {})},
      program_{std::move(other.program_)},
      is_redis_{other.is_redis_},
      arguments_{std::move(other.arguments_)} {}

redis_process& redis_process::operator=(redis_process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(port_, other.port_);
    std::swap(directory_, other.directory_);
    std::swap(program_, other.program_);
    std::swap(is_redis_, other.is_redis_);
    std::swap(arguments_, other.arguments_);
    return *this;
}

redis_process::~redis_process() {
    stop();
}

std::string redis_process::log() const {
    std::ifstream file{directory_ / log_name};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void redis_process::send_signal(int signal) const noexcept {
    if (pid_ > 0) ::kill(pid_, signal);
}

std::optional<int> redis_process::wait_for_exit(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (pid_ > 0) {
        int status = 0;
        const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
        if (ended == pid_) {
            pid_ = -1;
            return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (ended < 0 && errno != EINTR) return std::nullopt;
        if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
        std::this_thread::sleep_for(2ms);
    }
    return std::nullopt;
}

void redis_process::stop() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
    if (!directory_.empty()) {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
        directory_.clear();
    }
}

} // namespace mini_redis::test
