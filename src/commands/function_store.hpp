// The libraries of functions that the server has, for all its threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scripting/script_header.hpp"

namespace mini_redis {

/// A function as FUNCTION LIST shows it.
struct function_text {
    std::string name;
    std::optional<std::string> description;
    std::vector<std::string> flags; ///< each once
};

/// A library that has been loaded once.
struct function_library {
    std::string name;
    std::string code; ///< with its first line
    std::vector<function_text> functions;

    /// Names of functions are the same in any case.
    bool has(std::string_view function) const noexcept;
};

using library_ptr = std::shared_ptr<const function_library>;

/// By their names.
using library_set = std::map<std::string, library_ptr, std::less<>>;

/// What to do with the libraries that are there (FUNCTION RESTORE).
enum class restore_policy : std::uint8_t { append, replace, flush };

/// *Thread safety*: every function may be called from any thread.
class function_store {
public:
    function_store() : all_{std::make_shared<library_set>()} {}

    /// All of them, as they are at this moment.
    std::shared_ptr<const library_set> all() const;

    /// Another number after each change.
    std::uint64_t generation() const noexcept {
        return generation_.load(std::memory_order_acquire);
    }

    /// Adds libraries, all of them or none. Returns what is wrong, as an error text, or nothing.
    std::optional<std::string> add(std::vector<library_ptr> added, restore_policy policy);

    /// False if there is none of that name.
    bool remove(std::string_view name);

    void clear();

private:
    void publish(std::shared_ptr<const library_set> set);

    mutable std::mutex mutex_;
    std::shared_ptr<const library_set> all_; // guarded by mutex_
    std::atomic<std::uint64_t> generation_{0};
};

} // namespace mini_redis
