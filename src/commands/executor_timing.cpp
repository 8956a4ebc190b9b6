// What is noted about commands that took long: SLOWLOG and LATENCY.
#include <algorithm>
#include <chrono>
#include <new>

#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "commands/executor.hpp"
#include "commands/parked_call.hpp"
#include "commands/secrets.hpp"

namespace mini_redis {

void executor::update_attention() noexcept {
    using namespace std::chrono;
    slower_than_us_ = settings_->slowlog_slower_than_us.load(std::memory_order_relaxed);
    threshold_ms_ = settings_->latency_threshold_ms.load(std::memory_order_relaxed);
    constexpr nanoseconds longest{static_cast<std::int64_t>(latency_slots::longest)};
    longest_counted_ = tick_clock::ticks_of(longest) - 1;
    std::int64_t least = longest_counted_;
    if (slower_than_us_ >= 0 && slower_than_us_ < duration_cast<microseconds>(longest).count())
        least = std::min(least, tick_clock::ticks_of(microseconds{slower_than_us_}));
    if (threshold_ms_ > 0 && threshold_ms_ < duration_cast<milliseconds>(longest).count())
        least = std::min(least, tick_clock::ticks_of(milliseconds{threshold_ms_}));
    attention_ = static_cast<std::uint64_t>(least);
}

// Returns how many ticks are to be counted: those that histograms have slots for. What is more is
// added to the command's time here.
std::int64_t executor::attend(client_state& client, const request& one, command_counters& count,
                              std::int64_t ticks) noexcept {
    if (ticks < 0) return 0; // the thread has moved to a processor that lags
    const std::int64_t counted = std::min(ticks, longest_counted_);
    count.ticks.add(static_cast<std::uint64_t>(ticks - counted));
    const auto us =
        static_cast<std::int64_t>(static_cast<double>(ticks) * nanoseconds_per_tick_ / 1000);
    try {
        const command& row = *one.row;
        if (threshold_ms_ > 0 && us / 1000 >= threshold_ms_)
            server_->notes().latency.add(has(row.flags, command_flag::fast) ? "fast-command"
                                                                            : "command",
                                         {clock_->now_ms() / 1000, us / 1000});
        if (client.parked) // SLOWLOG tells of it when it is done
            client.parked->ticks = ticks;
        else
            note_slow(client, row, one.args, us);
    } catch (const std::bad_alloc&) { // then it is not noted
    }
    return counted;
}

void executor::note_slow(const client_state& client, const command& row,
                         std::span<const std::string_view> args, std::int64_t microseconds) {
    const std::int64_t most = settings_->slowlog_max_length.load(std::memory_order_relaxed);
    if (slower_than_us_ < 0 || microseconds < slower_than_us_ ||
        has(row.flags, command_flag::skip_slowlog))
        return;
    slow_log::entry one;
    one.unix_seconds = clock_->now_ms() / 1000;
    one.microseconds = microseconds;
    one.words = cut_request(without_secrets(row, args));
    one.address = server_->address_of(client);
    if (client.extra) one.client_name = client.extra->name;
    server_->notes().slow.add(std::move(one), static_cast<std::size_t>(most));
}

void executor::note_served(client_state& client, const parked_call& call) {
    follow_settings();
    if (const std::string_view answer = call.reply.view(); answer.starts_with('-')) {
        count_->error_replies.add();
        count_->by_command[commands_->find_numbered(call.row.name).number].failed.add();
        notes_->errors.add(answer.substr(1, answer.find(' ') - 1));
    }
    const double us = static_cast<double>(call.ticks) * nanoseconds_per_tick_ / 1000;
    try {
        note_slow(client, call.row, call.request.words(), static_cast<std::int64_t>(us));
    } catch (const std::bad_alloc&) { // then it is not noted
    }
}

} // namespace mini_redis
