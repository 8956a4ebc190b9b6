#include "server/rate_meter.hpp"

namespace mini_redis {
namespace {

constexpr std::chrono::milliseconds interval{100};

} // namespace

bool rate_meter::is_due(std::chrono::steady_clock::time_point now) const {
    const std::lock_guard lock{mutex_};
    return !begun_ || now - last_ >= interval;
}

void rate_meter::look(std::chrono::steady_clock::time_point now, const figures& at) {
    const std::lock_guard lock{mutex_};
    const std::chrono::duration<double> since = now - last_;
    if (begun_ && since.count() > 0) {
        rates& growth = seen_[next_];
        next_ = (next_ + 1) % looks;
        for (std::size_t i = 0; i < growth.size(); ++i)
            growth[i] = static_cast<double>(at[i] - last_figures_[i]) / since.count();
    }
    begun_ = true;
    last_ = now;
    last_figures_ = at;
}

rate_meter::rates rate_meter::now() const {
    const std::lock_guard lock{mutex_};
    rates mean{};
    for (const rates& each : seen_)
        for (std::size_t i = 0; i < mean.size(); ++i)
            mean[i] += each[i] / static_cast<double>(looks);
    return mean;
}

void rate_meter::reset() {
    const std::lock_guard lock{mutex_};
    seen_ = {};
    begun_ = false;
}

} // namespace mini_redis
