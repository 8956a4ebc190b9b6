// Where the time comes from: the machine's clock, or one that a test turns by hand.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace mini_redis {

/// A source of Unix time. Expiry, TIME and TTL read it and nothing else.
///
/// *Thread safety*: its functions may be called from any thread.
class clock {
public:
    virtual ~clock() = default;

    /// Milliseconds since 1970-01-01 00:00 UTC.
    virtual std::int64_t now_ms() const noexcept = 0;

    /// The same in microseconds, where the clock is that fine.
    virtual std::int64_t now_us() const noexcept { return now_ms() * 1000; }
};

/// The machine's clock.
class system_clock final : public clock {
public:
    std::int64_t now_ms() const noexcept override {
        using namespace std::chrono;
        return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    }

    std::int64_t now_us() const noexcept override {
        using namespace std::chrono;
        return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    }

    /// The one instance that is used where no clock is given.
    static const system_clock& instance() noexcept {
        static const system_clock clock;
        return clock;
    }
};

/// A clock that stands still until it is turned, so that a test of expiry need not sleep.
class manual_clock final : public clock {
public:
    explicit manual_clock(std::int64_t start_ms = 1'000'000'000'000) noexcept : now_ms_{start_ms} {}

    std::int64_t now_ms() const noexcept override {
        return now_ms_.load(std::memory_order_acquire);
    }

    void advance(std::chrono::milliseconds by) noexcept { now_ms_ += by.count(); }

    void set(std::int64_t unix_ms) noexcept { now_ms_ = unix_ms; }

private:
    std::atomic<std::int64_t> now_ms_;
};

} // namespace mini_redis
