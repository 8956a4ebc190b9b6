// How often each error has been replied, by its code: the first word of its text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// *Thread safety*: every function may be called from any thread.
class error_counts {
public:
    void add(std::string_view code, std::uint64_t times = 1);

    /// In the order of their codes.
    std::vector<std::pair<std::string, std::uint64_t>> all() const;

    void clear();

private:
    // Scripts make up codes of their own, as many as they like.
    static constexpr std::size_t most_codes = 128;

    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t, std::less<>> counts_; // guarded by mutex_
};

} // namespace mini_redis
