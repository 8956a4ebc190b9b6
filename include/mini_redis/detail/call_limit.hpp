// One time-out for several calls that are one to their caller: a transaction's, an iteration's. Not
// for applications.
#pragma once

#include <chrono>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/error.hpp>

namespace mini_redis {

/// Until when they have to end, all of them.
class call_limit {
public:
    using clock = std::chrono::steady_clock;

    /// Without limit, if it is the latest time that there is.
    explicit call_limit(clock::time_point until) noexcept : until_{until} {}

    bool is_over() const noexcept {
        return until_ != clock::time_point::max() && clock::now() >= until_;
    }

    /// The settings of one of them: it has what is left of the time, and fails if that is nothing.
    call_settings applied_to(call_settings settings) const noexcept {
        using std::chrono::milliseconds;
        if (until_ == clock::time_point::max()) {
            if (settings.time_out.count() < 0) settings.time_out = milliseconds{0};
            return settings;
        }
        const auto left = std::chrono::ceil<milliseconds>(until_ - clock::now());
        if (left.count() <= 0) {
            if (settings.refused == errc{}) settings.refused = errc::timed_out;
        } else if (settings.time_out.count() <= 0 || settings.time_out > left) {
            settings.time_out = left;
        }
        return settings;
    }

private:
    clock::time_point until_;
};

} // namespace mini_redis
