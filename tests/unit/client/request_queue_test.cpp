// The queue against a model: random calls, writes of any size, withdrawals, losses.
#include "client/request_queue.hpp"

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace mini_redis;

namespace {

// What holds the calls here; nothing is started or given up through it.
class no_target final : public call_target {
public:
    no_target() : call_target{asio::any_io_executor{}} {}

    void start(pending_call*, const call_settings&, std::span<const std::string_view>) override {}

    void start(pending_call*, const call_settings&, const request_batch&) override {}

    void give_up(pending_call*, std::error_code) override {}
};

class numbered_call final : public pending_call {
public:
    numbered_call(call_target& owner, int the_number) : pending_call{owner}, number{the_number} {}

    void collect(const reply_view&) override {}

    void deliver(const reply_view&) override {}

    void fail(failure) override {}

    const int number;
};

int number_of(const pending_call* call) {
    return static_cast<const numbered_call*>(call)->number;
}

std::string request_of(int number) {
    const std::size_t size = 1 + static_cast<std::size_t>(number) * 7919 % 40;
    return std::string(size, static_cast<char>('a' + number % 26)) + ";";
}

struct model_call {
    int number;
    bool given_up = false;
};

} // namespace

TEST_CASE("the queue sends each request whole, once, and in order") {
    no_target target;
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
        request_queue queue;
        std::map<int, std::unique_ptr<numbered_call>> calls;
        std::deque<model_call> waiting; // the first perhaps written in part
        std::deque<model_call> sent;
        std::size_t written = 0; // of the first that waits
        int next = 0;

        const auto write = [&](std::size_t limit) {
            for (call_list dropped = queue.drop_withdrawn(); !dropped.empty();)
                calls.erase(number_of(dropped.pop_front()));
            const int begun = written > 0 ? waiting.front().number : -1;
            std::erase_if(waiting, [&](const model_call& call) {
                return call.given_up && call.number != begun;
            });
            const std::string_view bytes = queue.writable(limit);
            std::string expected;
            for (const model_call& call : waiting)
                expected += request_of(call.number);
            REQUIRE(expected.substr(written).starts_with(bytes));
            if (limit == static_cast<std::size_t>(-1))
                REQUIRE(bytes.size() == expected.size() - written);
            if (bytes.empty()) return;
            const std::size_t size = 1 + below(static_cast<unsigned>(bytes.size()));
            queue.written(size);
            written += size;
            while (!waiting.empty() && written >= request_of(waiting.front().number).size()) {
                written -= request_of(waiting.front().number).size();
                sent.push_back(waiting.front());
                waiting.pop_front();
            }
        };

        for (int step = 0; step < 500; ++step) {
            switch (below(8)) {
            case 0:
            case 1:
            case 2: {
                const int number = next++;
                auto& call = calls[number] = std::make_unique<numbered_call>(target, number);
                queue.add(call.get(), [&](output_buffer& out) { out.append(request_of(number)); });
                waiting.push_back({number});
                break;
            }
            case 3: write(static_cast<std::size_t>(-1)); break;
            case 4: write(below(100)); break;
            case 5: { // a reply
                if (sent.empty()) {
                    REQUIRE(queue.first_sent() == nullptr);
                    break;
                }
                REQUIRE(number_of(queue.first_sent()) == sent.front().number);
                calls.erase(number_of(queue.pop_sent()));
                sent.pop_front();
                break;
            }
            case 6: { // a caller gives up
                if (waiting.empty()) break;
                model_call& call = waiting[below(static_cast<unsigned>(waiting.size()))];
                if (call.given_up) break;
                call.given_up = true;
                numbered_call& real = *calls[call.number];
                real.given_up = true;
                const bool is_begun = written > 0 && call.number == waiting.front().number;
                REQUIRE(queue.is_begun(real) == is_begun);
                if (!is_begun) queue.withdraw(real);
                break;
            }
            case 7: { // the link is lost; every second call is to be sent again
                if (below(5) != 0) break;
                if (written > 0 && waiting.front().given_up) { // nobody wants it any more
                    sent.push_back(waiting.front());
                    waiting.pop_front();
                }
                call_list again;
                std::deque<model_call> back;
                for (call_list lost = queue.lose_sent(); !lost.empty();) {
                    pending_call* const call = lost.pop_front();
                    const int number = number_of(call);
                    REQUIRE(number == sent.front().number);
                    sent.pop_front();
                    if (number % 2 == 0 && !call->given_up) {
                        call->need_extras().request = request_of(number);
                        again.push_back(call);
                        back.push_back({number});
                    } else {
                        calls.erase(number);
                    }
                }
                REQUIRE(sent.empty());
                queue.put_back(again);
                waiting.insert(waiting.begin(), back.begin(), back.end());
                written = 0;
                break;
            }
            }
            REQUIRE(queue.empty() == (sent.empty() && waiting.empty()));
        }
        queue.take_all();
        REQUIRE(queue.empty());
    }
}

TEST_CASE("no more is outstanding than is allowed, but for a single large request") {
    no_target target;
    std::vector<std::unique_ptr<numbered_call>> calls;
    request_queue queue;
    for (int i = 0; i < 10; ++i) {
        calls.push_back(std::make_unique<numbered_call>(target, i));
        queue.add(calls.back().get(), [](output_buffer& out) { out.append("0123456789"); });
    }
    CHECK(queue.writable(35).size() == 30);
    CHECK(queue.writable(5).size() == 10);
    queue.written(25);
    CHECK(queue.writable(25).size() == 5); // what was begun is finished
    queue.written(5);
    CHECK(queue.writable(35).empty());
    queue.pop_sent();
    CHECK(queue.writable(35).size() == 10);
}
