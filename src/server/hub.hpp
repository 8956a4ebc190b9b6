// Publish and subscribe: who listens to which channel, across all workers.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commands/client_state.hpp"
#include "commands/services.hpp"
#include "resp/reply_writer.hpp"
#include "server/session_message.hpp"

namespace mini_redis {

class session;
class worker;

/// A message on its way; the workers of its subscribers share it.
struct published_message final : session_message {
    subscription_kind kind = subscription_kind::channel;
    std::string pattern; ///< the pattern that matched, of a pattern's subscribers
    bool feed = false;   ///< no message, but a line for MONITOR's clients: the payload

    struct body {
        std::string channel;
        std::string payload;
    };

    std::shared_ptr<const body> text; ///< all patterns that match share it

    std::size_t size() const noexcept override {
        return pattern.size() + text->channel.size() + text->payload.size();
    }

    void give_to(session& receiver) const override;

    /// Whether a client still subscribes to it.
    bool wanted_by(const client_state& client) const;
    void write(reply_writer& out) const;
};

/// *Thread safety*: every function may be called from any thread. Sessions that it names must call
/// forget() before they die.
class hub {
public:
    void subscribe(session& listener, subscription_kind kind, std::string_view name);
    void unsubscribe(session& listener, subscription_kind kind, std::string_view name);
    /// Ends all subscriptions of the session, whose own sets tell which they are; on its thread.
    void forget(session& listener);

    /// Hands the message to all subscribers by way of their workers; to `publisher` itself, if
    /// there is one, at once. Returns how many there are, a client once for each of its
    /// subscriptions that matches.
    std::size_t publish(session* publisher, std::string_view channel, std::string_view payload);
    /// As publish(), to the subscribers of a shard channel.
    std::size_t publish_to_shard(session* publisher, std::string_view channel,
                                 std::string_view payload);

    // MONITOR.
    void add_monitor(session& one);
    void remove_monitor(session& one);
    /// Hands the line to all monitors; to `origin` itself, if it is one, at once.
    void feed_monitors(session& origin, const std::string& line);

    std::vector<std::string> active_channels(subscription_kind kind,
                                             std::optional<std::string_view> pattern) const;
    std::size_t subscriber_count(subscription_kind kind, std::string_view channel) const;
    std::size_t pattern_count() const;

private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    using listeners = std::vector<session*>;
    using table_of_names = std::unordered_map<std::string, listeners, text_hash, std::equal_to<>>;

    table_of_names& names(subscription_kind kind) { return names_[static_cast<std::size_t>(kind)]; }

    const table_of_names& names(subscription_kind kind) const {
        return names_[static_cast<std::size_t>(kind)];
    }

    static std::size_t hand_over(const listeners& to, session* publisher,
                                 published_message message);

    mutable std::mutex mutex_;
    std::array<table_of_names, 3> names_; // by subscription_kind; guarded by mutex_
    listeners monitors_;                  // guarded by mutex_
};

} // namespace mini_redis
