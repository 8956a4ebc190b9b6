// Histograms of latencies against the plain list of them; the histories of LATENCY, and their
// pictures.
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/latency_histogram.hpp"
#include "commands/latency_monitor.hpp"
#include "commands/latency_report.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

TEST_CASE("each duration belongs to one slot, of durations that differ by less than 1 in 100") {
    std::size_t last = 0;
    for (std::uint64_t ns = 1; ns < 3'000'000; ns += ns < 5000 ? 1 : ns / 500) {
        const std::size_t slot = latency_slots::index_of(static_cast<double>(ns));
        REQUIRE(slot >= last);
        last = slot;
        const std::uint64_t highest = latency_slots::highest_in(slot);
        REQUIRE(highest >= ns);
        REQUIRE(highest - ns <= ns / 100);
        REQUIRE(latency_slots::index_of(static_cast<double>(highest)) == slot);
        REQUIRE(latency_slots::index_of(static_cast<double>(highest + 1)) > slot);
    }
    CHECK(latency_slots::index_of(latency_slots::longest) == latency_slots::count - 1);
    CHECK(latency_slots::index_of(latency_slots::shortest) == 0);
}

TEST_CASE("percentiles and steps are those of the durations themselves") {
    random_source random{7};
    for (int round = 0; round < 20; ++round) {
        const auto histogram = std::make_unique<latency_histogram>();
        std::vector<std::uint64_t> durations;
        const std::uint64_t limit = std::uint64_t{1} << (8 + random.below(24));
        for (int i = 0; i < 500; ++i) {
            durations.push_back(1 + std::min<std::uint64_t>(random.below(limit), 999'999'999));
            histogram->add(static_cast<double>(durations.back()));
        }
        latency_counts counts;
        counts.add(*histogram);
        std::sort(durations.begin(), durations.end());
        CHECK(counts.total() == durations.size());
        for (const double percentage : {0.0, 1.0, 50.0, 99.0, 99.9, 100.0}) {
            const auto rank = static_cast<std::size_t>(percentage / 100 * 500 + 0.5);
            const std::uint64_t exact = durations[rank == 0 ? 0 : rank - 1];
            CHECK(counts.at_percentile(percentage) ==
                  latency_slots::highest_in(latency_slots::index_of(static_cast<double>(exact))));
        }
        std::uint64_t before = 0;
        for (const latency_counts::step& each : counts.cumulative()) {
            CHECK(each.calls > before);
            before = each.calls;
            // A step's last slot goes on a little beyond the whole microseconds that it shows.
            const auto no_longer = std::count_if(durations.begin(), durations.end(), [&](auto ns) {
                return ns / 1000 <= each.microseconds;
            });
            CHECK(static_cast<std::uint64_t>(no_longer) >= each.calls);
        }
        CHECK(before == durations.size());
    }
}

TEST_CASE("the steps of a histogram are Redis's") {
    const auto histogram = std::make_unique<latency_histogram>();
    for (const double us : {1, 3, 9, 51, 130, 200, 5000})
        histogram->add(us * 1000);
    latency_counts counts;
    counts.add(*histogram);
    CHECK(counts.cumulative() ==
          std::vector<latency_counts::step>{
              {1, 1}, {4, 2}, {16, 3}, {66, 4}, {132, 5}, {264, 6}, {8454, 7}});
    CHECK(counts.at_percentile(50) == 51'199);
    latency_counts later;
    histogram->add(1000);
    later.add(*histogram);
    later.subtract(counts);
    CHECK(later.total() == 1);
    CHECK(later.at_percentile(50) == 1003);
    CHECK(latency_counts{}.cumulative().empty());
}

TEST_CASE("a history keeps the worst of each second, and 160 seconds") {
    latency_monitor monitor;
    monitor.add("command", {100, 5});
    monitor.add("command", {100, 9});
    monitor.add("command", {100, 7});
    CHECK(monitor.of("command")->samples == std::deque<latency_monitor::sample>{{100, 9}});
    for (std::int64_t second = 101; second < 400; ++second)
        monitor.add("command", {second, 1});
    const auto history = monitor.of("command");
    CHECK(history->samples.size() == 160);
    CHECK(history->samples.back() == latency_monitor::sample{399, 1});
    CHECK(history->worst == 9);
    CHECK(!monitor.of("fork"));
    monitor.add("fork", {1, 1});
    CHECK(monitor.clear(std::vector<std::string_view>{"fork", "none", "fork"}) == 1);
    CHECK(monitor.clear({}) == 1);
    CHECK(monitor.all().empty());
}

TEST_CASE("a history as a picture") {
    latency_monitor::history history;
    history.worst = 63;
    history.samples = {{100, 10}, {161, 20}, {3800, 60}, {90'100, 63}};
    CHECK(draw_latencies("command", history, 90'103) ==
          "command - high 63 ms, low 10 ms (all time high 63 ms)\n" + std::string(80, '-') +
              "\n"
              "  ##\n"
              "  ||\n"
              "  ||\n"
              "_#||\n"
              "    \n"
              "1123\n"
              "dd3s\n"
              "  h \n");
    const latency_summary figures = summarize(history, 90'103);
    CHECK(figures.mean == 38);
    CHECK(figures.mean_deviation == 23);
    CHECK(figures.period_seconds == 90'003.0 / 4);
}
