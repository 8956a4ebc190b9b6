#include "server/hub.hpp"

#include <algorithm>
#include <utility>

#include "server/session.hpp"
#include "server/worker.hpp"
#include "store/glob.hpp"

namespace mini_redis {

bool published_message::wanted_by(const client_state& client) const {
    if (feed) return client.monitoring && client.replies != reply_mode::off;
    if (!client.extra) return false;
    const client_state::rare& subscriptions = *client.extra;
    switch (kind) {
    case subscription_kind::channel: return subscriptions.channels.contains(text->channel);
    case subscription_kind::pattern: return subscriptions.patterns.contains(pattern);
    case subscription_kind::shard_channel:
        return subscriptions.shard_channels.contains(text->channel);
    }
    return false;
}

void published_message::give_to(session& receiver) const {
    receiver.push(*this);
}

void published_message::write(reply_writer& out) const {
    if (feed) return out.simple_string(text->payload);
    if (kind != subscription_kind::pattern) {
        out.push(3);
        out.bulk_string(kind == subscription_kind::channel ? "message" : "smessage");
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
    for (const std::string& channel : listener.extra->shard_channels)
        unsubscribe(listener, subscription_kind::shard_channel, channel);
    listener.extra->channels.clear();
    listener.extra->patterns.clear();
    listener.extra->shard_channels.clear();
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
    const table_of_names& channels = names(subscription_kind::channel);
    if (const auto found = channels.find(channel); found != channels.end()) send(found->second);
    message.kind = subscription_kind::pattern;
    for (const auto& [pattern, to] : names(subscription_kind::pattern)) {
        if (!glob_matches(pattern, channel)) continue;
        message.pattern = pattern;
        send(to);
    }
    return reached;
}

std::size_t hub::publish_to_shard(session* publisher, std::string_view channel,
                                  std::string_view payload) {
    const std::lock_guard lock{mutex_};
    const table_of_names& channels = names(subscription_kind::shard_channel);
    const auto found = channels.find(channel);
    if (found == channels.end()) return 0;
    published_message message;
    message.kind = subscription_kind::shard_channel;
    message.text = std::make_shared<const published_message::body>(
        published_message::body{std::string{channel}, std::string{payload}});
    return hand_over(found->second, publisher, std::move(message));
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

void hub::add_monitor(session& one) {
    const std::lock_guard lock{mutex_};
    monitors_.push_back(&one);
}

void hub::remove_monitor(session& one) {
    const std::lock_guard lock{mutex_};
    std::erase(monitors_, &one);
}

void hub::feed_monitors(session& origin, const std::string& line) {
    const std::lock_guard lock{mutex_};
    if (monitors_.empty()) return;
    published_message message;
    message.feed = true;
    message.text =
        std::make_shared<const published_message::body>(published_message::body{{}, line});
    hand_over(monitors_, &origin, std::move(message));
}

std::vector<std::string> hub::active_channels(subscription_kind kind,
                                              std::optional<std::string_view> pattern) const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> matching;
    for (const auto& [channel, to] : names(kind))
        if (!pattern || glob_matches(*pattern, channel)) matching.push_back(channel);
    return matching;
}

std::size_t hub::subscriber_count(subscription_kind kind, std::string_view channel) const {
    const std::lock_guard lock{mutex_};
    const table_of_names& channels = names(kind);
    const auto found = channels.find(channel);
    return found == channels.end() ? 0 : found->second.size();
}

std::size_t hub::pattern_count() const {
    const std::lock_guard lock{mutex_};
    return names(subscription_kind::pattern).size();
}

} // namespace mini_redis
