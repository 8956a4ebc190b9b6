// The concurrent demo: many tasks, few connections.
//
//   tasks ──job──▶ channel (32 places) ──▶ manager ──▶ pool of clients ──▶ server
//     ▲                                                      │
//     └────────────── oneshot, one for each job ◀────────────┘
//
// No task knows a connection. It sends a job through the one channel, which makes it wait while the
// channel is full (back-pressure), and the job carries the sending end of a oneshot, through which
// the answer comes back to exactly this task. All of it is coroutines on one thread: where two of
// them share something, no lock is needed.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <mini_redis/channel.hpp>
#include <mini_redis/client.hpp>
#include <mini_redis/oneshot.hpp>
#include <mini_redis/version.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flags.hpp"

namespace {

using mini_redis::channel;
using mini_redis::client;
using mini_redis::make_oneshot;
using mini_redis::oneshot_sender;
using mini_redis::use_tuple;
using std::chrono::steady_clock;

struct settings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 6379;
    std::size_t tasks = 20;
    std::size_t requests = 100;
    std::size_t connections = 2;
};

/// What comes back for a job: the value that GET found, or what went wrong.
struct answer {
    std::optional<std::string> value;
    std::string error;
};

/// What a task wants to be done: SET if there is a value, otherwise GET.
struct job {
    std::string key;
    std::optional<std::string> value;
    oneshot_sender<answer> reply_to;
};

/// What all tasks together have seen.
struct totals {
    std::vector<steady_clock::duration> latencies;
    std::size_t failed = 0;
};

// --- the manager, which owns the connections ---

/// Does one job. Whatever happens is an answer, so nothing is thrown.
asio::awaitable<void> perform(client& server, job work) {
    answer result;
    try {
        if (work.value)
            co_await server.set(work.key, *work.value);
        else
            result.value = co_await server.get(work.key);
    } catch (const std::exception& error) {
        result.error = error.what();
    }
    work.reply_to.send(std::move(result));
}

/// Takes jobs until the channel is closed, and deals them out to the pool in turn. It does not wait
/// for their answers: calls that are under way at once travel together (pipelining).
asio::awaitable<void> manage(channel<job>& jobs, std::vector<client> pool) {
    const auto executor = co_await asio::this_coro::executor;
    for (std::size_t turn = 0;; ++turn) {
        auto [closed, work] = co_await jobs.async_receive(use_tuple);
        if (closed) co_return; // the tasks have all their answers: nothing is under way
        client& next = pool[turn % pool.size()];
        asio::co_spawn(executor, perform(next, std::move(work)),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
    }
}

// --- the tasks ---

/// Hands a job to the manager, and waits for its answer.
asio::awaitable<answer> ask(channel<job>& jobs, std::string key, std::optional<std::string> value) {
    auto [sender, receiver] = make_oneshot<answer>(co_await asio::this_coro::executor);
    job work;
    work.key = std::move(key);
    work.value = std::move(value);
    work.reply_to = std::move(sender);
    co_await jobs.async_send(std::error_code{}, std::move(work), asio::use_awaitable);
    co_return co_await receiver.receive();
}

/// Sets a key and gets it again, as often as it is told, and prints what it did.
asio::awaitable<void> run_task(std::size_t number, std::size_t requests, channel<job>& jobs,
                               totals& all) {
    std::size_t sets = 0;
    std::size_t gets = 0;
    steady_clock::duration sum{};
    std::string problem;
    for (std::size_t i = 0; i < requests && problem.empty(); ++i) {
        const bool is_set = i % 2 == 0;
        const std::string key = fmt::format("task:{}:{}", number, i / 2);
        const std::string value = fmt::format("value {} of task {}", i / 2, number);

        std::optional<std::string> to_set;
        if (is_set) to_set = value;
        const auto begin = steady_clock::now();
        const answer got = co_await ask(jobs, key, std::move(to_set));
        const auto latency = steady_clock::now() - begin;

        ++(is_set ? sets : gets);
        sum += latency;
        all.latencies.push_back(latency);
        if (!got.error.empty())
            problem = got.error;
        else if (!is_set && got.value != value)
            problem = fmt::format("GET {} gave {} instead of '{}'", key,
                                  got.value.value_or("nothing"), value);
    }
    const double mean = std::chrono::duration<double, std::milli>(sum).count() /
                        static_cast<double>(std::max<std::size_t>(sets + gets, 1));
    fmt::print("task {:>4}: {} SET, {} GET, mean {:.3f} ms, {}\n", number, sets, gets, mean,
               problem.empty() ? "every value as it was set" : problem);
    if (!problem.empty()) ++all.failed;
}

// --- the whole ---

/// Connects first, so that a server that is not there is noticed before anything starts.
asio::awaitable<void> run_demo(const settings& chosen, channel<job>& jobs, totals& all,
                               steady_clock::time_point& begin) {
    const auto executor = co_await asio::this_coro::executor;
    const bool is_v6 = chosen.host.find(':') != std::string::npos;
    const std::string address =
        fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), chosen.host, chosen.port);
    std::vector<client> pool;
    while (pool.size() < chosen.connections)
        pool.push_back(co_await client::connect(address));

    begin = steady_clock::now();
    std::size_t running = chosen.tasks;
    for (std::size_t number = 0; number < chosen.tasks; ++number) {
        asio::co_spawn(executor, run_task(number, chosen.requests, jobs, all),
                       [&jobs, &running](const std::exception_ptr& thrown) {
                           if (--running == 0) jobs.close(); // the last one lets the manager go
                           if (thrown) std::rethrow_exception(thrown);
                       });
    }
    co_await manage(jobs, std::move(pool)); // until the last task has closed the channel
}

void print_summary(totals& all, steady_clock::duration took) {
    if (all.latencies.empty()) return;
    std::sort(all.latencies.begin(), all.latencies.end());
    const auto percentile = [&](std::size_t percent) {
        const std::size_t index = (all.latencies.size() - 1) * percent / 100;
        return std::chrono::duration<double, std::milli>(all.latencies[index]).count();
    };
    const double seconds = std::chrono::duration<double>(took).count();
    const auto count = static_cast<double>(all.latencies.size());
    fmt::print("{} requests in {:.3f} s: {:.0f}/s\n", all.latencies.size(), seconds,
               count / seconds);
    fmt::print(
        "latency, with the wait for the channel: p50 {:.3f} ms, p99 {:.3f} ms, longest {:.3f} ms\n",
        percentile(50), percentile(99), percentile(100));
}

} // namespace

int main(int argc, char** argv) {
    try {
        settings chosen;
        flags known{"mini-redis-client",
                    "many tasks that share a few connections to a Redis server"};
        known.add("host", chosen.host, "name or address of the server");
        known.add("port", chosen.port, 1, 65535, "its TCP port");
        known.add("tasks", chosen.tasks, 1, 100'000, "coroutines that send commands");
        known.add("requests", chosen.requests, 1, 10'000'000,
                  "commands of each task, SET and GET in turn");
        known.add("connections", chosen.connections, 1, 1'000, "connections that they share");
        if (!known.parse(argc, argv, mini_redis::version)) return EXIT_SUCCESS;

        asio::io_context context{1};
        channel<job> jobs{context.get_executor(), 32};
        totals all;
        steady_clock::time_point begin;
        asio::co_spawn(context, run_demo(chosen, jobs, all, begin),
                       [](const std::exception_ptr& thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                       });
        context.run(); // what a coroutine throws comes out here
        print_summary(all, steady_clock::now() - begin);
        return all.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception& error) {
        fmt::print(stderr, "mini-redis-client: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
