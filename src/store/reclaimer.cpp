#include "store/reclaimer.hpp"

#include <exception>
#include <utility>

namespace mini_redis {

reclaimer::~reclaimer() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void reclaimer::discard(garbage doomed) noexcept {
    try {
        const std::lock_guard lock{mutex_};
        if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
        waiting_.push_back(std::move(doomed));
    } catch (const std::exception&) { // no memory, no thread: `doomed` ends here
        return;
    }
    wake_.notify_one();
}

std::size_t reclaimer::pending() const {
    const std::lock_guard lock{mutex_};
    return waiting_.size() + in_progress_;
}

void reclaimer::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::vector<garbage> taken = std::exchange(waiting_, {});
        in_progress_ = taken.size();
        lock.unlock();
        freed_.fetch_add(taken.size(), std::memory_order_relaxed);
        {
            const memory_scope freed{*account_};
            taken.clear();
        }
        lock.lock();
        in_progress_ = 0;
    }
}

} // namespace mini_redis
