// The scripts that run at this moment, one a worker at most: what SCRIPT KILL ends, and what others
// are told who have to wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

enum class script_kind : std::uint8_t { script, function };

/// What FUNCTION STATS tells of a script that has been running for long.
struct long_script {
    script_kind kind = script_kind::script;
    std::string name;
    std::vector<std::string> words; ///< of the request
    std::chrono::steady_clock::time_point began;
};

/// Where a worker shows its script.
///
/// *Thread safety*: the worker's thread calls begin(), end() and wrote(), others the rest.
class script_slot {
public:
    void begin(script_kind kind) noexcept {
        wrote_.store(false, std::memory_order_relaxed);
        run_.store((run_.load(std::memory_order_relaxed) | flags) + 1 +
                       (kind == script_kind::function ? 2 : 1),
                   std::memory_order_release);
    }

    void end() noexcept { run_.fetch_and(~flags, std::memory_order_release); }

    /// How much the worker's states of Lua occupy.
    void set_memory(script_kind kind, std::size_t bytes) noexcept {
        (kind == script_kind::script ? script_memory_ : function_memory_)
            .store(bytes, std::memory_order_relaxed);
    }

    std::size_t memory(script_kind kind) const noexcept {
        return (kind == script_kind::script ? script_memory_ : function_memory_)
            .load(std::memory_order_relaxed);
    }

    void wrote() noexcept { wrote_.store(true, std::memory_order_relaxed); }

    bool has_written() const noexcept { return wrote_.load(std::memory_order_relaxed); }

    /// What runs; nothing if nothing does.
    std::optional<script_kind> kind() const noexcept {
        const std::uint64_t now = run_.load(std::memory_order_acquire) & flags;
        if (now == 0) return std::nullopt;
        return now == 2 ? script_kind::function : script_kind::script;
    }

    /// Ends what runs now, and nothing that begins later.
    void doom() noexcept {
        doomed_.store(run_.load(std::memory_order_acquire), std::memory_order_relaxed);
    }

    bool is_doomed() const noexcept {
        return doomed_.load(std::memory_order_relaxed) == run_.load(std::memory_order_relaxed);
    }

private:
    // The number of the run, and in the two lowest bits what it is.
    static constexpr std::uint64_t flags = 3;

    std::atomic<std::uint64_t> run_{flags + 1};
    std::atomic<std::uint64_t> doomed_{0};
    std::atomic<bool> wrote_{false};
    std::atomic<std::size_t> script_memory_{0};
    std::atomic<std::size_t> function_memory_{0};
};

/// *Thread safety*: every function may be called from any thread.
class running_scripts {
public:
    void add(script_slot& slot);
    void remove(script_slot& slot) noexcept;

    /// Ends the scripts (or the functions) that run. Returns the error text, or nothing if it is
    /// done.
    std::optional<std::string_view> kill(script_kind kind);

    /// Ends all of them, whatever they have done, and those that come: the server stops.
    void end_all() noexcept { ending_.store(true, std::memory_order_relaxed); }

    bool ending() const noexcept { return ending_.load(std::memory_order_relaxed); }

    /// Shows one that has been running for long, until it ends.
    void show(const script_slot& slot, long_script what);
    void hide(const script_slot& slot) noexcept;

    /// One of those that are shown.
    std::optional<long_script> shown() const;

    /// What the states of Lua of all workers occupy.
    std::size_t memory(script_kind kind) const;

    /// What clients are told who ask for anything else meanwhile.
    std::string_view busy_text() const;

private:
    mutable std::mutex mutex_;
    std::vector<script_slot*> slots_;                               // guarded by mutex_
    std::vector<std::pair<const script_slot*, long_script>> shown_; // likewise
    std::atomic<bool> ending_{false};
};

} // namespace mini_redis
