#include "commands/slow_log.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace mini_redis {

void slow_log::add(entry one, std::size_t most) {
    const std::lock_guard lock{mutex_};
    one.id = next_id_++;
    entries_.push_front(std::move(one));
    while (entries_.size() > most)
        entries_.pop_back();
}

std::vector<slow_log::entry> slow_log::latest(std::size_t most) const {
    const std::lock_guard lock{mutex_};
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, entries_.size()));
    return {entries_.begin(), entries_.begin() + count};
}

std::size_t slow_log::size() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
}

void slow_log::clear() {
    const std::lock_guard lock{mutex_};
    entries_.clear();
}

std::vector<std::string> cut_request(std::span<const std::string_view> words) {
    constexpr std::size_t most_words = 32;
    constexpr std::size_t most_bytes = 128;
    std::vector<std::string> shown;
    // The last place says how many are missing.
    const std::size_t whole = words.size() > most_words ? most_words - 1 : words.size();
    for (const std::string_view word : words.first(whole)) {
        shown.emplace_back(word.substr(0, most_bytes));
        if (word.size() > most_bytes)
            shown.back() += fmt::format("... ({} more bytes)", word.size() - most_bytes);
    }
    if (whole != words.size())
        shown.push_back(fmt::format("... ({} more arguments)", words.size() - whole));
    return shown;
}

} // namespace mini_redis
