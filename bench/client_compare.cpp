// What a call costs the client: this library's clients beside hiredis, on one server.
//
//   client_compare [host:port] [calls] [rounds] [text]     default: 127.0.0.1:6379 200000 5
//
// Each line is one client in one mode; `text` leaves only the lines whose "mode / client" begins
// so. The clients take turns, so that what else the machine does falls on all alike; a line has the
// medians of its rounds. All is one GET a call, of a value of 32 bytes unless the mode says 16 KiB.
// Modes that are slow by nature make a tenth or a twentieth of the calls.
//
//   calls/s          as much the server's as the client's, if they share a machine
//   CPU ns/call      processor time of this process, in the kernel too
//   allocations      malloc and its kin, see counters.hpp
//   system calls     of sockets and loops, likewise
//
// A reply is a std::string of its own for ours, and a redisReply with one for hiredis. Our calls
// have time-outs of five seconds, as is their default; hiredis waits for ever, as is its.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client_load.hpp"
#include "counters.hpp"
#include "hiredis_driver.hpp"
#include "own_driver.hpp"

namespace {

struct sample {
    double calls_per_second;
    double processor_ns;
    double allocations;
    double system_calls;
};

struct contestant {
    std::string mode;
    std::string client;
    client_load load;
    std::function<void(const client_load&)> run;
    std::vector<sample> samples{};
};

struct arguments {
    server_endpoint server{"127.0.0.1", 6379};
    long calls = 200'000;
    long rounds = 5;
    std::string_view text;
};

long to_positive(std::string_view text) {
    long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number <= 0)
        throw std::runtime_error("not a number above zero: " + std::string{text});
    return number;
}

arguments parse(int argc, char** argv) {
    arguments parsed;
    if (argc > 1) {
        const std::string_view address = argv[1];
        const auto colon = address.rfind(':');
        parsed.server.host = address.substr(0, colon);
        if (colon != address.npos)
            parsed.server.port = static_cast<int>(to_positive(address.substr(colon + 1)));
    }
    if (argc > 2) parsed.calls = to_positive(argv[2]);
    if (argc > 3) parsed.rounds = to_positive(argv[3]);
    if (argc > 4) parsed.text = argv[4];
    return parsed;
}

double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

sample measure(const contestant& who) {
    const counters counted_before = counted_so_far();
    const double processor_before = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    who.run(who.load);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const double processor = processor_seconds() - processor_before;
    const counters counted = counted_so_far() - counted_before;
    const auto calls = static_cast<double>(who.load.calls);
    return {.calls_per_second = calls / took.count(),
            .processor_ns = processor * 1e9 / calls,
            .allocations = static_cast<double>(counted.allocations) / calls,
            .system_calls = static_cast<double>(counted.system_calls) / calls};
}

double median(const std::vector<sample>& samples, double sample::*of) {
    std::vector<double> sorted;
    for (const sample& each : samples)
        sorted.push_back(each.*of);
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Who is to be compared, each with connections of its own.
std::vector<contestant> make_contestants(const arguments& given, const std::string& small_key,
                                         std::size_t small_size, const std::string& large_key,
                                         std::size_t large_size) {
    using form = hiredis_async_driver::command_form;
    using loop_executor = asio::io_context::executor_type;
    const auto any = std::make_shared<own_driver<asio::any_io_executor>>(given.server);
    const auto loop = std::make_shared<own_driver<loop_executor>>(given.server);
    const auto blocking = std::make_shared<own_blocking_driver>(given.server);
    const auto hiredis = std::make_shared<hiredis_blocking_driver>(given.server);
    const auto async = std::make_shared<hiredis_async_driver>(given.server);

    std::vector<contestant> all;
    const auto add = [&](const std::string& mode, const client_load& load, const char* client,
                         std::function<void(const client_load&)> run) {
        if (!(mode + " / " + client).starts_with(given.text)) return;
        all.push_back({mode, client, load, std::move(run)});
    };
    const auto coroutines = [](auto& driver) {
        return [driver](const client_load& load) { driver->get_from_coroutines(load); };
    };
    const auto callbacks = [any](const client_load& load) { any->get_by_callbacks(load); };
    const auto async_words = [async](const client_load& load) { async->get(load, form::words); };
    const auto async_format = [async](const client_load& load) { async->get(load, form::format); };
    const auto our_blocking = [blocking](const client_load& load) {
        blocking->get_one_by_one(load);
    };
    const auto hiredis_blocking = [hiredis](const client_load& load) {
        hiredis->get_one_by_one(load);
    };

    // A multiple of what is under way at once.
    const auto small = [&](long at_once, long share) {
        const long calls = std::max(given.calls / share / at_once, 1L) * at_once;
        return client_load{small_key, small_size, at_once, calls};
    };
    const auto large = [&](long at_once, long share) {
        const long calls = std::max(given.calls / share / at_once, 1L) * at_once;
        return client_load{large_key, large_size, at_once, calls};
    };

    const client_load one = small(1, 20);
    add("sequential", one, "ours, coroutine", coroutines(any));
    add("sequential", one, "ours, coroutine, io_context", coroutines(loop));
    add("sequential", one, "ours, callbacks", callbacks);
    add("sequential", one, "ours, blocking_client", our_blocking);
    add("sequential", one, "hiredis, blocking", hiredis_blocking);
    add("sequential", one, "hiredis, async", async_words);
    for (const long at_once : {100L, 1000L}) {
        const std::string mode = std::to_string(at_once) + " at once";
        const client_load load = small(at_once, 1);
        add(mode, load, "ours, coroutines", coroutines(any));
        add(mode, load, "ours, coroutines, io_context", coroutines(loop));
        add(mode, load, "ours, callbacks", callbacks);
        add(mode, load, "hiredis, async", async_words);
        add(mode, load, "hiredis, async, format string", async_format);
    }
    const client_load tens = small(static_cast<long>(pipeline_length), 2);
    add("batches of 10", tens, "ours, pipeline()",
        [any](const client_load& load) { any->get_in_pipelines(load); });
    add("batches of 10", tens, "ours, blocking pipeline()",
        [blocking](const client_load& load) { blocking->get_in_pipelines(load); });
    const auto our_batches = [any](const client_load& load) { any->get_in_batches(load); };
    const auto hiredis_batches = [hiredis](const client_load& load) {
        hiredis->get_in_batches(load);
    };
    add("batches of 10", tens, "ours, callbacks", our_batches);
    add("batches of 10", tens, "hiredis, append and get reply", hiredis_batches);
    const client_load hundreds = small(100, 1);
    add("batches of 100", hundreds, "ours, callbacks", our_batches);
    add("batches of 100", hundreds, "hiredis, append and get reply", hiredis_batches);
    const client_load large_one = large(1, 20);
    add("16 KiB, sequential", large_one, "ours, coroutine", coroutines(any));
    add("16 KiB, sequential", large_one, "ours, blocking_client", our_blocking);
    add("16 KiB, sequential", large_one, "hiredis, blocking", hiredis_blocking);
    add("16 KiB, sequential", large_one, "hiredis, async", async_words);
    const client_load large_hundred = large(100, 10);
    add("16 KiB, 100 at once", large_hundred, "ours, coroutines", coroutines(any));
    add("16 KiB, 100 at once", large_hundred, "ours, callbacks", callbacks);
    add("16 KiB, 100 at once", large_hundred, "hiredis, async", async_words);
    return all;
}

void print(const std::vector<contestant>& all) {
    std::printf("%-30s  %-19s %10s %11s %16s %17s\n", "client", "mode", "calls/s", "CPU ns/call",
                "allocations/call", "system calls/call");
    const std::string* mode = nullptr;
    for (const contestant& each : all) {
        const bool is_first = !mode || *mode != each.mode;
        if (mode && is_first) std::printf("\n");
        mode = &each.mode;
        std::printf("%-30s  %-19s %10.0f %11.0f", each.client.c_str(), each.mode.c_str(),
                    median(each.samples, &sample::calls_per_second),
                    median(each.samples, &sample::processor_ns));
        if (can_count)
            std::printf(" %16.3f %17.3f\n", median(each.samples, &sample::allocations),
                        median(each.samples, &sample::system_calls));
        else
            std::printf(" %16s %17s\n", "-", "-");
    }
}

void compare(const arguments& given) {
    const std::string small_value(32, 's');
    const std::string large_value(16 * 1024, 'l');
    const std::string small_key = "client_compare:32";
    const std::string large_key = "client_compare:16K";
    own_blocking_driver set_up{given.server};
    set_up.client().set(small_key, small_value);
    set_up.client().set(large_key, large_value);

    std::vector<contestant> all =
        make_contestants(given, small_key, small_value.size(), large_key, large_value.size());
    for (contestant& each : all) { // not counted: buffers grow and caches warm up
        client_load warming = each.load;
        warming.calls = std::max(warming.calls / 10 / warming.at_once, 1L) * warming.at_once;
        each.run(warming);
    }
    for (long round = 0; round < given.rounds; ++round) {
        measure(all.front()); // not counted: the system settles after what came before
        for (contestant& each : all)
            each.samples.push_back(measure(each));
    }
    print(all);
    set_up.client().del(small_key, large_key);
}

} // namespace

int main(int argc, char** argv) {
    try {
        compare(parse(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "client_compare: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
