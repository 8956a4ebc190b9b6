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

    /// Frees it at once where no thread can be had.
    void discard(garbage doomed) noexcept;

    /// How many things still wait.
    std::size_t pending() const;

    /// How many have been freed.
    std::uint64_t freed() const noexcept { return freed_.load(std::memory_order_relaxed); }

private:
    void run();

    memory_account* account_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<garbage> waiting_; // guarded by mutex_
    std::size_t in_progress_ = 0;  // guarded by mutex_
    bool stopping_ = false;        // guarded by mutex_
    std::atomic<std::uint64_t> freed_{0};
    std::thread thread_; // started under mutex_
};

} // namespace mini_redis
