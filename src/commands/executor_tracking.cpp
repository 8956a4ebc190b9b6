// What a client that keeps copies has read: noted under the locks under which it was read, so that
// no change of it comes in between.
#include <span>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/executor.hpp"
#include "commands/settings.hpp"
#include "commands/tracking.hpp"

namespace mini_redis {
namespace {

// So many keys are forgotten after one request: in total there are never many too many.
constexpr std::size_t forgotten_at_once = 100;

} // namespace

void executor::note_reads(const client_state& client, const command& row,
                          std::span<const std::string_view> args,
                          std::span<const hashed_key> keys) {
    if (!has(row.flags, command_flag::readonly)) return;
    if (!client.extra->tracking->counts_reads()) return;
    for (const hashed_key& key : keys)
        store_->add_reader(key, client.id);
    if (row.plan == nullptr) return;
    for (const key_range& range : row.keys) {
        if (range.first >= 0) continue; // these are among `keys`
        lock_plan plan;
        row.plan(client, args, plan);
        for (const std::string_view key : plan.keys)
            store_->add_reader(hashed_key{key}, client.id);
        return;
    }
}

// After each request of such a client, with no locks held.
void executor::end_tracked_request(client_state& client, const request& one) {
    // CLIENT CACHING is about the next request, or the next transaction. CLIENT is none.
    const bool is_client =
        one.row != nullptr && one.container != nullptr && one.container->name == "client";
    if (!client.in_transaction && !is_client) client.extra->tracking->caching = false;
    const auto most =
        static_cast<std::size_t>(settings_->tracked_keys.load(std::memory_order_relaxed));
    if (most != 0 && store_->read_keys() > most && !store_->is_held_long()) [[unlikely]]
        store_->limit_read_keys(most, forgotten_at_once, random_number(), &effects_.changes);
}

} // namespace mini_redis
