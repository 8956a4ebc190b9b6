// The list at a key against a std::deque that does the same: random operations, from nothing over
// the packed form to many chunks and back, with elements of one length, of several, and of none.
#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mini_redis/clock.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "store/list_value.hpp"
#include "store/sharded_store.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using mini_redis::test::random_seed;
using mini_redis::test::random_source;

namespace {

using model = std::deque<std::string>;

class list_test {
public:
    explicit list_test(std::uint64_t seed) : random_{seed} {}

    void run(std::size_t steps, std::size_t elements, int kind) {
        kind_ = kind;
        for (std::size_t i = 0; i < steps; ++i) {
            step(elements);
            compare(random_.one_in(16) || model_.size() < 20);
        }
        while (!model_.empty()) {
            pop();
            compare(random_.one_in(16));
        }
    }

private:
    std::string element() {
        switch (kind_) {
        case 0: return random_.text(16, "ab");
        case 1: return random_.text(random_.below(5), "ab1");
        case 2: return random_.text(random_.below(300), "ab");
        case 3: return random_.text(random_.one_in(50) ? random_.below(20'000) : 3, "ab");
        default: return std::to_string(random_.bits() >> random_.below(64));
        }
    }

    list_end end() { return random_.one_in(2) ? list_end::head : list_end::tail; }

    located found() { return db_.find(key_); }

    void step(std::size_t elements) {
        const bool growing = model_.size() < elements;
        if (model_.empty() || random_.below(10) < (growing ? 6U : 3U)) return push();
        switch (random_.below(8)) {
        case 0: return set();
        case 1: return insert();
        case 2: return remove();
        case 3: return keep();
        case 4: return rotate();
        case 5: return cloned();
        default: return pop();
        }
    }

    void push() {
        std::vector<std::string> texts(1 + random_.below(random_.one_in(20) ? 300 : 3));
        std::vector<std::string_view> views;
        const list_end where = end();
        for (std::string& each : texts) {
            each = element();
            if (where == list_end::head)
                model_.push_front(each);
            else
                model_.push_back(each);
            views.push_back(each);
        }
        list_editor{db_, key_, found()}.push(where, views);
    }

    void pop() {
        if (random_.one_in(2)) return pop_one();
        const std::size_t most = random_.one_in(20) ? 400 : 3;
        const std::size_t count = std::min(1 + random_.below(most), model_.size());
        const list_end where = end();
        const auto n = static_cast<std::ptrdiff_t>(count);
        if (where == list_end::head)
            model_.erase(model_.begin(), model_.begin() + n);
        else
            model_.erase(model_.end() - n, model_.end());
        CHECK(list_editor{db_, key_, found()}.drop(where, count) == model_.empty());
    }

    void pop_one() {
        const list_end where = end();
        const std::string_view text = list_view{*found()}.at(where);
        CHECK(text == (where == list_end::head ? model_.front() : model_.back()));
        if (where == list_end::head)
            model_.pop_front();
        else
            model_.pop_back();
        CHECK(list_editor{db_, key_, found()}.pop(where, text) == model_.empty());
    }

    void set() {
        const std::size_t at = random_.below(model_.size());
        model_[at] = element();
        list_editor{db_, key_, found()}.set(at, model_[at]);
    }

    void insert() {
        const std::size_t at = random_.below(model_.size());
        const std::string text = element();
        model_.insert(model_.begin() + static_cast<std::ptrdiff_t>(at), text);
        list_editor{db_, key_, found()}.insert(at, text);
    }

    void remove() {
        const std::string text = model_[random_.below(model_.size())];
        const std::size_t most = random_.one_in(4) ? model_.size() : 1 + random_.below(3);
        const list_end from = end();
        std::size_t removed = 0;
        const auto goes = [&](const std::string& each) {
            return removed < most && each == text && ++removed != 0;
        };
        if (from == list_end::head)
            std::erase_if(model_, goes);
        else
            model_.erase(model_.begin(),
                         std::remove_if(model_.rbegin(), model_.rend(), goes).base());
        CHECK(list_editor{db_, key_, found()}.remove(from, most, text) == removed);
    }

    void keep() {
        if (!random_.one_in(10)) return;
        const std::size_t first = random_.below(model_.size());
        const std::size_t count = random_.below(model_.size() - first + 1);
        model_.erase(model_.begin() + static_cast<std::ptrdiff_t>(first + count), model_.end());
        model_.erase(model_.begin(), model_.begin() + static_cast<std::ptrdiff_t>(first));
        CHECK(list_editor{db_, key_, found()}.keep(first, count) == model_.empty());
    }

    void rotate() {
        const list_end from = end();
        const list_end to = end();
        const std::string moved = from == list_end::head ? model_.front() : model_.back();
        if (from == list_end::head)
            model_.pop_front();
        else
            model_.pop_back();
        if (to == list_end::head)
            model_.push_front(moved);
        else
            model_.push_back(moved);
        list_editor{db_, key_, found()}.rotate(from, to, moved);
    }

    void cloned() {
        if (!random_.one_in(10)) return;
        const located at = found();
        db_.put(key_, at, entry::clone(*at, key_.name, at->expiry()));
    }

    void compare(bool wholly) {
        const located at = found();
        REQUIRE(bool{at} == !model_.empty());
        if (!at) return;
        const list_view list{*at};
        REQUIRE(list.size() == model_.size());
        for (int i = 0; i < 3; ++i) {
            const std::size_t index = random_.below(model_.size());
            REQUIRE(list.at(index) == model_[index]);
        }
        const std::size_t first = random_.below(model_.size());
        const std::size_t count = random_.below(model_.size() - first + 1);
        if (wholly) {
            std::size_t index = first;
            list.for_each(first, count,
                          [&](std::string_view each) { REQUIRE(each == model_[index++]); });
            REQUIRE(index == first + count);
            index = 0;
            list.walk(list_end::head,
                      [&](std::string_view each) { return each == model_[index++]; });
            REQUIRE(index == model_.size());
            list.walk(list_end::tail,
                      [&](std::string_view each) { return each == model_[--index]; });
            REQUIRE(index == 0);
        }
        check_quicklist(list);
    }

    // Between half the limit and the limit it depends on what the list was; and what many elements
    // pushed at once need besides their bytes is not looked at.
    void check_quicklist(const list_view& list) {
        std::size_t size = empty_listpack_size;
        for (const std::string& each : model_)
            size += listpack_size_of(each);
        if (size > 8192 + 2 * 300) REQUIRE(list.is_quicklist());
        if (size <= 4096 && shrunk(size)) REQUIRE_FALSE(list.is_quicklist());
        last_size_ = size;
    }

    // Growing by elements that need less in a listpack than their bytes, it may be a quicklist.
    bool shrunk(std::size_t size) const { return size < last_size_; }

    random_source random_;
    int kind_ = 0;
    manual_clock clock_;
    request_time time_{clock_};
    sharded_store store_{4, 1};
    database db_{store_, 0, time_};
    hashed_key key_{"list"};
    model model_;
    std::size_t last_size_ = 0;
};

} // namespace

TEST_CASE("A list does what a deque does") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    for (int kind = 0; kind < 5; ++kind) {
        INFO("kind " << kind);
        for (const std::size_t elements : {10U, 150U, 600U, 5000U}) {
            list_test test{seed + elements};
            test.run(3000, elements, kind);
        }
    }
}

TEST_CASE("A listpack's size is that of Redis") {
    CHECK(listpack_size_of(std::string_view{""}) == 2);
    CHECK(listpack_size_of(std::string_view{"127"}) == 2);
    CHECK(listpack_size_of(std::string_view{"128"}) == 3);
    CHECK(listpack_size_of(std::string_view{"-4096"}) == 3);
    CHECK(listpack_size_of(std::string_view{"4096"}) == 4);
    CHECK(listpack_size_of(std::string_view{"32768"}) == 5);
    CHECK(listpack_size_of(std::string_view{"8388608"}) == 6);
    CHECK(listpack_size_of(std::string_view{"2147483648"}) == 10);
    CHECK(listpack_size_of(std::string_view{"9223372036854775808"}) == 21);
    CHECK(listpack_size_of(std::string_view{"012"}) == 5);
    CHECK(listpack_size_of(std::string(63, 'x')) == 65);
    CHECK(listpack_size_of(std::string(64, 'x')) == 67);
    CHECK(listpack_size_of(std::string(125, 'x')) == 128);
    CHECK(listpack_size_of(std::string(126, 'x')) == 130);
    CHECK(listpack_size_of(std::string(4096, 'x')) == 4103);
}
