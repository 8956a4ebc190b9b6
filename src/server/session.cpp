#include "server/session.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <cstring>
#include <new>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <utility>

#include "commands/parked_call.hpp"
#include "commands/settings.hpp"
#include "commands/tracking.hpp"
#include "commands/transaction.hpp"
#include "resp/reply_writer.hpp"
#include "server/core.hpp"
#include "server/worker.hpp"

namespace mini_redis {
namespace {

/// True for as long as it lives, also where an exception ends that.
struct flag_while {
    explicit flag_while(bool& flag) noexcept : flag_{flag} { flag_ = true; }

    ~flag_while() { flag_ = false; }

    flag_while(const flag_while&) = delete;
    flag_while& operator=(const flag_while&) = delete;

private:
    bool& flag_;
};

} // namespace

session::session(worker& home, tcp_socket socket, std::uint64_t id_of_client)
    : home_{&home},
      socket_{std::move(socket)},
      parser_{home.limits(true)},
      shown_{id_of_client, socket_, home.server().time().now_ms(), home.coarse_seconds()} {
    id = id_of_client;
    authenticated = !home.server().password_required();
}

void session::enter() {
    home_->server().sessions().add(*this);
    home_->session_begins(*this);
    has_left_ = false;
    spdlog::debug("client {} connected from {}", id, shown_.peer());
}

session::~session() = default;

void session::leave() noexcept {
    if (std::exchange(has_left_, true)) return;
    if (parked) end_wait();
    home_->commands().end_transaction(*this);
    end_tracking(*this, home_->server().keys().store(), home_->server(), false);
    home_->server().forget(*this);
    home_->session_ends(*this);
    spdlog::debug("client {} is gone", id);
}

// The request loop: wait until something has come, execute all of it, send the replies in one
// piece, again. It suspends in five places only: to wait for input, to read the little that a lone
// request is, while the peer does not take its replies, while a command is blocked, and while
// clients are paused; in the last three it goes on taking input in. After each of them the session
// may have been cut, or the server may have begun to stop.
task<void> session::run() {
    progress state = progress::done;
    while (state != progress::closing) {
        std::error_code error;
        std::size_t first = 0; // bytes in first_bytes_
        if (!finishing_) {
            waiting_for_input_ = true;
            if (expects_little_ && input_.empty()) {
                const auto [failure, got] =
                    co_await socket_.async_read_some(asio::buffer(first_bytes_), io_tuple);
                error = failure;
                first = got;
            } else {
                const auto [failure] = co_await socket_.async_wait(tcp_socket::wait_read, io_tuple);
                error = failure;
            }
            waiting_for_input_ = false;
            if (error && !finishing_) break;
        }
        error.clear();
        if (finishing_ && first == 0 && to_finish_ == 0) break;
        std::string_view input = receive(first, error);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            if (finishing_) break; // the server stops, and all that had come in is served
            continue;
        }
        if (error || close_requested()) break;
        do {
            state = execute(input);
            if (close_without_reply || close_requested()) co_return cut();
            send_replies();
            if (!unsent_.empty()) {
                keep(input);
                co_await drain_and_read();
                input = input_.view();
                if (state == progress::done && !input.empty()) state = progress::output_full;
            }
            if (state == progress::blocked || state == progress::paused) {
                keep(input);
                bool stays = socket_.is_open();
                if (stays && state == progress::paused)
                    stays = co_await wait_while_paused();
                else if (stays)
                    stays = co_await wait_while_blocked();
                if (!stays) {
                    state = progress::closing;
                    input = {};
                    input_.release();
                    break;
                }
                input = input_.view();
            }
        } while (state != progress::done && state != progress::closing && socket_.is_open());
        keep(input);
        if (!socket_.is_open()) break;
    }
    if (socket_.is_open()) co_await drain();
    leave();
    std::error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
    socket_.close(ignored);
}

// What has come: `first` bytes of it are in first_bytes_ already.
std::string_view session::receive(std::size_t first, std::error_code& error) {
    std::size_t got = 0;
    std::string_view input;
    if (first != 0) {
        got = first;
        input = {first_bytes_.data(), first};
        if (first == first_bytes_.size()) { // and surely there is more
            const std::span<char> buffer = home_->input();
            std::memcpy(buffer.data(), first_bytes_.data(), first);
            got += socket_.read_some(asio::buffer(buffer.data() + first, buffer.size() - first),
                                     error);
            error.clear(); // if it ended, the next read tells again
            input = {buffer.data(), got};
        }
    } else if (input_.empty()) {
        const std::span<char> buffer = home_->input();
        got = socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
        input = {buffer.data(), got};
    } else {
        char* const end = input_.prepare(input_step);
        got = socket_.read_some(asio::buffer(end, input_.room()), error);
        input_.commit(got);
        input = input_.view();
    }
    expects_little_ = got <= first_bytes_.size();
    to_finish_ -= std::min(to_finish_, got - first);
    home_->count().bytes_in.add(got);
    home_->count().reads.add();
    if (!error && is_over_input_limit()) error = asio::error::no_buffer_space;
    return input;
}

// client-query-buffer-limit
bool session::is_over_input_limit() const {
    const std::int64_t limit =
        home_->server().configuration().query_buffer_limit.load(std::memory_order_relaxed);
    if (input_.size() <= static_cast<std::size_t>(limit)) return false;
    spdlog::warn("client {} sent more than client-query-buffer-limit that could not be executed",
                 id);
    return true;
}

// Keeps what was not executed for when more has come: `rest` is the end of what receive() gave.
void session::keep(std::string_view rest) {
    if (!input_.empty()) {
        input_.consume(input_.size() - rest.size());
        if (input_.empty()) input_.release();
    } else if (!rest.empty()) {
        input_.append(rest);
    } else {
        return;
    }
    shown_.set_input(input_);
}

// Executes what is there whole. `input` is left at the first byte that was not executed.
session::progress session::execute(std::string_view& input) {
    home_->tick();
    shown_.touch(home_->coarse_seconds());
    home_->output().clear(); // whatever a session that was cut has left there
    replies_ = unsent_.empty() ? &home_->output() : &unsent_;
    reply_writer reply{*replies_, protocol};
    const flag_while executing{executing_};
    progress result = progress::done;
    while (result == progress::done && !input.empty()) {
        std::size_t count = 0;
        const request_parser::result parsed = read_batch(input, count);
        home_->commands().start_clock();
        // Later requests of the batch are read again, from here.
        const auto go_back_to = [&](const char* next) {
            input = {next, static_cast<std::size_t>(input.data() + input.size() - next)};
            parser_.restart();
        };
        for (std::size_t i = 0; i < count; ++i) {
            const request& one = home_->batch()[i];
            if (home_->commands().holds_back(*this, one)) [[unlikely]] {
                shown_.set_last_command(one.row);
                result = progress::paused;
                go_back_to(one.begin);
                break;
            }
            execute_one(one, reply);
            if (close_after_reply || close_requested()) [[unlikely]] {
                result = progress::closing;
                break;
            }
            if (replies_->size() >= output_piece || parked) [[unlikely]] {
                result = parked ? progress::blocked : progress::output_full;
                // When the peer has taken these replies, or when this one has been served.
                if (i + 1 != count) go_back_to(home_->batch()[i + 1].begin);
                break;
            }
        }
        if (result != progress::done || parsed == request_parser::result::need_more) break;
        if (parsed == request_parser::result::error) {
            const std::uint64_t errors = reply.errors();
            if (replies == reply_mode::on) reply.error(parser_.error_text());
            home_->commands().count_errors(reply, errors);
            result = progress::closing;
        }
    }
    if (is_over_limit(replies_->size())) [[unlikely]] {
        spdlog::warn("client {} asks for more than it may leave unread and is disconnected", id);
        close_after_reply = close_without_reply = true;
    }
    return result;
}

// Parses up to a batch of requests off `input`, and lets the memory of their keys be fetched.
request_parser::result session::read_batch(std::string_view& input, std::size_t& count) {
    const std::span batch = home_->batch();
    executor& commands = home_->commands();
    // Until the password is given, each request can change what the next one may be.
    const std::size_t most = authenticated ? batch.size() : 1;
    parser_.set_limits(home_->limits(authenticated));
    request_parser::result parsed = request_parser::result::request;
    while (count < most && !input.empty()) {
        request& one = batch[count];
        one.begin = input.data();
        parsed = parser_.parse(input, one.args);
        if (parsed != request_parser::result::request) break;
        // The words of an inline request may be in the parser's own memory until its next call.
        const bool is_inline = input.front() != '*';
        input.remove_prefix(parser_.consumed());
        if (one.args.empty())
            one.one_key = false;
        else
            commands.prepare(one, *this);
        ++count;
        if (is_inline) break;
    }
    if (count > 1)
        for (const request& one : batch.first(count))
            commands.prefetch(one, *this);
    return parsed;
}

// Both are called for every request: inlined, they are 30 instructions cheaper.
[[gnu::always_inline]] inline void session::execute_one(const request& one, reply_writer& reply) {
    if (replies == reply_mode::on) [[likely]]
        return run_command(one, reply);
    if (replies == reply_mode::skip_next) replies = reply_mode::skip;
    reply.mute(home_->muted());
    run_command(one, reply);
    reply.unmute();
    home_->muted().clear();
    if (home_->muted().capacity() > 4 * output_piece) home_->muted().release();
    if (replies == reply_mode::skip && !parked) replies = reply_mode::on;
}

[[gnu::always_inline]] inline void session::run_command(const request& one, reply_writer& reply) {
    if (one.args.empty()) return; // an empty line asks for nothing, but uses up CLIENT REPLY SKIP
    output_buffer& out = reply.buffer();
    const std::size_t before = out.size();
    reply.set_protocol(protocol);
    shown_.set_last_command(one.row);
    try {
        home_->commands().execute(*this, one, reply);
    } catch (const server_busy&) { // a script that has been running for long
        home_->commands().drop_effects();
        out.truncate(before);
        reply.error(home_->server().running().busy_text());
    } catch (const std::bad_alloc&) { // a value too large for this machine; the others go on
        out.truncate(before);
        tell_out_of_memory(reply);
    }
    in_exec = 0;
    if (!after_reply_.empty()) [[unlikely]]
        put_notices_first(); // before the next reply
    // Commands on one key change nothing of the client, but may be queued.
    if (!one.one_key || in_transaction) shown_.publish(*this);
}

void session::tell_out_of_memory(reply_writer& reply) {
    home_->commands().drop_effects();
    const std::uint64_t errors = reply.errors();
    reply.error("ERR out of memory");
    home_->commands().count_errors(reply, errors);
}

void session::finish() {
    finishing_ = true;
    // No more than this: a peer that never stops sending would otherwise never be done.
    std::error_code ignored;
    to_finish_ = socket_.available(ignored);
    if (waiting_for_input_) socket_.cancel(ignored);
}

void session::cut() noexcept {
    leave();
    std::error_code ignored;
    socket_.close(ignored);
}

bool session::request_close() {
    {
        const std::lock_guard lock{parked_mutex_};
        if (close_requested_.exchange(true, std::memory_order_relaxed)) return false;
        if (seen_parked_) seen_parked_->finish(); // from now on nothing is taken for it
    }
    asio::post(home_->io(), [self = shared_from_this()] { self->cut(); });
    return true;
}

void session::hang_up() const noexcept {
    ::shutdown(shown_.descriptor(), SHUT_RDWR);
}

client_info session::describe() const {
    return shown_.describe(home_->server());
}

} // namespace mini_redis
