// Typed commands: of the connection, publishing and who listens.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

template <class Self>
class connection_commands {
public:
    /// PING: "PONG".
    auto ping(auto... token) {
        return issue<std::string>(self(), short_command{"PING"}, std::move(token)...);
    }

    /// PING with a message, which comes back.
    template <class Text, class... Token>
        requires std::convertible_to<const Text&, std::string_view>
    auto ping(const Text& message, Token... token) {
        return issue<std::string>(self(), short_command{"PING", message}, std::move(token)...);
    }

    /// ECHO: the message.
    auto echo(std::string_view message, auto... token) {
        return issue<std::string>(self(), short_command{"ECHO", message}, std::move(token)...);
    }

    /// CLIENT ID: the connection's number.
    auto client_id(auto... token) {
        return issue<std::int64_t>(self(), short_command{"CLIENT", "ID"}, std::move(token)...);
    }

    /// CLIENT INFO: its line of CLIENT LIST.
    auto client_info(auto... token) {
        return issue<std::string>(self(), short_command{"CLIENT", "INFO"}, std::move(token)...);
    }

    /// CLIENT GETNAME: the name that it was given, or nothing.
    template <class Reply = std::optional<std::string>>
    auto client_getname(auto... token) {
        return issue<Reply>(self(), short_command{"CLIENT", "GETNAME"}, std::move(token)...);
    }

    /// CLIENT SETNAME: a name without spaces; none if it is empty.
    auto client_setname(std::string_view name, auto... token) {
        return issue<void>(self(), short_command{"CLIENT", "SETNAME", name}, std::move(token)...);
    }

    /// CLIENT NO-EVICT: whether it is spared when clients take too much memory.
    auto client_no_evict(bool spared, auto... token) {
        return issue<void>(self(), short_command{"CLIENT", "NO-EVICT", spared ? "ON" : "OFF"},
                           std::move(token)...);
    }

    /// PUBLISH: how many clients received the message.
    auto publish(std::string_view channel, const word_like auto& message, auto... token) {
        return issue<std::int64_t>(self(), short_command{"PUBLISH", channel, message},
                                   std::move(token)...);
    }

    /// SPUBLISH: to a shard channel.
    auto spublish(std::string_view channel, const word_like auto& message, auto... token) {
        return issue<std::int64_t>(self(), short_command{"SPUBLISH", channel, message},
                                   std::move(token)...);
    }

    /// PUBSUB CHANNELS: those that anyone has subscribed to by name, or of these what matches.
    template <class Reply = std::vector<std::string>>
    auto pubsub_channels(const auto&... pattern) {
        return issue_all<Reply>(self(), command_line{"PUBSUB", "CHANNELS"}, pattern...);
    }

    /// PUBSUB NUMSUB: for each of the channels how many have subscribed to it by name.
    template <class Reply = std::map<std::string, std::int64_t>>
    auto pubsub_numsub(const auto&... channels) {
        return issue_all<Reply>(self(), command_line{"PUBSUB", "NUMSUB"}, channels...);
    }

    /// PUBSUB NUMPAT: how many different patterns there are subscriptions to.
    auto pubsub_numpat(auto... token) {
        return issue<std::int64_t>(self(), short_command{"PUBSUB", "NUMPAT"}, std::move(token)...);
    }

    /// PUBSUB SHARDCHANNELS, PUBSUB SHARDNUMSUB: the same of shard channels.
    template <class Reply = std::vector<std::string>>
    auto pubsub_shardchannels(const auto&... pattern) {
        return issue_all<Reply>(self(), command_line{"PUBSUB", "SHARDCHANNELS"}, pattern...);
    }

    template <class Reply = std::map<std::string, std::int64_t>>
    auto pubsub_shardnumsub(const auto&... channels) {
        return issue_all<Reply>(self(), command_line{"PUBSUB", "SHARDNUMSUB"}, channels...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
