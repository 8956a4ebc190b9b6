// What the calls of an application have set up on its connection, for those that come after it.
//
// SELECT, AUTH, CLIENT SETNAME and their like change the connection that they go over. A client has
// several, one after the other and side by side: each of them has to be the same.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace mini_redis {

class connection_setup {
public:
    /// By what name a request is remembered; empty: it sets up nothing.
    static std::string name_of(std::span<const std::string_view> words);

    /// Quick, and never wrong if it says no.
    static bool may_set_up(std::string_view command) noexcept {
        if (command.size() != 4 && command.size() != 6) return false;
        const char initial = static_cast<char>(command[0] | 0x20);
        return initial == 'a' || initial == 'c' || initial == 's';
    }

    /// The request, as it goes over the wire, has succeeded.
    void remember(const std::string& name, std::string request);

    /// In the order in which they are to be repeated: AUTH comes before all others.
    const std::map<std::string, std::string>& requests() const noexcept { return requests_; }

    /// Grows with each change.
    std::uint64_t version() const noexcept { return version_; }

private:
    std::map<std::string, std::string> requests_; // by name
    std::uint64_t version_ = 0;
};

} // namespace mini_redis
