// What a server does about its process: a directory of its own, the background, a file with its
// number, and word to its supervisor.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

inline std::system_error system_failure(const std::string& what) {
    return std::system_error{errno, std::generic_category(), what};
}

inline void change_directory(const std::string& path) {
    if (::chdir(path.c_str()) != 0) throw system_failure("cannot go to the directory " + path);
}

/// Goes on in another process, without a terminal, while this one ends. Before there is any thread.
inline void go_into_background() {
    const pid_t child = ::fork();
    if (child < 0) throw system_failure("cannot go into the background");
    if (child > 0) ::_exit(EXIT_SUCCESS);
    ::setsid();
    const int nowhere = ::open("/dev/null", O_RDWR);
    if (nowhere < 0) return;
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(nowhere, standard);
    if (nowhere > STDERR_FILENO) ::close(nowhere);
}

/// A file with the process's number, for as long as this lives. Without a path, or where it cannot
/// be written, there is none.
class pid_file {
public:
    explicit pid_file(std::string path) : path_{std::move(path)} {
        if (path_.empty()) return;
        std::ofstream file{path_};
        file << ::getpid() << '\n';
        if (!file.flush()) path_.clear();
    }

    ~pid_file() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    pid_file(const pid_file&) = delete;
    pid_file& operator=(const pid_file&) = delete;

private:
    std::string path_;
};

/// sd_notify(3), if systemd waits for it.
inline void tell_systemd(std::string_view state) {
    const char* const name = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (name == nullptr || std::strlen(name) >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name, std::strlen(name));
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0'; // not in the file system
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
    ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size);
    ::close(socket);
}
