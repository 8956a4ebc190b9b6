#include "server/purger.hpp"

#include <chrono>
#include <new>
#include <utility>

namespace mini_redis {
namespace {

// Sessions wait at most this long for the thread.
constexpr std::chrono::microseconds slice{500};

} // namespace

task<void> purger::run(asio::io_context& io, executor& commands) {
    timer pause{io};
    pause_ = &pause;
    while (!stopped_) {
        sharded_store::purge_result round;
        if (active_.load(std::memory_order_relaxed) && (!may_reclaim || may_reclaim()))
            round = reclaim(commands);
        if (on_round) on_round();
        // Goes on at once, after the sessions had their turn, while a good part of what it looks at
        // has expired; otherwise what is left can wait.
        const std::chrono::milliseconds interval{1000 / rounds_->load(std::memory_order_relaxed)};
        const bool worthwhile = !round.finished && round.removed * 10 > round.examined;
        pause.expires_after(worthwhile ? std::chrono::milliseconds{0} : interval);
        co_await pause.async_wait(io_tuple);
    }
    pause_ = nullptr;
}

sharded_store::purge_result purger::purge(executor& commands) {
    change_log lost;
    try {
        const sharded_store::purge_result round = store_->purge(time_->now_ms(), slice, &lost);
        if (!lost.ready.empty()) commands.tell_of_loss(std::move(lost));
        return round;
    } catch (const server_busy&) {
        commands.drop_effects();
        return {.finished = true}; // it can wait
    } catch (const std::bad_alloc&) {
        commands.drop_effects();
        return {}; // it is tried again in the next round
    }
}

sharded_store::purge_result purger::reclaim(executor& commands) {
    using namespace std::chrono;
    const auto start = steady_clock::now();
    const sharded_store::purge_result round = purge(commands);
    const auto taken = duration_cast<microseconds>(steady_clock::now() - start);
    spent_us_.fetch_add(static_cast<std::uint64_t>(taken.count()), std::memory_order_relaxed);
    if (!round.finished) rounds_cut_.fetch_add(1, std::memory_order_relaxed);
    if (taken >= milliseconds{1} && on_long_round) on_long_round(taken.count() / 1000);
    return round;
}

void purger::stop() {
    stopped_ = true;
    if (pause_ != nullptr) pause_->cancel();
}

} // namespace mini_redis
