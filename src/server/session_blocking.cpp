// A session that has to wait: because clients are paused (wait_while_paused()), or because its
// command is blocked: then the request loop waits in wait_while_blocked() for whatever comes first:
// an element, the end of the time, CLIENT UNBLOCK, or the end of the connection.
//
// Whoever sets `finished` in the parked call, under its mutex, decides which it was. The others
// find it set and do nothing. The call is served on whichever thread brings the element, and the
// session's own thread is told by a posted task.
#include <algorithm>
#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "commands/diagnostics.hpp"
#include "commands/parked_call.hpp"
#include "resp/reply_writer.hpp"
#include "server/core.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace mini_redis {
namespace {

// A timer cannot take more: its nanoseconds would overflow. Who waits longer waits this long.
constexpr std::chrono::milliseconds longest_wait = std::chrono::hours{24 * 365 * 100};

} // namespace

std::function<void()> session::waker() {
    return [self = weak_from_this(), home = home_] {
        asio::post(home->io(), [self] {
            if (const auto alive = self.lock()) alive->unblock();
        });
    };
}

// True when the command has got its reply; false when the peer has left. What it sends meanwhile is
// kept in input_.
task<bool> session::wait_while_blocked() {
    if (finishing_) co_return false;
    if (!parked) co_return true; // it was served while earlier replies went out
    const std::optional<std::int64_t> until_ms = parked->how.until_ms;
    timer deadline{home_->io()};
    if (until_ms) {
        const std::chrono::milliseconds left{*until_ms - home_->server().time().now_ms()};
        deadline.expires_after(std::clamp(left, std::chrono::milliseconds{0}, longest_wait));
        deadline.async_wait([self = shared_from_this(), call = parked](std::error_code error) {
            if (!error) self->time_out(call);
        });
    }
    bool stays = true;
    while (parked && stays)
        stays = co_await receive_while_waiting();
    if (parked)
        end_wait();
    else if (socket_.is_open() && !finishing_)
        co_return true;
    co_return false;
}

// Reads what the peer sends while it has to wait; false when it leaves. Ends also when the wait
// does (whoever ends that cancels), having read nothing.
task<bool> session::receive_while_waiting() {
    if (finishing_) co_return false;
    waiting_for_input_ = true;
    co_await socket_.async_wait(tcp_socket::wait_read, io_tuple);
    waiting_for_input_ = false;
    if (!socket_.is_open() || finishing_) co_return false;
    if (!parked && !paused_ && unsent_.empty()) co_return true;
    std::error_code error;
    char* const end = input_.prepare(input_step);
    const std::size_t got =
        socket_.read_some(asio::buffer(end, std::min(input_.room(), input_step)), error);
    input_.commit(got);
    shown_.set_input(input_);
    home_->count().bytes_in.add(got);
    if (error && error != asio::error::would_block && error != asio::error::try_again)
        co_return false;
    co_return !is_over_input_limit();
}

// Ends the wait of receive_while_waiting().
void session::stop_reading() {
    std::error_code ignored;
    if (waiting_for_input_ && socket_.is_open()) socket_.cancel(ignored);
}

// True when the request that was held back may be tried again; false when the peer has left.
task<bool> session::wait_while_paused() {
    const client_pause::state pause =
        home_->server().notes().pause.at(home_->server().time().now_ms());
    if (pause.kind == pause_kind::none) co_return !finishing_;
    timer deadline{home_->io()};
    const std::chrono::milliseconds left{pause.until_ms - home_->server().time().now_ms()};
    deadline.expires_after(std::clamp(left, std::chrono::milliseconds{1}, longest_wait));
    deadline.async_wait([self = shared_from_this()](std::error_code error) {
        if (!error) self->resume();
    });
    paused_ = true;
    shown_.set_blocked(true);
    home_->server().count_blocked(true, false);
    bool stays = true;
    while (paused_ && stays)
        stays = co_await receive_while_waiting();
    paused_ = false;
    shown_.set_blocked(false);
    home_->server().count_blocked(false, false);
    co_return stays&& socket_.is_open() && !finishing_;
}

void session::resume() {
    if (!paused_ || has_left_) return;
    paused_ = false;
    stop_reading();
}

void session::time_out(const std::shared_ptr<parked_call>& call) {
    if (parked != call || !call->finish()) return; // it is being served just now
    reply_writer late{call->reply, call->client.protocol};
    write_reply(late, call->how.otherwise);
    unblock();
}

// What end_block() and request_close() find.
void session::show_parked() noexcept {
    const std::lock_guard lock{parked_mutex_};
    if (bool{parked} == bool{seen_parked_}) return;
    const parked_call& call = parked ? *parked : *seen_parked_;
    home_->server().count_blocked(bool{parked}, call.how.until_ms.has_value());
    seen_parked_ = parked;
    if (parked && close_requested()) parked->finish(); // it was killed while it executed this
    shown_.set_blocked(bool{parked});
}

bool session::end_block(bool with_error) {
    std::shared_ptr<parked_call> call;
    {
        const std::lock_guard lock{parked_mutex_};
        call = seen_parked_;
    }
    if (!call) return false;
    const std::lock_guard lock{call->mutex};
    if (std::exchange(call->finished, true)) return false;
    reply_writer reply{call->reply, call->client.protocol};
    if (with_error)
        reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    else
        write_reply(reply, call->how.otherwise);
    call->on_served();
    return true;
}

// Sends the reply of the command that was blocked, and lets run() go on.
void session::unblock() {
    if (!parked || has_left_) return;
    const std::shared_ptr<parked_call> call = std::move(parked);
    parked.reset();
    show_parked();
    home_->when_unlocked([home = home_, call] { home->commands().forget(*call); });
    home_->commands().note_served(*this, *call);
    shown_.touch(home_->coarse_seconds());
    if (replies == reply_mode::on) unsent_.append(call->reply.view());
    unsent_.append(after_reply_.view());
    after_reply_.release();
    if (replies == reply_mode::skip) replies = reply_mode::on;
    shown_.publish(*this);
    flush_pushes();
    stop_reading();
}

// The client leaves, or the server stops: nothing is taken for it any more.
void session::end_wait() {
    const std::shared_ptr<parked_call> call = std::move(parked);
    parked.reset();
    show_parked();
    call->finish();
    home_->when_unlocked([home = home_, call] { home->commands().forget(*call); });
}

} // namespace mini_redis
