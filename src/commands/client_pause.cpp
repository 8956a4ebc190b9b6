#include "commands/client_pause.hpp"

#include <algorithm>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/diagnostics.hpp"
#include "resp/number.hpp"

namespace mini_redis {

client_pause::state client_pause::at(std::int64_t now_ms) {
    const std::lock_guard lock{mutex_};
    if (state_.until_ms <= now_ms) {
        state_ = {};
        may_hold_.store(false, std::memory_order_relaxed);
    }
    return state_;
}

void client_pause::begin(pause_kind kind, std::int64_t until_ms, std::int64_t now_ms) {
    const std::lock_guard lock{mutex_};
    if (state_.until_ms <= now_ms) state_ = {};
    state_ = {std::max(state_.kind, kind), std::max(state_.until_ms, until_ms)};
    may_hold_.store(true, std::memory_order_relaxed);
}

void client_pause::end() {
    const std::lock_guard lock{mutex_};
    state_ = {};
    may_hold_.store(false, std::memory_order_relaxed);
}

void client_pause_clients(context& c) {
    if (c.args.size() > 4) return reply_subcommand_misuse(c);
    pause_kind kind = pause_kind::all;
    if (c.args.size() == 4) {
        if (equals_ignoring_case(c.args[3], "write"))
            kind = pause_kind::writes;
        else if (!equals_ignoring_case(c.args[3], "all"))
            return c.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
    const std::optional<std::int64_t> timeout = parse_integer(c.args[2]);
    if (!timeout) return c.reply.error("ERR timeout is not an integer or out of range");
    if (*timeout < 0) return c.reply.error("ERR timeout is negative");
    std::int64_t until = 0;
    if (__builtin_add_overflow(c.now_ms(), *timeout, &until))
        return c.reply.error("ERR timeout is out of range");
    c.server.notes().pause.begin(kind, until, c.now_ms());
    c.reply.ok();
}

void client_unpause_clients(context& c) {
    c.server.notes().pause.end();
    c.server.resume_clients();
    c.reply.ok();
}

} // namespace mini_redis
