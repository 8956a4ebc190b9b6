// The latest commands that took long, for SLOWLOG: as many as slowlog-max-len says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// *Thread safety*: every function may be called from any thread.
class slow_log {
public:
    struct entry {
        std::int64_t id = 0; ///< never used again
        std::int64_t unix_seconds = 0;
        std::int64_t microseconds = 0;
        std::vector<std::string> words; ///< long requests are cut
        std::string address;
        std::string client_name;
    };

    /// Numbers the entry and puts it in front. What is more than `most` falls off the end.
    void add(entry one, std::size_t most);

    /// At most so many, the latest first.
    std::vector<entry> latest(std::size_t most) const;

    std::size_t size() const;
    void clear();

private:
    mutable std::mutex mutex_;
    std::int64_t next_id_ = 0;  // guarded by mutex_
    std::deque<entry> entries_; // guarded by mutex_; the latest first
};

/// A request as an entry shows it: at most 32 words, of each at most 128 bytes, and how much is
/// missing.
std::vector<std::string> cut_request(std::span<const std::string_view> words);

} // namespace mini_redis
