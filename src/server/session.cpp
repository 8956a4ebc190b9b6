#include "server/session.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <new>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <utility>

#include "commands/parked_call.hpp"
#include "commands/settings.hpp"
#include "commands/transaction.hpp"
#include "resp/reply_writer.hpp"
#include "server/core.hpp"
#include "server/hub.hpp"
#include "server/worker.hpp"

namespace mini_redis {
namespace {

// Replies of a long pipeline go out in pieces of about this size.
constexpr std::size_t output_piece = 64 * 1024;

// A request that is cut is read on in steps of at least this size.
constexpr std::size_t input_step = 16 * 1024;

// A timer cannot take more: its nanoseconds would overflow. Who waits longer waits this long.
constexpr std::chrono::milliseconds longest_wait = std::chrono::hours{24 * 365 * 100};

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                      : fmt::format("{}:{}", address, endpoint.port());
}

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

struct session::names {
    std::string name;
    std::string library_name;
    std::string library_version;
};

session::session(worker& home, tcp_socket socket, std::uint64_t id_of_client)
    : home_{&home},
      socket_{std::move(socket)},
      parser_{home.limits(true)},
      created_ms_{home.server().time().now_ms()},
      last_active_{home.coarse_seconds()} {
    id = id_of_client;
    authenticated = !home.server().password_required();
    std::error_code ignored;
    peer_ = socket_.remote_endpoint(ignored);
    local_ = socket_.local_endpoint(ignored);
    descriptor_ = static_cast<int>(socket_.native_handle());
}

void session::enter() {
    home_->server().sessions().add(*this);
    home_->session_begins(*this);
    has_left_ = false;
    spdlog::debug("client {} connected from {}", id, to_text(peer_));
}

session::~session() = default;

void session::leave() noexcept {
    if (std::exchange(has_left_, true)) return;
    if (parked) end_wait();
    end_transaction(*this, home_->server().keys().store(), false);
    home_->server().forget(*this);
    home_->session_ends(*this);
    spdlog::debug("client {} is gone", id);
}

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
            if (close_without_reply) co_return cut();
            if (parked) show_parked();
            send_replies();
            if (!unsent_.empty()) {
                keep(input);
                co_await drain();
                input = input_.view();
            }
            if (state == progress::blocked) {
                keep(input);
                if (!socket_.is_open() || !co_await wait_while_blocked()) {
                    state = progress::closing;
                    input = {};
                    input_.release();
                    break;
                }
                input = input_.view();
            }
        } while ((state == progress::output_full || state == progress::blocked) &&
                 socket_.is_open());
        keep(input);
        if (!socket_.is_open()) break;
    }
    if (finishing_) say_goodbye();
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
    }
}

// Executes what is there whole. `input` is left at the first byte that was not executed.
session::progress session::execute(std::string_view& input) {
    home_->tick();
    last_active_.store(home_->coarse_seconds(), std::memory_order_relaxed);
    home_->output().clear(); // whatever a session that was cut has left there
    replies_ = unsent_.empty() ? &home_->output() : &unsent_;
    reply_writer reply{*replies_, protocol};
    const flag_while executing{executing_};
    progress result = progress::done;
    while (result == progress::done && !input.empty()) {
        std::size_t count = 0;
        const request_parser::result parsed = read_batch(input, count);
        for (std::size_t i = 0; i < count; ++i) {
            const request& one = home_->batch()[i];
            execute_one(one, reply);
            if (close_after_reply) {
                result = progress::closing;
                break;
            }
            if (replies_->size() >= output_piece || parked) [[unlikely]] {
                result = parked ? progress::blocked : progress::output_full;
                if (i + 1 == count) break;
                // The others of the batch are read again when the peer has taken these replies, or
                // when this one has been served.
                const char* const next = home_->batch()[i + 1].begin;
                input = {next, static_cast<std::size_t>(input.data() + input.size() - next)};
                parser_.restart();
                break;
            }
        }
        if (result != progress::done || parsed == request_parser::result::need_more) break;
        if (parsed == request_parser::result::error) {
            if (replies == reply_mode::on) reply.error(parser_.error_text());
            result = progress::closing;
        }
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

void session::execute_one(const request& one, reply_writer& reply) {
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

void session::run_command(const request& one, reply_writer& reply) {
    if (one.args.empty()) return; // an empty line asks for nothing, but uses up CLIENT REPLY SKIP
    output_buffer& out = reply.buffer();
    const std::size_t before = out.size();
    reply.set_protocol(protocol);
    last_command_.store(one.row, std::memory_order_relaxed);
    try {
        home_->commands().execute(*this, one, reply);
    } catch (const std::bad_alloc&) { // a value too large for this machine; the others go on
        home_->commands().drop_effects();
        out.truncate(before);
        reply.error("ERR out of memory");
    }
    in_exec = false;
    if (!after_exec_.empty()) {
        replies_->append(after_exec_.view());
        after_exec_.release();
    }
    // Commands on one key change nothing of the client, but may be queued.
    if (!one.one_key || in_transaction) publish_state();
}

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
        out.consume(sent);
    }
    if (error == asio::error::would_block || error == asio::error::try_again)
        unsent_.append(out.view());
    else if (error)
        cut();
    out.clear();
    if (out.capacity() > 4 * output_piece) out.release(); // one huge reply does not stay for good
}

// False when nothing more can be sent for good.
bool session::send_unsent() noexcept {
    std::error_code error;
    while (!unsent_.empty()) {
        const std::size_t sent =
            socket_.write_some(asio::buffer(unsent_.data(), unsent_.size()), error);
        if (error == asio::error::would_block || error == asio::error::try_again) return true;
        if (error) {
            cut();
            return false;
        }
        home_->count().bytes_out.add(sent);
        unsent_.consume(sent);
    }
    unsent_.release();
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

// -- While a command is blocked ---------------------------------------------------------------

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
    while (parked && !finishing_) {
        waiting_for_input_ = true;
        co_await socket_.async_wait(tcp_socket::wait_read, io_tuple);
        waiting_for_input_ = false;
        if (!socket_.is_open() || finishing_) break;
        if (!parked) break;
        std::error_code error;
        char* const end = input_.prepare(input_step);
        const std::size_t got =
            socket_.read_some(asio::buffer(end, std::min(input_.room(), input_step)), error);
        input_.commit(got);
        home_->count().bytes_in.add(got);
        if (error && error != asio::error::would_block && error != asio::error::try_again) break;
        if (is_over_input_limit()) break;
    }
    if (parked)
        end_wait();
    else if (socket_.is_open() && !finishing_)
        co_return true;
    co_return false;
}

void session::time_out(const std::shared_ptr<parked_call>& call) {
    if (parked != call || !call->finish()) return; // it is being served just now
    reply_writer late{call->reply, call->client.protocol};
    write_reply(late, call->how.otherwise);
    unblock();
}

// What end_block() finds.
void session::show_parked() {
    const std::lock_guard lock{parked_mutex_};
    if (bool{parked} == bool{seen_parked_}) return;
    seen_parked_ = parked;
    seen_blocked_.store(bool{parked}, std::memory_order_relaxed);
    home_->server().count_blocked(bool{parked});
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
    home_->commands().forget(*call);
    last_active_.store(home_->coarse_seconds(), std::memory_order_relaxed);
    if (replies == reply_mode::on) unsent_.append(call->reply.view());
    if (replies == reply_mode::skip) replies = reply_mode::on;
    publish_state();
    flush_pushes();
    std::error_code ignored;
    if (waiting_for_input_ && socket_.is_open()) socket_.cancel(ignored);
}

// The client leaves, or the server stops: nothing is taken for it any more.
void session::end_wait() {
    const std::shared_ptr<parked_call> call = std::move(parked);
    parked.reset();
    show_parked();
    call->finish();
    home_->commands().forget(*call);
}

bool session::expect(const published_message& message) {
    const std::size_t size = message.size();
    const std::size_t waiting = expected_.fetch_add(size, std::memory_order_relaxed) + size;
    const auto limit = static_cast<std::size_t>(
        home_->server().configuration().pubsub_hard_limit.load(std::memory_order_relaxed));
    if (limit == 0 || waiting <= limit) return true;
    expected_.fetch_sub(size, std::memory_order_relaxed);
    request_close();
    return false;
}

void session::take(const published_message& message) {
    expected_.fetch_sub(message.size(), std::memory_order_relaxed);
    push(message);
}

void session::push(const published_message& message) {
    if (!extra || !message.wanted_by(*extra)) return; // it has unsubscribed meanwhile
    if (close_without_reply) return;
    // What it publishes to itself within EXEC follows the array of replies, as from Redis 7.2 on.
    output_buffer& out = !executing_ ? unsent_ : in_exec ? after_exec_ : *replies_;
    reply_writer reply{out, protocol};
    message.write(reply);
    if (!is_over_limit(out.size())) return;
    if (executing_) { // run() ends it
        spdlog::warn("client {} publishes too much to itself and is disconnected", id);
        close_after_reply = close_without_reply = true;
    } else if (draining_ || send_unsent()) { // it may only have had no turn to take them
        check_output_limit();
    }
}

void session::flush_pushes() {
    if (unsent_.empty() || (!draining_ && (!send_unsent() || unsent_.empty()))) return;
    if (!draining_) begin_drain();
}

void session::check_output_limit() {
    if (!is_over_limit(unsent_.size())) return;
    spdlog::warn("client {} does not take its messages and is disconnected", id);
    cut();
}

// client-output-buffer-limit pubsub: 0 is no limit.
bool session::is_over_limit(std::size_t unread) {
    const settings& now = home_->server().configuration();
    const auto hard =
        static_cast<std::size_t>(now.pubsub_hard_limit.load(std::memory_order_relaxed));
    const auto soft =
        static_cast<std::size_t>(now.pubsub_soft_limit.load(std::memory_order_relaxed));
    if (hard != 0 && unread > hard) return true;
    if (soft == 0 || unread <= soft) {
        over_soft_limit_since_.reset();
        return false;
    }
    if (!over_soft_limit_since_) over_soft_limit_since_ = home_->coarse_seconds();
    return home_->coarse_seconds() - *over_soft_limit_since_ >
           now.pubsub_soft_seconds.load(std::memory_order_relaxed);
}

// Sends the rest as the peer takes it, beside run(), which goes on reading.
void session::begin_drain() {
    draining_ = true;
    asio::co_spawn(home_->io(), drain(),
                   [self = shared_from_this()](const std::exception_ptr& failure) {
                       self->draining_ = false;
                       if (failure) self->cut();
                       self->flush_pushes(); // what came since
                   });
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
    if (close_requested_.exchange(true, std::memory_order_relaxed)) return false;
    asio::post(home_->io(), [self = shared_from_this()] { self->cut(); });
    return true;
}

void session::hang_up() const noexcept {
    ::shutdown(descriptor_, SHUT_RDWR);
}

void session::say_goodbye() {
    if (subscriptions() == 0 || !socket_.is_open()) return;
    reply_writer reply{unsent_, protocol};
    std::size_t left = extra->channels.size() + extra->patterns.size();
    const auto tell = [&](std::string_view kind, std::string_view name) {
        reply.push(3);
        reply.bulk_string(kind);
        reply.bulk_string(name);
        reply.integer(static_cast<std::int64_t>(--left));
    };
    for (const std::string& channel : extra->channels)
        tell("unsubscribe", channel);
    for (const std::string& pattern : extra->patterns)
        tell("punsubscribe", pattern);
    left = extra->shard_channels.size();
    for (const std::string& channel : extra->shard_channels)
        tell("sunsubscribe", channel);
    home_->server().end_subscriptions(*this); // no message comes after these
    send_unsent();
}

void session::publish_state() {
    seen_database_.store(database, std::memory_order_relaxed);
    seen_protocol_.store(static_cast<std::uint8_t>(protocol), std::memory_order_relaxed);
    seen_channels_.store(extra ? static_cast<std::uint32_t>(extra->channels.size()) : 0,
                         std::memory_order_relaxed);
    seen_patterns_.store(extra ? static_cast<std::uint32_t>(extra->patterns.size()) : 0,
                         std::memory_order_relaxed);
    seen_shard_channels_.store(extra ? static_cast<std::uint32_t>(extra->shard_channels.size()) : 0,
                               std::memory_order_relaxed);
    seen_queued_.store(in_transaction ? static_cast<std::int32_t>(extra->queue->requests.size())
                                      : -1,
                       std::memory_order_relaxed);
    seen_flags_.store(static_cast<std::uint8_t>((no_evict ? 1 : 0) | (no_touch ? 2 : 0) |
                                                (close_after_reply ? 4 : 0)),
                      std::memory_order_relaxed);
}

void session::publish_names() {
    if (!extra && !names_) return;
    if (!names_) names_ = std::make_unique<names>();
    if (!extra) {
        *names_ = {};
        return;
    }
    *names_ = {extra->name, extra->library_name, extra->library_version};
}

client_info session::describe() const {
    client_info info;
    info.id = id;
    info.address = to_text(peer_);
    info.local_address = to_text(local_);
    info.descriptor = descriptor_;
    if (names_) {
        info.name = names_->name;
        info.library_name = names_->library_name;
        info.library_version = names_->library_version;
    }
    info.age_seconds = (home_->server().time().now_ms() - created_ms_) / 1000;
    info.idle_seconds = static_cast<std::int64_t>(home_->server().uptime_seconds()) - last_active();
    if (info.idle_seconds < 0) info.idle_seconds = 0;
    info.database = seen_database_.load(std::memory_order_relaxed);
    info.channels = seen_channels_.load(std::memory_order_relaxed);
    info.patterns = seen_patterns_.load(std::memory_order_relaxed);
    info.shard_channels = seen_shard_channels_.load(std::memory_order_relaxed);
    info.queued = seen_queued_.load(std::memory_order_relaxed);
    info.blocked = seen_blocked_.load(std::memory_order_relaxed);
    info.protocol = seen_protocol_.load(std::memory_order_relaxed);
    const std::uint8_t flags = seen_flags_.load(std::memory_order_relaxed);
    info.no_evict = (flags & 1) != 0;
    info.no_touch = (flags & 2) != 0;
    info.close_after_reply = (flags & 4) != 0;
    const command* const last = last_command_.load(std::memory_order_relaxed);
    info.last_command = last != nullptr ? home_->server().name_of(*last) : "NULL";
    return info;
}

} // namespace mini_redis
