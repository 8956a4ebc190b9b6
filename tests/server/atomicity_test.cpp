// What other connections see of one step: transfers between keys in transactions, with and without
// WATCH, and histories of a single key that must be those of one register.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <spdlog/spdlog.h>
#include <string>
#include <thread>
#include <vector>

#include "server/support.hpp"
#include "support/random.hpp"

using namespace mini_redis::test;

namespace {

const bool quiet = (spdlog::set_level(spdlog::level::off), true);

constexpr int accounts = 8;
constexpr int initial = 100;

std::string account(std::size_t number) {
    return "account:" + std::to_string(number);
}

int sum(const wire_value& reply) {
    int total = 0;
    for (const wire_value& each : reply.elements)
        total += std::stoi(each.text);
    return total;
}

std::vector<std::string> read_all() {
    std::vector<std::string> request{"MGET"};
    for (std::size_t i = 0; i < accounts; ++i)
        request.push_back(account(i));
    return request;
}

void open_accounts(raw_connection& connection) {
    for (std::size_t i = 0; i < accounts; ++i)
        connection.command({"SET", account(i), std::to_string(initial)});
}

/// One operation on a register, from when it was asked for to when its answer came.
struct operation {
    std::chrono::steady_clock::time_point begin;
    std::chrono::steady_clock::time_point end;
    int written = 0; ///< 0: it was a read
    int seen = 0;    ///< what stood there (before, if it wrote)
};

} // namespace

TEST_CASE("a transfer in a transaction is seen whole or not at all") {
    running_server redis{small(4)};
    raw_connection main = redis.connect();
    open_accounts(main);
    std::atomic<bool> done{false};
    std::atomic<int> torn{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&, i] {
            raw_connection connection = redis.connect();
            random_source random{static_cast<std::uint64_t>(i) + 1};
            for (int n = 0; n < 300; ++n) {
                const std::string from = account(random.below(accounts));
                const std::string to = account(random.below(accounts));
                connection.send(encode_request({"MULTI"}) + encode_request({"DECR", from}) +
                                encode_request({"INCR", to}) + encode_request({"EXEC"}));
                connection.read_replies(4);
            }
        });
    for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
            raw_connection connection = redis.connect();
            while (!done)
                torn += sum(connection.command(read_all())) != accounts * initial;
        });
    for (int i = 0; i < 3; ++i)
        threads[static_cast<std::size_t>(i)].join();
    done = true;
    threads[3].join();
    threads[4].join();
    CHECK(torn == 0);
    CHECK(sum(main.command(read_all())) == accounts * initial);
}

TEST_CASE("with WATCH no update is lost") {
    running_server redis{small(4)};
    raw_connection main = redis.connect();
    open_accounts(main);
    constexpr int threads_count = 4;
    constexpr int transfers = 100;
    std::vector<std::thread> threads;
    std::atomic<int> retried{0};
    for (int i = 0; i < threads_count; ++i)
        threads.emplace_back([&, i] {
            raw_connection connection = redis.connect();
            random_source random{static_cast<std::uint64_t>(i) + 1};
            for (int n = 0; n < transfers;) {
                const std::string from = account(random.below(2));
                const std::string to = account(2 + random.below(2));
                connection.command({"WATCH", from, to});
                const wire_value now = connection.command({"MGET", from, to});
                connection.command({"MULTI"});
                connection.command(
                    {"SET", from, std::to_string(std::stoi(now.elements[0].text) - 1)});
                connection.command(
                    {"SET", to, std::to_string(std::stoi(now.elements[1].text) + 1)});
                const bool made = !connection.command({"EXEC"}).null;
                n += made;
                retried += !made;
            }
        });
    for (std::thread& each : threads)
        each.join();
    CHECK(sum(main.command(read_all())) == accounts * initial);
    int moved = 0;
    const wire_value now = main.command(read_all());
    for (std::size_t i = 2; i < 4; ++i)
        moved += std::stoi(now.elements[i].text) - initial;
    CHECK(moved == threads_count * transfers);
}

// Every write replaces the value and tells what stood there (GETSET), and writes are unique; so the
// order of the writes is the chain of what they replaced. It is linearizable if no operation saw a
// value that was replaced before it began, or that was written after it had ended.
TEST_CASE("the history of a single key is linearizable") {
    running_server redis{small(4)};
    raw_connection main = redis.connect();
    main.command({"SET", "register", "0"});
    std::mutex mutex;
    std::vector<operation> history;
    std::vector<std::thread> threads;
    constexpr int clients = 6;
    constexpr int operations = 400;
    for (int i = 0; i < clients; ++i)
        threads.emplace_back([&, i] {
            raw_connection connection = redis.connect();
            std::vector<operation> mine;
            for (int n = 0; n < operations; ++n) {
                operation one;
                one.written = i % 2 == 0 ? i * operations + n + 1 : 0;
                one.begin = std::chrono::steady_clock::now();
                const wire_value reply =
                    one.written != 0
                        ? connection.command({"GETSET", "register", std::to_string(one.written)})
                        : connection.command({"GET", "register"});
                one.end = std::chrono::steady_clock::now();
                one.seen = std::stoi(reply.text);
                mine.push_back(one);
            }
            const std::lock_guard lock{mutex};
            history.insert(history.end(), mine.begin(), mine.end());
        });
    for (std::thread& each : threads)
        each.join();

    const int values = clients * operations + 1;
    std::vector<const operation*> writer(static_cast<std::size_t>(values), nullptr);
    std::vector<const operation*> replacer(static_cast<std::size_t>(values), nullptr);
    int wrong = 0;
    for (const operation& each : history) {
        if (each.written == 0) continue;
        writer[static_cast<std::size_t>(each.written)] = &each;
        wrong += std::exchange(replacer[static_cast<std::size_t>(each.seen)], &each) != nullptr;
    }
    std::size_t chain = 0;
    for (int at = 0; replacer[static_cast<std::size_t>(at)] != nullptr; ++chain)
        at = replacer[static_cast<std::size_t>(at)]->written;
    CHECK(chain == clients / 2 * operations);
    for (const operation& each : history) {
        const auto seen = static_cast<std::size_t>(each.seen);
        if (seen != 0) wrong += writer[seen] == nullptr || writer[seen]->begin > each.end;
        if (each.written == 0 && replacer[seen] != nullptr)
            wrong += replacer[seen]->end < each.begin;
    }
    CHECK(wrong == 0);
}
