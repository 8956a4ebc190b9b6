#include "server/worker.hpp"

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "commands/settings.hpp"
#include "server/core.hpp"
#include "server/session.hpp"
#include "server/session_message.hpp"

namespace mini_redis {
namespace {

thread_local worker* running_here = nullptr;

} // namespace

// UNSAFE_IO: a worker's sockets are touched by its own thread only, so that the reactor need not
// lock them; posting from other threads stays safe.
worker::worker(core& server)
    : server_{&server},
      io_{ASIO_CONCURRENCY_HINT_UNSAFE_IO},
      work_{asio::make_work_guard(io_)},
      executor_{server.keys().store(), server.time(), server, count_},
      room_{std::make_unique<workroom>()},
      every_second_{io_},
      retry_{io_} {
    strict_limits_.authenticated = false;
}

worker::~worker() {
    join();
}

void worker::start(std::function<void()> ended) {
    asio::co_spawn(io_, every_second(), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure); // a bug: nothing in it throws
    });
    thread_ = std::thread{[this, ended = std::move(ended)] {
        sharded_store::let_this_thread_give_way();
        running_here = this;
        io_.run();
        ended();
    }};
}

worker* worker::of_this_thread() noexcept {
    return running_here;
}

void worker::join() {
    if (thread_.joinable()) thread_.join();
}

void worker::begin_stop() {
    asio::post(io_, [this] {
        stopping_ = true;
        work_.reset();
        every_second_.cancel();
        for (session* one : std::vector{sessions_})
            one->finish();
    });
}

void worker::cut() {
    asio::post(io_, [this] {
        cutting_ = true;
        for (session* one : std::vector{sessions_})
            one->cut();
    });
}

void worker::adopt(asio::ip::tcp::socket::native_handle_type descriptor, asio::ip::tcp protocol,
                   std::uint64_t id) {
    asio::post(io_, [this, descriptor, protocol, id] {
        std::error_code error;
        tcp_socket socket{io_};
        socket.assign(protocol, descriptor, error);
        if (error) ::close(descriptor); // nobody else owns it
        if (!error) socket.non_blocking(true, error);
        if (error || cutting_) {
            if (error) spdlog::warn("cannot take over a connection: {}", error.message());
            server_->leave();
            return;
        }
        socket.set_option(asio::ip::tcp::no_delay{true}, error);
        server_->configure(socket);
        const auto one = std::make_shared<session>(*this, std::move(socket), id);
        one->enter();
        if (stopping_) one->finish();
        asio::co_spawn(io_, one->run(), [one](const std::exception_ptr& failure) {
            try {
                if (failure) std::rethrow_exception(failure);
            } catch (const std::exception&
                         e) { // out of memory, say: this connection ends, the others go on
                spdlog::error("client {}: {}", one->id, e.what());
                one->cut();
            }
            one->leave();
        });
    });
}

void worker::deliver(std::shared_ptr<const session_message> message,
                     std::vector<std::shared_ptr<session>> to) {
    const std::lock_guard lock{mailbox_mutex_};
    mailbox_.push_back({std::move(message), std::move(to)});
    if (mailbox_scheduled_) return;
    mailbox_scheduled_ = true;
    asio::post(io_, [this] { empty_mailbox(); });
}

void worker::empty_mailbox() {
    std::vector<delivery> arrived;
    {
        const std::lock_guard lock{mailbox_mutex_};
        arrived.swap(mailbox_);
        mailbox_scheduled_ = false;
    }
    const auto for_each = [&](auto action) {
        for (const delivery& each : arrived) {
            for (const std::shared_ptr<session>& one : each.to) {
                try {
                    action(*one, *each.message);
                } catch (const std::bad_alloc&) { // this connection ends, the others go on
                    spdlog::error("client {}: no memory for its messages", one->id);
                    one->cut();
                }
            }
        }
    };
    for_each([](session& one, const session_message& message) { one.take(message); });
    for_each([](session& one, const session_message&) { one.flush_pushes(); });
}

void worker::serve_others() noexcept {
    // The session in whose command this is keeps its buffers to itself.
    std::unique_ptr<workroom> busy = std::exchange(room_, std::make_unique<workroom>());
    io_.poll();
    room_ = std::move(busy);
}

void worker::when_unlocked(std::function<void()> action) {
    try {
        action();
    } catch (const server_busy&) {
        postponed_.push_back(std::move(action));
        if (postponed_.size() == 1) try_postponed();
    }
}

void worker::try_postponed() {
    retry_.expires_after(std::chrono::milliseconds{10});
    retry_.async_wait([this](std::error_code) {
        std::vector<std::function<void()>> again = std::exchange(postponed_, {});
        for (std::function<void()>& each : again)
            when_unlocked(std::move(each));
    });
}

void worker::tick() noexcept {
    executor_.tick();
    limits_.bulk_size = server_->configuration().max_bulk_bytes.load(std::memory_order_relaxed);
}

void worker::resume_sessions() {
    asio::post(io_, [this] {
        for (session* one : std::vector{sessions_})
            one->resume();
    });
}

void worker::session_begins(session& one) {
    one.place_in_worker = sessions_.size();
    sessions_.push_back(&one);
    sessions_now_.store(sessions_.size(), std::memory_order_relaxed);
}

void worker::session_ends(session& one) {
    sessions_[one.place_in_worker] = sessions_.back();
    sessions_[one.place_in_worker]->place_in_worker = one.place_in_worker;
    sessions_.pop_back();
    sessions_now_.store(sessions_.size(), std::memory_order_relaxed);
}

void worker::note_cpu_time() noexcept {
#ifdef RUSAGE_THREAD
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    const auto microseconds = [](const timeval& time) {
        return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
    };
    system_us_.store(microseconds(used.ru_stime), std::memory_order_relaxed);
    user_us_.store(microseconds(used.ru_utime), std::memory_order_relaxed);
#endif
}

task<void> worker::every_second() {
    while (!stopping_) {
        note_cpu_time();
        coarse_seconds_ = server_->uptime_seconds();
        const std::int64_t timeout =
            server_->configuration().idle_timeout_seconds.load(std::memory_order_relaxed);
        for (session* one : std::vector{sessions_}) { // a copy: who is cut leaves the list
            if (one->check_output_limit() || one->subscriptions() != 0 || one->monitoring) continue;
            if (timeout > 0 && !one->parked &&
                !one->is_paused() && // who is blocked may be idle, as in Redis
                coarse_seconds_ - one->shown().last_active() > static_cast<std::uint64_t>(timeout))
                one->cut();
        }
        every_second_.expires_after(std::chrono::seconds{1});
        co_await every_second_.async_wait(io_tuple);
    }
}

} // namespace mini_redis
