// The scripts that the server knows, by their SHA-1, for all its threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "scripting/script_header.hpp"

namespace mini_redis {

/// For look-ups by a view.
struct string_hash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

/// A script that compiles.
///
/// *Thread safety*: it does not change but for `roams`.
struct known_script {
    std::string sha; ///< 40 digits in lower case
    std::string code;
    script_flags flags;
    /// It has used keys that it did not declare: from then on it runs with all shards locked.
    mutable std::atomic<bool> roams{false};
};

/// *Thread safety*: every function may be called from any thread.
class script_store {
public:
    using script_ptr = std::shared_ptr<const known_script>;

    /// Null if there is none.
    script_ptr find(std::string_view sha) const;

    /// Adds a script, or gives the one that is there already.
    script_ptr add(std::string_view sha, std::string_view code, const script_flags& flags);

    /// Forgets all of them (SCRIPT FLUSH).
    void clear();

    /// Another number after each clear(): what has been kept of scripts is to be dropped.
    std::uint64_t generation() const noexcept {
        return generation_.load(std::memory_order_acquire);
    }

    std::size_t count() const;
    /// Bytes that they occupy, about.
    std::size_t memory() const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, script_ptr, string_hash, std::equal_to<>>
        scripts_;            // guarded by mutex_
    std::size_t memory_ = 0; // likewise
    std::atomic<std::uint64_t> generation_{0};
};

} // namespace mini_redis
