// What a call costs the client: calls per second, processor time and allocations.
//
//   client_bench [host:port] [calls]          default: 127.0.0.1:6379 400000
//
// One line a mode: how many coroutines share one connection, each with one GET of a 32-byte value
// under way. Look at the processor time: on a machine that the server shares, calls per second are
// the server's as much as ours.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mini_redis/client.hpp>
#include <string>
#include <sys/resource.h>

namespace {

std::atomic<std::uint64_t> allocations{0};

} // namespace

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Asio allocates with aligned_alloc, the library with new, which is malloc: so all are counted
// here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}
}
#endif

namespace {

using mini_redis::client;

asio::awaitable<void> get_often(client& c, long times) {
    for (long i = 0; i < times; ++i)
        co_await c.get("bench:key");
}

double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

asio::awaitable<void> prepare(client& c, std::string address) {
    c = co_await client::connect(address);
    co_await c.set("bench:key", "a value of thirty-two characters");
}

void measure(asio::io_context& context, client& c, long coroutines, long calls) {
    long running = coroutines;
    for (long i = 0; i < coroutines; ++i) {
        asio::co_spawn(context, get_often(c, calls / coroutines),
                       [&running](const std::exception_ptr& thrown) {
                           --running;
                           rethrow(thrown);
                       });
    }
    const std::uint64_t allocations_before = allocations;
    const double processor_before = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    while (running > 0)
        context.run_one();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const double processor = processor_seconds() - processor_before;
    const auto made = static_cast<double>(calls / coroutines * coroutines);
    std::printf("%5ld at once: %9.0f calls/s, %7.0f ns of processor time a call, %5.2f allocations "
                "a call\n",
                coroutines, made / took.count(), processor * 1e9 / made,
                static_cast<double>(allocations - allocations_before) / made);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const long calls = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 400'000;
        asio::io_context context{1};
        client c;
        asio::co_spawn(context, prepare(c, argc > 1 ? argv[1] : "127.0.0.1:6379"), rethrow);
        while (!c.is_open())
            context.run_one();
        measure(context, c, 1, calls / 10);
        for (const long coroutines : {10L, 100L, 1000L})
            measure(context, c, coroutines, calls);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "client_bench: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
