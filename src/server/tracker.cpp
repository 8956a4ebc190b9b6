#include "server/tracker.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include "commands/tracking.hpp"
#include "server/core.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "store/listeners.hpp"

namespace mini_redis {
namespace {

// More than this is not gathered: it goes out before its time.
constexpr std::size_t gathered_at_most = std::size_t{4} * 1024 * 1024;

changed_keys one_key(std::string_view key, std::uint64_t by) {
    return std::make_shared<const std::vector<changed_key>>(1, changed_key{std::string{key}, by});
}

std::uint64_t client_of(const change_log* by) noexcept {
    return by != nullptr ? by->client : 0;
}

} // namespace

void tracker::begin(session& one, std::span<const std::string_view> prefixes) {
    const std::lock_guard lock{mutex_};
    sessions_.insert_or_assign(one.id, &one);
    for (const std::string_view prefix : prefixes) {
        auto found = prefixes_.find(prefix);
        if (found == prefixes_.end()) {
            ++prefix_lengths_[prefix.size()];
            found = prefixes_.emplace(prefix, prefix_listeners{}).first;
        }
        std::vector<session*>& all = found->second.sessions;
        if (std::find(all.begin(), all.end(), &one) == all.end()) all.push_back(&one);
    }
}

void tracker::end(session& one) noexcept {
    const std::lock_guard lock{mutex_};
    sessions_.erase(one.id);
    for (const std::string& prefix : one.extra->tracking->prefixes)
        forget_prefix(one, prefix);
}

void tracker::forget_prefix(session& one, std::string_view prefix) noexcept {
    const auto found = prefixes_.find(prefix);
    if (found == prefixes_.end()) return;
    std::erase(found->second.sessions, &one);
    if (!found->second.sessions.empty()) return;
    changed_prefixes_.erase(found->first);
    prefixes_.erase(found);
    const auto length = prefix_lengths_.find(prefix.size());
    if (--length->second == 0) prefix_lengths_.erase(length);
}

std::size_t tracker::client_count() const {
    const std::lock_guard lock{mutex_};
    return sessions_.size();
}

std::size_t tracker::prefix_count() const {
    const std::lock_guard lock{mutex_};
    return prefixes_.size();
}

void tracker::drop_gone(reader_list& readers) const noexcept {
    const std::lock_guard lock{mutex_};
    std::erase_if(readers, [&](std::uint64_t id) { return !sessions_.contains(id); });
}

// -- Sending --------------------------------------------------------------------------------------
//
// Nothing is handed over under mutex_: what a session does then wants locks of its own.

void tracker::tell_readers(std::string_view key, const reader_list& readers, reason why,
                           const change_log* by) noexcept {
    receivers to;
    try {
        {
            const std::lock_guard lock{mutex_};
            to.reserve(readers.size());
            for (const std::uint64_t id : readers)
                if (const auto found = sessions_.find(id); found != sessions_.end())
                    add(to, *found->second);
        }
        if (to.empty()) return;
        using enum invalidation::cause;
        send(to,
             std::make_shared<const invalidation>(why == reason::changed ? read : forgotten,
                                                  one_key(key, client_of(by))),
             client_of(by));
    } catch (const std::bad_alloc&) {
        const std::lock_guard lock{mutex_};
        for (const std::uint64_t id : readers)
            if (const auto found = sessions_.find(id); found != sessions_.end())
                directory_->hang_up(*found->second);
    }
}

void tracker::tell_flushed(const change_log* by) noexcept {
    receivers to;
    try {
        {
            const std::lock_guard lock{mutex_};
            to.reserve(sessions_.size());
            for (const auto& [id, one] : sessions_)
                add(to, *one);
        }
        if (to.empty()) return;
        send(to, std::make_shared<const invalidation>(invalidation::cause::flush, nullptr),
             client_of(by));
    } catch (const std::bad_alloc&) {
        const std::lock_guard lock{mutex_};
        for (const auto& [id, one] : sessions_)
            directory_->hang_up(*one);
    }
}

void tracker::broadcast(std::string_view key, const change_log* by) noexcept {
    bool full = false;
    try {
        const std::lock_guard lock{mutex_};
        for (const auto& [length, count] : prefix_lengths_) {
            if (length > key.size()) break;
            const auto found = prefixes_.find(key.substr(0, length));
            if (found == prefixes_.end()) continue;
            found->second.changed.insert_or_assign(std::string{key}, client_of(by));
            changed_prefixes_.insert(found->first);
            gathered_ += key.size() + sizeof(changed_key);
        }
        if (changed_prefixes_.empty()) return;
        full = gathered_ > gathered_at_most;
        if (!scheduled_) asio::post(gathering_io(), [this] { send_broadcasts(); });
        scheduled_ = true;
    } catch (const std::bad_alloc&) {
        disconnect_broadcasters();
    }
    if (full) send_broadcasts();
}

// A worker sends after what it is at. Who changes keys by the API may be on any other thread.
asio::io_context& tracker::gathering_io() const noexcept {
    worker* const here = worker::of_this_thread();
    const bool is_ours = here != nullptr && &here->server().sessions() == directory_;
    return is_ours ? here->io() : *io_;
}

void tracker::send_broadcasts() noexcept {
    struct broadcast_message {
        receivers to;
        std::shared_ptr<const invalidation> message;
    };

    std::vector<broadcast_message> messages;
    try {
        {
            const std::lock_guard lock{mutex_};
            scheduled_ = false;
            gathered_ = 0;
            for (const std::string_view prefix : changed_prefixes_) {
                prefix_listeners& all = prefixes_.find(prefix)->second;
                const auto keys = std::make_shared<std::vector<changed_key>>();
                keys->reserve(all.changed.size());
                for (const auto& [name, by] : all.changed)
                    keys->push_back({name, by});
                all.changed.clear();
                receivers to;
                for (session* const one : all.sessions)
                    add(to, *one);
                messages.push_back({std::move(to), std::make_shared<const invalidation>(
                                                       invalidation::cause::broadcast, keys)});
            }
            changed_prefixes_.clear();
        }
        for (const broadcast_message& each : messages)
            send(each.to, each.message, 0);
    } catch (const std::bad_alloc&) {
        disconnect_broadcasters();
    }
}

void tracker::add(receivers& to, session& one) {
    if (std::shared_ptr<session> alive = one.weak_from_this().lock())
        to.push_back(std::move(alive));
}

// `own`: the client whose command is being executed on this thread, which is told at once.
void tracker::send(const receivers& to, const std::shared_ptr<const invalidation>& message,
                   std::uint64_t own) {
    std::map<worker*, receivers> by_worker;
    for (const std::shared_ptr<session>& one : to) {
        if (own != 0 && one->id == own)
            one->invalidate(*message);
        else if (one->expect(*message))
            by_worker[&one->home()].push_back(one);
    }
    for (auto& [home, sessions] : by_worker)
        home->deliver(message, std::move(sessions));
}

// They were not told of something, and must not go on as if nothing had changed.
void tracker::disconnect_broadcasters() const noexcept {
    const std::lock_guard lock{mutex_};
    for (const auto& [prefix, all] : prefixes_)
        for (session* const one : all.sessions)
            directory_->hang_up(*one);
}

} // namespace mini_redis
