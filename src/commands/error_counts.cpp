#include "commands/error_counts.hpp"

namespace mini_redis {

void error_counts::add(std::string_view code, std::uint64_t times) {
    const std::lock_guard lock{mutex_};
    const auto found = counts_.find(code);
    if (found != counts_.end())
        found->second += times;
    else if (counts_.size() < most_codes)
        counts_.emplace(code, times);
}

std::vector<std::pair<std::string, std::uint64_t>> error_counts::all() const {
    const std::lock_guard lock{mutex_};
    return {counts_.begin(), counts_.end()};
}

void error_counts::clear() {
    const std::lock_guard lock{mutex_};
    counts_.clear();
}

} // namespace mini_redis
