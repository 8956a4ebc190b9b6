#include "commands/latency_report.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <span>
#include <vector>

namespace mini_redis {
namespace {

constexpr std::size_t columns = 80;
constexpr int rows = 4;
// The top of a column within its row, from low to high; below it the column is filled.
constexpr std::string_view tops = "_o#";
constexpr char filled = '|';

std::string age(std::int64_t seconds) {
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600) return fmt::format("{}m", seconds / 60);
    if (seconds < 86'400) return fmt::format("{}h", seconds / 3600);
    return fmt::format("{}d", seconds / 86'400);
}

struct column {
    int height = 0; // in steps of `tops`, over all rows
    std::string label;
};

// One line of the picture, from the top.
std::string picture_line(std::span<const column> part, int row) {
    std::string line;
    const int steps = static_cast<int>(tops.size());
    const int floor = (rows - row - 1) * steps;
    for (const column& each : part) {
        const int within = each.height - floor;
        line += within < 0 ? ' ' : within < steps ? tops[static_cast<std::size_t>(within)] : filled;
    }
    return line + '\n';
}

// The labels are written downwards, under an empty line.
std::string label_lines(std::span<const column> part) {
    std::string lines = std::string(part.size(), ' ') + '\n';
    std::size_t longest = 0;
    for (const column& each : part)
        longest = std::max(longest, each.label.size());
    for (std::size_t i = 0; i < longest; ++i) {
        for (const column& each : part)
            lines += i < each.label.size() ? each.label[i] : ' ';
        lines += '\n';
    }
    return lines;
}

} // namespace

std::string draw_latencies(std::string_view event, const latency_monitor::history& history,
                           std::int64_t now_seconds) {
    const auto [least, most] = std::minmax_element(
        history.samples.begin(), history.samples.end(),
        [](const auto& a, const auto& b) { return a.milliseconds < b.milliseconds; });
    const std::int64_t low = least->milliseconds;
    const std::int64_t high = most->milliseconds;
    const std::int64_t range = std::max<std::int64_t>(high - low, 1);
    const std::int64_t steps = rows * static_cast<std::int64_t>(tops.size());

    std::vector<column> all;
    for (const latency_monitor::sample& each : history.samples) {
        const std::int64_t step = (each.milliseconds - low) * steps / range;
        all.push_back({static_cast<int>(std::min(step, steps - 1)),
                       age(std::max<std::int64_t>(0, now_seconds - each.unix_seconds))});
    }
    std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n{:-<80}\n",
                                   event, high, low, history.worst, "");
    for (std::size_t begin = 0; begin < all.size(); begin += columns) {
        const std::span part = std::span{all}.subspan(begin, std::min(columns, all.size() - begin));
        if (begin != 0) text += '\n';
        for (int row = 0; row < rows; ++row)
            text += picture_line(part, row);
        text += label_lines(part);
    }
    return text;
}

latency_summary summarize(const latency_monitor::history& history, std::int64_t now_seconds) {
    latency_summary result;
    const auto count = static_cast<std::int64_t>(history.samples.size());
    if (count == 0) return result;
    std::int64_t sum = 0;
    for (const auto& each : history.samples)
        sum += each.milliseconds;
    result.mean = sum / count;
    std::int64_t deviations = 0;
    for (const auto& each : history.samples)
        deviations += std::abs(each.milliseconds - result.mean);
    result.mean_deviation = deviations / count;
    const std::int64_t since = now_seconds - history.samples.front().unix_seconds;
    result.period_seconds =
        static_cast<double>(std::max<std::int64_t>(since, 1)) / static_cast<double>(count);
    return result;
}

} // namespace mini_redis
