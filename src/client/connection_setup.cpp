#include "client/connection_setup.hpp"

#include <utility>

#include "client/same_word.hpp"

namespace mini_redis {

std::string connection_setup::name_of(std::span<const std::string_view> words) {
    if (words.size() < 2) return {};
    for (const std::string_view command : {"AUTH", "SELECT"})
        if (is_same_word(words[0], command)) return std::string{command};
    if (!is_same_word(words[0], "CLIENT")) return {};
    for (const std::string_view what : {"SETNAME", "NO-EVICT", "NO-TOUCH"})
        if (is_same_word(words[1], what)) return "CLIENT " + std::string{what};
    // Each of its attributes by itself.
    if (is_same_word(words[1], "SETINFO") && words.size() > 2)
        return "CLIENT SETINFO " + std::string{words[2]};
    return {};
}

void connection_setup::remember(const std::string& name, std::string request) {
    std::string& held = requests_[name];
    if (held == request) return;
    held = std::move(request);
    ++version_;
}

} // namespace mini_redis
