#include "commands/latency_monitor.hpp"

#include <algorithm>

namespace mini_redis {

void latency_monitor::add(std::string_view event, sample one) {
    const std::lock_guard lock{mutex_};
    auto found = events_.find(event);
    if (found == events_.end()) found = events_.emplace(event, history{}).first;
    history& of_event = found->second;
    of_event.worst = std::max(of_event.worst, one.milliseconds);
    if (!of_event.samples.empty() && of_event.samples.back().unix_seconds == one.unix_seconds) {
        std::int64_t& last = of_event.samples.back().milliseconds;
        last = std::max(last, one.milliseconds);
        return;
    }
    of_event.samples.push_back(one);
    if (of_event.samples.size() > most_samples) of_event.samples.pop_front();
}

std::vector<std::pair<std::string, latency_monitor::history>> latency_monitor::all() const {
    const std::lock_guard lock{mutex_};
    return {events_.begin(), events_.end()};
}

std::optional<latency_monitor::history> latency_monitor::of(std::string_view event) const {
    const std::lock_guard lock{mutex_};
    const auto found = events_.find(event);
    return found == events_.end() ? std::nullopt : std::optional{found->second};
}

std::size_t latency_monitor::clear(std::span<const std::string_view> events) {
    const std::lock_guard lock{mutex_};
    if (events.empty()) {
        const std::size_t count = events_.size();
        events_.clear();
        return count;
    }
    std::size_t count = 0;
    for (const std::string_view each : events) {
        const auto found = events_.find(each);
        if (found == events_.end()) continue;
        events_.erase(found);
        ++count;
    }
    return count;
}

} // namespace mini_redis
