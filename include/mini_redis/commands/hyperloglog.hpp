// Typed commands: HyperLogLogs, which estimate how many different elements they have seen.
#pragma once

#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <string_view>

namespace mini_redis {

template <class Self>
class hyperloglog_commands {
public:
    /// PFADD: whether the estimate may have changed. Elements are texts, numbers or ranges of them.
    auto pfadd(std::string_view key, const auto&... elements) {
        return issue_all<bool>(self(), command_line{"PFADD", key}, elements...);
    }

    /// PFCOUNT: about how many different elements were added to any of the keys; the standard error
    /// is 0.81 %.
    auto pfcount(const auto&... keys) {
        return issue_all<std::int64_t>(self(), command_line{"PFCOUNT"}, keys...);
    }

    /// PFMERGE: `to` counts as having seen what any of the keys has, and what it has itself.
    auto pfmerge(std::string_view to, const auto&... keys) {
        return issue_all<void>(self(), command_line{"PFMERGE", to}, keys...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
