// How fast figures have grown of late, as INFO's instantaneous_… show it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace mini_redis {

/// Looks at three figures about ten times a second, and tells the mean growth of the last sixteen
/// looks.
///
/// *Thread safety*: every function may be called from any thread.
class rate_meter {
public:
    using figures = std::array<std::uint64_t, 3>;
    using rates = std::array<double, 3>; ///< a second

    /// Whether it is time for another look.
    bool is_due(std::chrono::steady_clock::time_point now) const;

    void look(std::chrono::steady_clock::time_point now, const figures& at);

    rates now() const;

    /// Forgets what it has seen: the figures begin anew.
    void reset();

private:
    static constexpr std::size_t looks = 16;

    mutable std::mutex mutex_;
    // All guarded by mutex_.
    std::array<rates, looks> seen_{};
    std::size_t next_ = 0;
    bool begun_ = false;
    std::chrono::steady_clock::time_point last_{};
    figures last_figures_{};
};

} // namespace mini_redis
