#include "server/directory.hpp"

#include "server/session.hpp"

namespace mini_redis {
namespace {

bool matches(const client_info& client, const client_filter& which) {
    const bool subscriber = client.channels + client.patterns != 0;
    return (!which.id || client.id == *which.id) &&
           (!which.address || client.address == *which.address) &&
           (!which.local_address || client.local_address == *which.local_address) &&
           (!which.type || *which.type == (subscriber ? "pubsub" : "normal")) &&
           (!which.user || *which.user == "default") &&
           (!which.max_age_seconds || client.age_seconds >= *which.max_age_seconds) &&
           (!which.except_id || client.id != *which.except_id);
}

} // namespace

void directory::add(session& one) {
    const std::lock_guard lock{mutex_};
    sessions_.emplace(one.id, &one);
}

void directory::remove(session& one) {
    const std::lock_guard lock{mutex_};
    sessions_.erase(one.id);
}

std::size_t directory::size() const {
    const std::lock_guard lock{mutex_};
    return sessions_.size();
}

std::size_t directory::memory() const {
    const std::lock_guard lock{mutex_};
    std::size_t sum = 0;
    for (const auto& [id, one] : sessions_)
        sum += one->shown().memory();
    return sum;
}

std::vector<client_info> directory::describe_all() const {
    const std::lock_guard lock{mutex_};
    std::vector<client_info> all;
    all.reserve(sessions_.size());
    for (const auto& [id, one] : sessions_)
        all.push_back(one->describe());
    return all;
}

client_info directory::describe(const session& one) const {
    const std::lock_guard lock{mutex_};
    return one.describe();
}

std::shared_ptr<session> directory::find(std::uint64_t id) const {
    const std::lock_guard lock{mutex_};
    const auto found = sessions_.find(id);
    return found != sessions_.end() ? found->second->weak_from_this().lock() : nullptr;
}

void directory::publish_names(session& one) {
    const std::lock_guard lock{mutex_};
    one.shown().publish_names(one);
}

void directory::hang_up(session& one) const {
    const std::lock_guard lock{mutex_}; // under which nobody leaves, so the descriptor is its own
    const auto found = sessions_.find(one.id);
    if (found != sessions_.end() && found->second == &one) one.hang_up();
}

std::vector<std::shared_ptr<session>> directory::matching(const client_filter& which,
                                                          const session* caller) const {
    const std::lock_guard lock{mutex_};
    std::vector<std::shared_ptr<session>> found;
    if (caller != nullptr && caller->close_requested()) return found;
    for (const auto& [id, one] : sessions_)
        if (matches(one->describe(), which))
            if (std::shared_ptr<session> alive = one->weak_from_this().lock())
                found.push_back(std::move(alive));
    return found;
}

} // namespace mini_redis
