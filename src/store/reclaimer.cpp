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

void reclaimer::discard(garbage doomed, std::int64_t bytes) noexcept {
    try {
        const std::lock_guard lock{mutex_};
        if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
        waiting_.push_back({std::move(doomed), bytes});
        pending_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    } catch (const std::exception&) { // no memory, no thread: `doomed` ends here
        return;
    }
    wake_.notify_one();
}

std::size_t reclaimer::pending() const {
    const std::lock_guard lock{mutex_};
    return waiting_.size() + in_progress_;
}

// Table by table, so that what they give back is soon seen.
void reclaimer::free(item each) noexcept {
    if (auto* const tables = std::get_if<std::vector<table>>(&each.doomed)) {
        const auto share = each.bytes / static_cast<std::int64_t>(tables->size() + 1);
        for (; !tables->empty(); each.bytes -= share) {
            const memory_scope freed{*account_};
            tables->pop_back();
            pending_bytes_.fetch_sub(share, std::memory_order_relaxed);
        }
    }
    const memory_scope freed{*account_};
    each.doomed = entry_ptr{};
    pending_bytes_.fetch_sub(each.bytes, std::memory_order_relaxed);
}

void reclaimer::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::vector<item> taken = std::exchange(waiting_, {});
        in_progress_ = taken.size();
        lock.unlock();
        freed_.fetch_add(taken.size(), std::memory_order_relaxed);
        for (item& each : taken)
            free(std::move(each));
        lock.lock();
        in_progress_ = 0;
    }
}

} // namespace mini_redis
