#include "server/hub.hpp"

#include <algorithm>
#include <utility>

#include "server/session.hpp"
#include "server/worker.hpp"
#include "store/glob.hpp"

namespace mini_redis {

bool published_message::wanted_by(const client_state::rare& subscriptions) const {
    return kind == subscription_kind::channel ? subscriptions.channels.contains(text->channel)
                                              : subscriptions.patterns.contains(pattern);
}

void published_message::write(reply_writer& out) const {
    if (kind == subscription_kind::channel) {
        out.push(3);
        out.bulk_string("message");
    } else {
        out.push(4);
        out.bulk_string("pmessage");
        out.bulk_string(pattern);
    }
    out.bulk_string(text->channel);
    out.bulk_string(text->payload);
}

void hub::subscribe(session& listener, subscription_kind kind, std::string_view name) {
    const std::lock_guard lock{mutex_};
    table_of_names& table = names(kind);
    auto found = table.find(name);
    if (found == table.end()) found = table.emplace(std::string{name}, listeners{}).first;
    found->second.push_back(&listener);
}

void hub::unsubscribe(session& listener, subscription_kind kind, std::string_view name) {
    const std::lock_guard lock{mutex_};
    table_of_names& table = names(kind);
    const auto found = table.find(name);
    if (found == table.end()) return;
    std::erase(found->second, &listener);
    if (found->second.empty()) table.erase(found);
}

void hub::forget(session& listener) {
    if (!listener.extra) return;
    for (const std::string& channel : listener.extra->channels)
        unsubscribe(listener, subscription_kind::channel, channel);
    for (const std::string& pattern : listener.extra->patterns)
        unsubscribe(listener, subscription_kind::pattern, pattern);
    listener.extra->channels.clear();
    listener.extra->patterns.clear();
}

std::size_t hub::publish(session* publisher, std::string_view channel, std::string_view payload) {
    const std::lock_guard lock{mutex_};
    std::size_t reached = 0;
    published_message message;
    const auto send = [&](const listeners& to) {
        if (!message.text)
            message.text = std::make_shared<const published_message::body>(
                published_message::body{std::string{channel}, std::string{payload}});
        reached += hand_over(to, publisher, message);
    };
    if (const auto found = channels_.find(channel); found != channels_.end()) send(found->second);
    message.kind = subscription_kind::pattern;
    for (const auto& [pattern, to] : patterns_) {
        if (!glob_matches(pattern, channel)) continue;
        message.pattern = pattern;
        send(to);
    }
    return reached;
}

std::size_t hub::hand_over(const listeners& to, session* publisher, published_message message) {
    const auto shared = std::make_shared<const published_message>(std::move(message));
    std::map<worker*, std::vector<std::shared_ptr<session>>> by_worker;
    for (session* listener : to) {
        if (listener == publisher)
            publisher->push(*shared);
        else if (std::shared_ptr<session> alive = listener->weak_from_this().lock();
                 alive && alive->expect(*shared))
            by_worker[&listener->home()].push_back(std::move(alive));
    }
    for (auto& [home, sessions] : by_worker)
        home->deliver(shared, std::move(sessions));
    return to.size();
}

std::vector<std::string> hub::active_channels(std::optional<std::string_view> pattern) const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> matching;
    for (const auto& [channel, to] : channels_)
        if (!pattern || glob_matches(*pattern, channel)) matching.push_back(channel);
    return matching;
}

std::size_t hub::subscriber_count(std::string_view channel) const {
    const std::lock_guard lock{mutex_};
    const auto found = channels_.find(channel);
    return found == channels_.end() ? 0 : found->second.size();
}

std::size_t hub::pattern_count() const {
    const std::lock_guard lock{mutex_};
    return patterns_.size();
}

} // namespace mini_redis
