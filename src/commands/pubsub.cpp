// Publish and subscribe. The client keeps the names it listens to (client_state); the server keeps
// who listens to a name, and hands messages over.
//
// Each channel or pattern of a request is confirmed by a push of its own, CLIENT REPLY or not.
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"

namespace mini_redis {
namespace {

using name_set = std::set<std::string, std::less<>>;

name_set& names_of(client_state& client, subscription_kind kind) {
    client_state::rare& extra = client.ensure_extra();
    switch (kind) {
    case subscription_kind::channel: return extra.channels;
    case subscription_kind::pattern: return extra.patterns;
    case subscription_kind::shard_channel: return extra.shard_channels;
    }
    return extra.channels;
}

// What has happened, to which name (none: there was nothing to unsubscribe from), and how many
// subscriptions the client has now, shard channels counted by themselves.
void confirm(context& c, subscription_kind kind, std::optional<std::string_view> name) {
    const client_state::rare& extra = c.client.ensure_extra();
    const std::size_t subscriptions = kind == subscription_kind::shard_channel
                                          ? extra.shard_channels.size()
                                          : extra.channels.size() + extra.patterns.size();
    const reply_writer::pushing heard{c.reply};
    c.reply.push(3);
    c.reply.bulk_string(c.self.name);
    if (name)
        c.reply.bulk_string(*name);
    else
        c.reply.null();
    c.reply.integer(static_cast<std::int64_t>(subscriptions));
}

void subscribe_to(context& c, subscription_kind kind) {
    name_set& names = names_of(c.client, kind);
    for (const std::string_view name : c.args.subspan(1)) {
        if (names.emplace(name).second) c.server.subscribe(c.client, kind, name);
        confirm(c, kind, name);
    }
    c.server.refresh(c.client);
}

void unsubscribe_from(context& c, subscription_kind kind) {
    name_set& names = names_of(c.client, kind);
    const auto leave = [&](std::string_view name) {
        if (const auto found = names.find(name); found != names.end()) {
            c.server.unsubscribe(c.client, kind, name);
            names.erase(found);
        }
    };
    if (c.args.size() > 1) {
        for (const std::string_view name : c.args.subspan(1)) {
            leave(name);
            confirm(c, kind, name);
        }
    } else if (names.empty()) {
        confirm(c, kind, std::nullopt);
    } else {
        while (!names.empty()) {
            const std::string name = *names.begin();
            leave(name);
            confirm(c, kind, name);
        }
    }
    c.server.refresh(c.client);
}

void subscribe(context& c) {
    subscribe_to(c, subscription_kind::channel);
}

void psubscribe(context& c) {
    subscribe_to(c, subscription_kind::pattern);
}

void unsubscribe(context& c) {
    unsubscribe_from(c, subscription_kind::channel);
}

void punsubscribe(context& c) {
    unsubscribe_from(c, subscription_kind::pattern);
}

void ssubscribe(context& c) {
    subscribe_to(c, subscription_kind::shard_channel);
}

void sunsubscribe(context& c) {
    unsubscribe_from(c, subscription_kind::shard_channel);
}

void spublish(context& c) {
    c.reply.integer(
        static_cast<std::int64_t>(c.server.publish_to_shard(&c.client, c.args[1], c.args[2])));
}

void publish(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.server.publish(&c.client, c.args[1], c.args[2])));
}

void list_channels(context& c, subscription_kind kind) {
    if (c.args.size() > 3) return reply_subcommand_misuse(c);
    const std::vector<std::string> channels = c.server.active_channels(
        kind, c.args.size() == 3 ? std::optional{c.args[2]} : std::nullopt);
    c.reply.array(channels.size());
    for (const std::string& channel : channels)
        c.reply.bulk_string(channel);
}

void pubsub_channels(context& c) {
    list_channels(c, subscription_kind::channel);
}

void pubsub_shardchannels(context& c) {
    list_channels(c, subscription_kind::shard_channel);
}

void count_subscribers(context& c, subscription_kind kind) {
    const auto channels = c.args.subspan(2);
    c.reply.array(2 * channels.size());
    for (const std::string_view channel : channels) {
        c.reply.bulk_string(channel);
        c.reply.integer(static_cast<std::int64_t>(c.server.subscriber_count(kind, channel)));
    }
}

void pubsub_numsub(context& c) {
    count_subscribers(c, subscription_kind::channel);
}

void pubsub_shardnumsub(context& c) {
    count_subscribers(c, subscription_kind::shard_channel);
}

void pubsub_numpat(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.server.pattern_count()));
}

using enum command_flag;

constexpr command pubsub_rows[] = {
    {.name = "channels",
     .handler = pubsub_channels,
     .arity = -2,
     .flags = pubsub | loading | stale,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "O(N) in the number of channels",
     .syntax = "[pattern]",
     .summary = "Lists the channels that have subscribers."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .group = "pubsub",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of PUBSUB."},
    {.name = "numpat",
     .handler = pubsub_numpat,
     .arity = 2,
     .flags = pubsub | loading | stale,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Counts the different patterns that are subscribed to."},
    {.name = "numsub",
     .handler = pubsub_numsub,
     .arity = -2,
     .flags = pubsub | loading | stale,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "O(N) in the number of channels asked for",
     .syntax = "[channel ...]",
     .summary = "Counts the subscribers of channels."},
    {.name = "shardchannels",
     .handler = pubsub_shardchannels,
     .arity = -2,
     .flags = pubsub | loading | stale,
     .group = "pubsub",
     .since = "7.0.0",
     .complexity = "O(N) in the number of shard channels",
     .syntax = "[pattern]",
     .summary = "Lists the shard channels that have subscribers."},
    {.name = "shardnumsub",
     .handler = pubsub_shardnumsub,
     .arity = -2,
     .flags = pubsub | loading | stale,
     .group = "pubsub",
     .since = "7.0.0",
     .complexity = "O(N) in the number of shard channels asked for",
     .syntax = "[shardchannel ...]",
     .summary = "Counts the subscribers of shard channels."},
};

constexpr command rows[] = {
    {.name = "psubscribe",
     .handler = psubscribe,
     .arity = -2,
     .flags = pubsub | noscript | loading | stale | in_subscribed,
     .group = "pubsub",
     .since = "2.0.0",
     .complexity = "O(N) in the number of patterns",
     .syntax = "pattern [pattern ...]",
     .summary = "Listens to every channel whose name matches a pattern."},
    {.name = "publish",
     .handler = publish,
     .arity = 3,
     .flags = pubsub | loading | stale | fast | may_replicate,
     .group = "pubsub",
     .since = "2.0.0",
     .complexity = "O(N+M) in the subscribers of the channel and all patterns",
     .syntax = "channel message",
     .summary = "Sends a message to a channel, and counts who gets it."},
    {.name = "pubsub",
     .arity = -2,
     .group = "pubsub",
     .since = "2.8.0",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at channels and their subscribers.",
     .subcommands = pubsub_rows},
    {.name = "punsubscribe",
     .handler = punsubscribe,
     .arity = -1,
     .flags = pubsub | noscript | loading | stale | in_subscribed,
     .group = "pubsub",
     .since = "2.0.0",
     .complexity = "O(N) in the number of patterns",
     .syntax = "[pattern ...]",
     .summary = "Stops listening to patterns, without arguments to all of them."},
    {.name = "spublish",
     .handler = spublish,
     .arity = 3,
     .flags = pubsub | loading | stale | fast | may_replicate,
     .keys = {{{1, 1, 1, "not_key"}}},
     .group = "pubsub",
     .since = "7.0.0",
     .complexity = "O(N) in the number of subscribers of the shard channel",
     .syntax = "shardchannel message",
     .summary = "Sends a message to a shard channel, and counts who gets it."},
    {.name = "ssubscribe",
     .handler = ssubscribe,
     .arity = -2,
     .flags = pubsub | noscript | loading | stale | in_subscribed,
     .keys = {{{1, -1, 1, "not_key"}}},
     .group = "pubsub",
     .since = "7.0.0",
     .complexity = "O(N) in the number of shard channels",
     .syntax = "shardchannel [shardchannel ...]",
     .summary = "Listens to shard channels."},
    {.name = "subscribe",
     .handler = subscribe,
     .arity = -2,
     .flags = pubsub | noscript | loading | stale | in_subscribed,
     .group = "pubsub",
     .since = "2.0.0",
     .complexity = "O(N) in the number of channels",
     .syntax = "channel [channel ...]",
     .summary = "Listens to channels."},
    {.name = "sunsubscribe",
     .handler = sunsubscribe,
     .arity = -1,
     .flags = pubsub | noscript | loading | stale | in_subscribed,
     .keys = {{{1, -1, 1, "not_key"}}},
     .group = "pubsub",
     .since = "7.0.0",
     .complexity = "O(N) in the number of shard channels",
     .syntax = "[shardchannel ...]",
     .summary = "Stops listening to shard channels, without arguments to all of them."},
    {.name = "unsubscribe",
     .handler = unsubscribe,
     .arity = -1,
     .flags = pubsub | noscript | loading | stale | in_subscribed,
     .group = "pubsub",
     .since = "2.0.0",
     .complexity = "O(N) in the number of channels",
     .syntax = "[channel ...]",
     .summary = "Stops listening to channels, without arguments to all of them."},
};

static_assert(arities_match(pubsub_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> pubsub_commands() {
    return rows;
}

} // namespace mini_redis
