#include "async/gate.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>

#include "support/catch.hpp"

using namespace mini_redis;

namespace {

asio::awaitable<void> wait_until_drained(gate& work, bool& drained) {
    co_await work.drained();
    drained = true;
}

void start(asio::io_context& context, asio::awaitable<void> coroutine) {
    asio::co_spawn(context, std::move(coroutine), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
}

} // namespace

TEST_CASE("a gate lets in until it is closed, and is drained when the last has left") {
    asio::io_context context{1};
    gate work{context.get_executor()};
    std::optional<gate::pass> first = work.enter();
    std::optional<gate::pass> second = work.enter();
    REQUIRE(first);
    REQUIRE(second);
    CHECK(work.inside() == 2);

    bool drained = false;
    bool also_drained = false;
    start(context, wait_until_drained(work, drained));
    start(context, wait_until_drained(work, also_drained));
    first.reset();
    first = work.enter(); // not closed yet
    work.close();
    CHECK(work.is_closed());
    CHECK_FALSE(work.enter());
    context.poll();
    CHECK_FALSE(drained);

    gate::pass moved = *std::move(first);
    first.reset();
    second.reset();
    CHECK(work.inside() == 1);
    context.poll();
    CHECK_FALSE(drained);
    std::optional<gate::pass> last{std::move(moved)};
    last.reset();
    CHECK(work.inside() == 0);
    context.run();
    CHECK(drained);
    CHECK(also_drained);
}

TEST_CASE("an empty gate is drained as soon as it is closed") {
    asio::io_context context{1};
    gate work{context.get_executor()};
    bool drained = false;
    start(context, wait_until_drained(work, drained));
    context.poll();
    CHECK_FALSE(drained);
    work.close();
    work.close();
    context.run();
    CHECK(drained);
    // And stays so, for whoever comes later.
    drained = false;
    start(context, wait_until_drained(work, drained));
    context.restart();
    context.run();
    CHECK(drained);
}

TEST_CASE("waiting at a gate can be cancelled") {
    asio::io_context context{1};
    gate work{context.get_executor()};
    const std::optional<gate::pass> inside = work.enter();
    work.close();
    asio::cancellation_signal cancel;
    std::error_code error;
    asio::co_spawn(
        context, work.drained(),
        asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr& thrown) {
            try {
                if (thrown) std::rethrow_exception(thrown);
            } catch (const std::system_error& failure) {
                error = failure.code();
            }
        }));
    context.poll();
    cancel.emit(asio::cancellation_type::terminal);
    context.run();
    CHECK(error == asio::error::operation_aborted);
    CHECK(work.inside() == 1);
}
