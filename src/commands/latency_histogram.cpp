#include "commands/latency_histogram.hpp"

namespace mini_redis {

void latency_counts::add(const latency_histogram& one) {
    slots_.resize(latency_slots::count);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const std::uint64_t calls = one.at(i);
        slots_[i] += calls;
        total_ += calls;
    }
}

void latency_counts::subtract(const latency_counts& earlier) {
    for (std::size_t i = 0; i < std::min(slots_.size(), earlier.slots_.size()); ++i)
        slots_[i] -= earlier.slots_[i];
    total_ -= earlier.total_;
}

std::uint64_t latency_counts::at_percentile(double percentage) const noexcept {
    const double share = std::clamp(percentage, 0.0, 100.0) / 100;
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(share * static_cast<double>(total_) + 0.5));
    std::uint64_t calls = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        calls += slots_[i];
        if (calls >= wanted) return latency_slots::highest_in(i);
    }
    return 0;
}

std::vector<latency_counts::step> latency_counts::cumulative() const {
    std::vector<step> steps;
    std::uint64_t calls = 0;
    std::size_t next = 0;
    // A step ends with the slot that begins at the power of two.
    for (std::uint64_t power = 1024; calls < total_; power *= 2) {
        const std::size_t last =
            std::min(latency_slots::index_of(static_cast<double>(power)), latency_slots::count - 1);
        const std::uint64_t before = calls;
        while (next <= last)
            calls += slots_[next++];
        if (calls != before) steps.push_back({latency_slots::highest_in(last) / 1000, calls});
        if (last == latency_slots::count - 1) break;
    }
    return steps;
}

} // namespace mini_redis
