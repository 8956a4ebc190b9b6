#include "commands/tick_clock.hpp"

#include <cmath>
#include <fmt/format.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace mini_redis {
namespace {

// Whether the counter runs at one speed, whatever the processor does.
[[maybe_unused]] bool has_steady_counter() noexcept {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned power_management = 0x80000007;
    constexpr unsigned invariant_tsc = 1U << 8;
    return __get_cpuid(power_management, &a, &b, &c, &d) != 0 && (d & invariant_tsc) != 0;
#elif defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

// Against the steady clock. Each of the two readings is off by some ten nanoseconds at most.
[[maybe_unused]] double measure_nanoseconds_per_tick() noexcept {
    using clock = std::chrono::steady_clock;
    const clock::time_point start = clock::now();
    const std::uint64_t first = tick_clock::now();
    clock::time_point end = start;
    while (end - start < std::chrono::milliseconds{3})
        end = clock::now();
    const std::int64_t ticks = tick_clock::between(first, tick_clock::now());
    const std::chrono::duration<double, std::nano> passed = end - start;
    return ticks <= 0 ? 1 : passed.count() / static_cast<double>(ticks);
}

} // namespace

const bool tick_clock::is_hardware_ = has_steady_counter();

double tick_clock::nanoseconds_per_tick() noexcept {
#if defined(__aarch64__)
    static const double each = [] {
        std::uint64_t frequency = 0;
        asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
        return frequency == 0 ? measure_nanoseconds_per_tick()
                              : 1e9 / static_cast<double>(frequency);
    }();
    return each;
#else
    if (!is_hardware_)
        return 1e9 * static_cast<double>(std::chrono::steady_clock::period::num) /
               static_cast<double>(std::chrono::steady_clock::period::den);
    static const double each = measure_nanoseconds_per_tick();
    return each;
#endif
}

std::int64_t tick_clock::ticks_of(std::chrono::nanoseconds duration) noexcept {
    if (duration.count() < 0) return INT64_MAX;
    const double ticks = std::ceil(static_cast<double>(duration.count()) / nanoseconds_per_tick());
    return ticks < 0x1p63 ? static_cast<std::int64_t>(ticks) : INT64_MAX;
}

std::string tick_clock::name() {
    if (!is_hardware_) return "POSIX clock_gettime";
#if defined(__aarch64__)
    constexpr std::string_view counter = "ARM CNTVCT";
#else
    constexpr std::string_view counter = "X86 TSC";
#endif
    return fmt::format("{} @ {:.0f} ticks/us", counter, 1000 / nanoseconds_per_tick());
}

} // namespace mini_redis
