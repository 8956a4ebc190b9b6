// Typed commands: of the connection, and publishing.
#pragma once

#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <string>
#include <string_view>

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

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
