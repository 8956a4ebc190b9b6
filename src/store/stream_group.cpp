#include "store/stream_group.hpp"

#include <new>

namespace mini_redis {

stream_group::stream_group(const stream_group& other)
    : last_id{other.last_id},
      entries_read{other.entries_read},
      consumers_{other.consumers_},
      pending_{other.pending_} {
    for (auto& [name, consumer] : consumers_)
        consumer.name = name;
    pending_.for_each(
        [&](pending_map::item& each) { each.value.owner = find_consumer(each.value.owner->name); });
}

stream_consumer* stream_group::find_consumer(std::string_view name) noexcept {
    const auto found = consumers_.find(name);
    return found != consumers_.end() ? &found->second : nullptr;
}

stream_consumer& stream_group::add_consumer(std::string_view name, std::int64_t now_ms) {
    const auto [added, is_new] = consumers_.try_emplace(std::string{name});
    added->second.name = added->first;
    added->second.seen_time = now_ms;
    return added->second;
}

void stream_group::erase_consumer(stream_consumer& doomed) noexcept {
    doomed.pending.for_each([&](const auto& each) { pending_.erase(each.id); });
    consumers_.erase(consumers_.find(doomed.name));
}

pending_entry& stream_group::deliver(const stream_id& id, stream_consumer& to) {
    if (auto* const found = pending_.find(id)) {
        if (found->value.owner != &to) {
            to.pending.insert(id, {});
            found->value.owner->pending.erase(id);
            found->value.owner = &to;
        }
        return found->value;
    }
    to.pending.insert(id, {});
    try {
        return pending_.insert(id, {.owner = &to})->value;
    } catch (const std::bad_alloc&) {
        to.pending.erase(id);
        throw;
    }
}

bool stream_group::acknowledge(const stream_id& id) noexcept {
    const auto* const found = pending_.find(id);
    if (found == nullptr) return false;
    found->value.owner->pending.erase(id);
    pending_.erase(id);
    return true;
}

std::size_t stream_group::memory() const noexcept {
    // A node of a map, with what the allocator adds.
    constexpr std::size_t consumer_node = 48 + sizeof(consumer_map::value_type);
    std::size_t bytes = sizeof *this + pending_.memory();
    for (const auto& [name, consumer] : consumers_)
        bytes += consumer_node + consumer.pending.memory();
    return bytes;
}

} // namespace mini_redis
