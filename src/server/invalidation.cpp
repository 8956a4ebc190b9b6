#include "server/invalidation.hpp"

#include <algorithm>
#include <numeric>

#include "server/session.hpp"

namespace mini_redis {
namespace {

std::size_t size_of(const changed_keys& keys) noexcept {
    if (!keys) return 0;
    return std::accumulate(
        keys->begin(), keys->end(), std::size_t{0},
        [](std::size_t sum, const changed_key& each) { return sum + each.name.size(); });
}

} // namespace

std::size_t invalidation::size() const noexcept {
    return size_of(keys);
}

void invalidation::give_to(session& receiver) const {
    receiver.invalidate(*this);
}

std::size_t redirected_invalidation::size() const noexcept {
    return size_of(keys);
}

void redirected_invalidation::give_to(session& receiver) const {
    receiver.push_invalidation(*this);
}

std::size_t count_of_others(const changed_keys& keys, std::uint64_t except) noexcept {
    return static_cast<std::size_t>(
        std::count_if(keys->begin(), keys->end(),
                      [&](const changed_key& each) { return except == 0 || each.by != except; }));
}

void write_keys(reply_writer& out, const changed_keys& keys, std::uint64_t except,
                protocol_version protocol) {
    if (!keys) return out.raw(protocol == protocol_version::resp3 ? "_\r\n" : "$-1\r\n");
    out.array(count_of_others(keys, except));
    for (const changed_key& each : *keys)
        if (except == 0 || each.by != except) out.bulk_string(each.name);
}

} // namespace mini_redis
