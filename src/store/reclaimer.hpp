// Frees large things on a thread of its own, so that nobody waits for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "store/counted_memory.hpp"
#include "store/entry.hpp"
#include "store/reader_table.hpp"
#include "store/table.hpp"

namespace mini_redis {

/// The thread starts with the first thing it is given and ends with the object, which frees what
/// is left.
///
/// *Thread safety*: discard() and drain() may be called from any thread.
class reclaimer {
public:
    using garbage = std::variant<entry_ptr, table, std::vector<table>, std::vector<reader_table>>;

    /// What it frees is taken off the account.
    explicit reclaimer(memory_account& account) noexcept : account_{&account} {}

    ~reclaimer();

    reclaimer(const reclaimer&) = delete;
    reclaimer& operator=(const reclaimer&) = delete;

    /// Frees it at once where no thread can be had. `bytes`: about how much that gives back, where
    /// it is known.
    void discard(garbage doomed, std::int64_t bytes = 0) noexcept;

    /// How many things still wait.
    std::size_t pending() const;

    /// About how much they will give back, as far as it is known: those who make room need not.
    std::int64_t pending_bytes() const noexcept {
        return pending_bytes_.load(std::memory_order_relaxed);
    }

    /// How many have been freed.
    std::uint64_t freed() const noexcept { return freed_.load(std::memory_order_relaxed); }

private:
    struct item {
        garbage doomed;
        std::int64_t bytes;
    };

    void run();
    void free(item each) noexcept;

    memory_account* account_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<item> waiting_;   // guarded by mutex_
    std::size_t in_progress_ = 0; // guarded by mutex_
    bool stopping_ = false;       // guarded by mutex_
    std::atomic<std::uint64_t> freed_{0};
    std::atomic<std::int64_t> pending_bytes_{0};
    std::thread thread_; // started under mutex_
};

} // namespace mini_redis
