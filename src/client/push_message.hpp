// From a push to the message that was published.
#pragma once

#include <mini_redis/reply_view.hpp>
#include <mini_redis/subscriber.hpp>
#include <optional>
#include <string_view>

#include "client/push_kind.hpp"

namespace mini_redis {

/// Nothing, if it is no message, or one that is not as it should be:
///
///   message = kind channel payload | "pmessage" pattern channel payload
inline std::optional<message> to_message(const reply_view& push) {
    const std::string_view kind = push_kind(push);
    const bool by_pattern = kind == "pmessage";
    if (!is_message_kind(kind) || push.size() != (by_pattern ? 4U : 3U)) return std::nullopt;
    for (const reply_view part : push)
        if (!part.is_string()) return std::nullopt;
    auto part = ++push.begin();
    message result;
    if (by_pattern) result.pattern = (*part++).text();
    result.channel = (*part++).text();
    result.payload = (*part).text();
    return result;
}

} // namespace mini_redis
