// CLIENT PAUSE: whether clients have to wait with their commands, and until when.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

namespace mini_redis {

struct context;

/// What a pause holds up.
enum class pause_kind : std::uint8_t {
    none,
    writes, ///< commands that change keys, or would be passed on to replicas
    all,
};

/// *Thread safety*: every function may be called from any thread.
class client_pause {
public:
    /// False costs one relaxed load; true may be out of date: ask at().
    bool may_hold() const noexcept { return may_hold_.load(std::memory_order_relaxed); }

    struct state {
        pause_kind kind = pause_kind::none;
        std::int64_t until_ms = 0; ///< Unix
    };

    /// What holds at that time.
    state at(std::int64_t now_ms);

    /// A pause within another makes it as strict and as long as the stricter and longer one.
    void begin(pause_kind kind, std::int64_t until_ms, std::int64_t now_ms);

    void end();

private:
    std::atomic<bool> may_hold_{false};
    std::mutex mutex_;
    state state_; // guarded by mutex_
};

void client_pause_clients(context& c);   ///< CLIENT PAUSE
void client_unpause_clients(context& c); ///< CLIENT UNPAUSE

} // namespace mini_redis
