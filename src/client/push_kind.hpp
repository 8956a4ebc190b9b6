// What a push is: its first word tells.
#pragma once

#include <algorithm>
#include <array>
#include <mini_redis/reply_view.hpp>
#include <string_view>

namespace mini_redis {

inline std::string_view push_kind(const reply_view& push) noexcept {
    return push.size() == 0 ? std::string_view{} : (*push.begin()).text();
}

inline bool is_confirmation_kind(std::string_view kind) noexcept {
    constexpr std::array<std::string_view, 6> kinds{"subscribe",   "psubscribe",   "ssubscribe",
                                                    "unsubscribe", "punsubscribe", "sunsubscribe"};
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

inline bool is_message_kind(std::string_view kind) noexcept {
    return kind == "message" || kind == "pmessage" || kind == "smessage";
}

/// Of the arrays that are pushes in RESP2.
inline bool is_push_kind(std::string_view kind) noexcept {
    return is_message_kind(kind) || is_confirmation_kind(kind);
}

} // namespace mini_redis
