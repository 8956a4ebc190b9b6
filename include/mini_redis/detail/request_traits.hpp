// What a request is that an application has put into words itself. Not for applications.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

namespace mini_redis {

struct request_traits {
    /// False: it has no reply or several (SUBSCRIBE, MONITOR …), or changes what the connection is
    /// (HELLO, RESET), so that others' replies would be taken for its own or not understood.
    bool is_allowed = true;
    /// It changes what becomes of those behind it (MULTI, WATCH), which may be others'.
    bool concerns_others = false;
    /// It may wait for an element (BLPOP, XREAD BLOCK …), as long as `wait`; zero: without limit.
    bool blocks = false;
    std::chrono::milliseconds wait{0};
};

/// `words`: the command's name first, in upper or lower case.
request_traits traits_of(std::span<const std::string_view> words) noexcept;

} // namespace mini_redis
