#include <asio/basic_waitable_timer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <mini_redis/server.hpp>
#include <utility>

#include "server/core.hpp"

namespace mini_redis {
namespace {

// Ends when the server has; cancelling it stops the server. All of it runs on the strand.
asio::awaitable<void> until_stopped(core& parts, asio::strand<asio::any_io_executor> strand) {
    // The timer never fires: the server's last thread cancels it. It is the coroutine's own, so
    // that nothing is left to post to when the coroutine is destroyed before.
    struct ending {
        asio::steady_timer timer;
        bool is_over = false;
    };

    const auto end = std::make_shared<ending>(
        ending{asio::steady_timer{strand, asio::steady_timer::time_point::max()}});
    parts.when_stopped([weak = std::weak_ptr{end}] {
        const std::shared_ptr<ending> alive = weak.lock();
        if (!alive) return;
        asio::post(alive->timer.get_executor(), [alive] {
            alive->is_over = true;
            alive->timer.cancel();
        });
    });
    // Cancelled from outside: the end in order still takes its time.
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!end->is_over) {
        co_await end->timer.async_wait(use_tuple);
        if (end->is_over) break;
        parts.request_stop();
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
}

} // namespace

class server::implementation {
public:
    explicit implementation(const server_options& options) : parts{options} {}

    core parts;
};

server::server(server_options options)
    : implementation_{std::make_unique<implementation>(options)} {}

server::~server() = default;

void server::start() {
    implementation_->parts.start();
}

void server::stop() {
    request_stop();
    wait();
}

void server::request_stop() {
    implementation_->parts.request_stop();
}

void server::wait() {
    implementation_->parts.wait();
}

asio::awaitable<void> server::run() {
    // On a strand, because the executor may have many threads, and the end must not come between
    // looking whether it has and waiting for it.
    const auto strand = asio::make_strand(co_await asio::this_coro::executor);
    start();
    co_await asio::co_spawn(strand, until_stopped(implementation_->parts, strand),
                            asio::use_awaitable);
    wait();
}

std::uint16_t server::port() const {
    return implementation_->parts.port();
}

keyspace& server::keys() noexcept {
    return implementation_->parts.keys();
}

} // namespace mini_redis
