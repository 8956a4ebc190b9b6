// Clients that are blocked: how they come to wait, and how whoever brings something serves them,
// with the locks that he holds anyway.
#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <unordered_set>
#include <utility>

#include "commands/context.hpp"
#include "commands/executor.hpp"
#include "commands/parked_call.hpp"

namespace mini_redis {

void executor::park(client_state& client, const command& row,
                    std::span<const std::string_view> args, std::span<const hashed_key> keys) {
    const parking how = *std::exchange(effects_.parked, std::nullopt);
    const std::vector<std::string_view> words{how.words.begin(), how.words.end()};
    if (!words.empty()) args = words;
    const auto waiting = std::make_shared<parked_call>(row, args, keys, client, how);
    waiting->on_served = server_->waker(client);
    try {
        for (const hashed_key& key : waiting->awaited_keys()) {
            shard_listeners& listeners = sharded_store::ensure_listeners(store_->shard_of(key));
            listeners.add_needs(key.hash, *waiting); // first: who is served without is a race
            listeners.waiters[{client.database, std::string{key.name}}].push_back(waiting);
        }
    } catch (const std::bad_alloc&) {
        waiting->finish(); // it stands in some lists already, and must not be served from there
        throw;
    }
    client.parked = waiting;
    server_->begin_wait(client);
}

void executor::forget(const parked_call& call) {
    for (const hashed_key& key : call.awaited_keys()) {
        const store_guard guard{*store_, key};
        shard& home = store_->shard_of(key);
        if (!home.listeners) continue;
        auto& waiters = home.listeners->waiters;
        const auto found = waiters.find(key_place_view{call.client.database, key.name});
        if (found == waiters.end()) continue;
        const std::size_t removed =
            std::erase_if(found->second,
                          [&](const std::shared_ptr<waiter>& each) { return each.get() == &call; });
        if (removed != 0) home.listeners->drop_needs(key.hash, call);
        if (found->second.empty()) waiters.erase(found);
        sharded_store::drop_listeners_if_unused(home);
    }
}

// Adds to the keys that a request touches, by their hashes, those that whoever it serves would
// touch, and whoever that serves. False if one of them is in none of the locked shards.
bool executor::add_needed_by_waiters(std::vector<std::uint64_t>& touched,
                                     const std::vector<std::uint32_t>& locked) const {
    bool complete = true;
    std::unordered_set<std::uint64_t> expanded; // elements may go round in a circle
    for (std::size_t i = 0; i < touched.size(); ++i) {
        const std::uint64_t hash = touched[i];
        const std::size_t index = store_->shard_index(hash);
        if (!std::binary_search(locked.begin(), locked.end(), index)) {
            complete = false;
            continue;
        }
        const auto& listeners = store_->shard_at(index).listeners;
        if (!listeners) continue;
        const auto needs = listeners->needs.find(hash);
        if (needs == listeners->needs.end() || !expanded.insert(hash).second) continue;
        for (const auto& [needed, waiters] : needs->second)
            touched.push_back(needed);
    }
    return complete;
}

void executor::serve_waiters() {
    // What serves one may get the next key ready (BLMOVE), also one that has been looked at before:
    // hence rounds, each with a list of its own. They end because each serves somebody.
    while (!effects_.changes.ready.empty())
        for (const change_log::ready_key& each : std::exchange(effects_.changes.ready, {}))
            serve_waiters_of(each);
}

void executor::serve_waiters_of(const change_log::ready_key& ready) {
    const key_place& place = ready.place;
    const hashed_key key{place.second};
    shard& home = store_->shard_of(key);
    if (!home.listeners) return;
    const auto found = home.listeners->waiters.find(place);
    if (found == home.listeners->waiters.end()) return;
    auto& waiters = found->second;
    database db{*store_, place.first, time_, &effects_.changes};
    for (std::size_t i = 0; i < waiters.size();) {
        const located holds = db.find(key);
        const auto waiting = std::static_pointer_cast<parked_call>(waiters[i]);
        const bool awaited = holds && waiting->how.awaited == holds->type();
        const bool concerned = awaited ? !ready.lost : waiting->told_of_loss;
        if (!concerned || !serve(*waiting, key)) {
            ++i;
            continue;
        }
        waiters.erase(waiters.begin() + static_cast<std::ptrdiff_t>(i));
        home.listeners->drop_needs(key.hash, *waiting);
    }
    if (waiters.empty()) home.listeners->waiters.erase(found);
    sharded_store::drop_listeners_if_unused(home);
}

void executor::tell_of_loss(change_log log) {
    for (change_log::ready_key& each : log.ready) {
        const hashed_key key{each.place.second};
        const store_guard guard{*store_, key};
        time_.restart();
        effects_.changes.ready.push_back(each);
        serve_waiters();
    }
}

// True if it need not wait any longer.
bool executor::serve(parked_call& waiting, const hashed_key& ready) {
    const std::lock_guard lock{waiting.mutex};
    if (waiting.finished) return true; // by another key, or its client has left
    std::vector<hashed_key> keys{ready};
    const std::span all{waiting.keys};
    const std::span further = all.subspan(waiting.how.keys);
    keys.insert(keys.end(), further.begin(), further.end());
    reply_writer reply{waiting.reply, waiting.client.protocol};
    const bool resumed = std::exchange(effects_.resumed, true);
    try {
        call_again(waiting, keys, reply);
    } catch (const std::bad_alloc&) { // its own affair, not that of whoever serves it
        waiting.reply.clear();
        reply.error("ERR out of memory");
    }
    effects_.resumed = resumed;
    if (std::exchange(effects_.parked, std::nullopt)) return false;
    waiting.finished = true;
    waiting.on_served();
    return true;
}

// -- For commands -----------------------------------------------------------------------------

void context::park(parking how) {
    if (effects.may_park)
        effects.parked = std::move(how);
    else
        write_reply(reply, how.otherwise);
}

} // namespace mini_redis
