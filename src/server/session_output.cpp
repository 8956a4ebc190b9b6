// What a session sends: replies at once, as much as the peer takes, and the rest when it takes it.
//
// unsent_ holds that rest. The request loop executes nothing more until it is gone, so that who
// does not read is not answered without end; but it takes further requests in, as many as
// client-query-buffer-limit allows: many clients write all of a pipeline before they read. Messages
// of publish/subscribe come at any time: they are appended to unsent_, and drained beside the loop;
// who leaves too many of them unread is disconnected.
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <exception>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>

#include "commands/settings.hpp"
#include "resp/reply_writer.hpp"
#include "server/core.hpp"
#include "server/hub.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace mini_redis {
namespace {

constexpr std::size_t most_unread_by_stranger = 1024;

} // namespace

void session::send_replies() {
    if (replies_ == &unsent_) {
        send_unsent();
        return;
    }
    output_buffer& out = home_->output();
    if (out.empty()) return;
    std::error_code error;
    while (!out.empty()) {
        const std::size_t sent = socket_.write_some(asio::buffer(out.data(), out.size()), error);
        if (error) break;
        home_->count().bytes_out.add(sent);
        home_->count().writes.add();
        out.consume(sent);
    }
    if (error == asio::error::would_block || error == asio::error::try_again)
        unsent_.append(out.view());
    else if (error)
        cut();
    shown_.set_output(unsent_);
    out.clear();
    if (out.capacity() > 4 * output_piece) out.release(); // one huge reply does not stay for good
}

// False when nothing more can be sent for good.
bool session::send_unsent() noexcept {
    std::error_code error;
    while (!unsent_.empty()) {
        const std::size_t sent =
            socket_.write_some(asio::buffer(unsent_.data(), unsent_.size()), error);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            shown_.set_output(unsent_);
            return true;
        }
        if (error) {
            cut();
            return false;
        }
        home_->count().bytes_out.add(sent);
        home_->count().writes.add();
        unsent_.consume(sent);
    }
    unsent_.release();
    shown_.set_output(unsent_);
    return true;
}

task<void> session::drain() {
    while (!unsent_.empty()) {
        // finish() ends this wait too, before its time: then sending finds out, and waits again.
        co_await socket_.async_wait(tcp_socket::wait_write, io_tuple);
        if (!socket_.is_open() || !send_unsent()) {
            unsent_.release();
            co_return;
        }
    }
}

// Until the peer has taken all, or is gone. For who has not said the password nothing is kept that
// is worth mentioning.
task<void> session::drain_and_read() {
    if (!authenticated) {
        if (unsent_.size() > most_unread_by_stranger) co_return cut();
        co_return co_await drain();
    }
    if (!draining_) begin_drain();
    reads_ahead_ = true;
    bool reads = true;
    while (reads && !unsent_.empty() && socket_.is_open())
        reads = co_await receive_while_waiting();
    reads_ahead_ = false;
    if (is_over_input_limit()) co_return cut();
    if (socket_.is_open()) co_await drain(); // it sends nothing more, but may still take replies
}

// -- Publish and subscribe -------------------------------------------------------------------

bool session::expect(const session_message& message) {
    const std::size_t size = message.size();
    const std::size_t waiting = expected_.fetch_add(size, std::memory_order_relaxed) + size;
    const auto limit = static_cast<std::size_t>(
        home_->server().configuration().subscriber_output.hard.load(std::memory_order_relaxed));
    if (limit == 0 || waiting <= limit) return true;
    expected_.fetch_sub(size, std::memory_order_relaxed);
    // Its own thread ends it: here are locks, of shards and of calls that are being served.
    if (!overrun_.exchange(true, std::memory_order_relaxed))
        asio::post(home_->io(), [self = shared_from_this()] { self->request_close(); });
    return false;
}

void session::take(const session_message& message) {
    expected_.fetch_sub(message.size(), std::memory_order_relaxed);
    message.give_to(*this);
}

void session::push(const published_message& message) {
    if (!message.wanted_by(*this)) return; // it has unsubscribed meanwhile
    if (close_after_reply) return;
    // What it publishes to itself within EXEC follows the array of replies, as from Redis 7.2 on,
    // and EXEC's own line for MONITOR follows those of its commands.
    const bool later = in_exec != 0 || !after_reply_.empty();
    output_buffer& out = !executing_ ? unsent_ : later ? after_reply_ : *replies_;
    reply_writer reply{out, protocol};
    message.write(reply);
    end_push(out);
}

// After a message has been written: it may have been one too many.
void session::end_push(const output_buffer& out) {
    if (!is_over_limit(out.size())) return;
    if (executing_) { // run() ends it
        spdlog::warn("client {} sends too much to itself and is disconnected", id);
        close_after_reply = close_without_reply = true;
    } else if (draining_ || send_unsent()) { // it may only have had no turn to take them
        check_output_limit();
    }
}

void session::flush_pushes() {
    shown_.set_output(unsent_);
    if (unsent_.empty() || (!draining_ && (!send_unsent() || unsent_.empty()))) return;
    if (!draining_) begin_drain();
}

bool session::check_output_limit() {
    if (!is_over_limit(unsent_.size())) return false;
    spdlog::warn("client {} does not take what it is sent and is disconnected", id);
    cut();
    return true;
}

// client-output-buffer-limit
bool session::is_over_limit(std::size_t unread) {
    const settings& now = home_->server().configuration();
    const output_limit& limit =
        subscriptions() != 0 || monitoring ? now.subscriber_output : now.normal_output;
    const auto hard = static_cast<std::size_t>(limit.hard.load(std::memory_order_relaxed));
    const auto soft = static_cast<std::size_t>(limit.soft.load(std::memory_order_relaxed));
    if (hard != 0 && unread > hard) return true;
    if (soft == 0 || unread <= soft) {
        over_soft_limit_since_.reset();
        return false;
    }
    if (!over_soft_limit_since_) over_soft_limit_since_ = home_->coarse_seconds();
    return home_->coarse_seconds() - *over_soft_limit_since_ >
           limit.soft_seconds.load(std::memory_order_relaxed);
}

// Sends the rest as the peer takes it, beside run(), which goes on reading.
void session::begin_drain() {
    draining_ = true;
    asio::co_spawn(home_->io(), drain(),
                   [self = shared_from_this()](const std::exception_ptr& failure) {
                       self->draining_ = false;
                       if (failure) self->cut();
                       self->flush_pushes(); // what came since
                       if (self->reads_ahead_ && self->unsent_.empty()) self->stop_reading();
                   });
}

} // namespace mini_redis
