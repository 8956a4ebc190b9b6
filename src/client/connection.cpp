#include "client/connection.hpp"

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/write.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <string_view>

#include "client/deadline.hpp"
#include "resp/request_writer.hpp"

namespace mini_redis {

namespace {

constexpr std::size_t read_size = 64 * 1024;

// How much a server may owe to callers who have given up before it is taken for dead.
constexpr std::size_t most_given_up = 4096;
constexpr std::size_t most_unsent_bytes = 64 * 1024 * 1024;

// Memory that a large request leaves in the write buffers, and that is worth keeping.
constexpr std::size_t most_idle_capacity = 1024 * 1024;

constexpr std::chrono::milliseconds timer_resolution{1};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

// The first word of a push tells what it is.
std::string_view push_kind(const reply_view& push) noexcept {
    return push.size() == 0 ? std::string_view{} : (*push.begin()).text();
}

// message = kind, channel, payload  |  "pmessage", pattern, channel, payload
std::optional<message> to_message(const reply_view& push) {
    const std::string_view kind = push_kind(push);
    const bool by_pattern = kind == "pmessage" && push.size() == 4;
    if (!by_pattern && !(is_one_of(kind, {"message", "smessage"}) && push.size() == 3))
        return std::nullopt;
    auto part = ++push.begin();
    message result;
    if (by_pattern) result.pattern = (*part++).text();
    result.channel = (*part++).text();
    result.payload = (*part).text();
    return result;
}

} // namespace

connection::connection(stream_socket socket)
    : call_target{socket.get_executor()},
      socket_{std::move(socket)},
      timer_{executor_} {}

void connection::open() {
    asio::co_spawn(executor_, read_replies(reader_scope{shared_from_this()}),
                   [self = shared_from_this()](const std::exception_ptr& failure) {
                       // Only running out of memory gets here: the rest is handled inside.
                       if (failure) self->close(std::make_error_code(std::errc::not_enough_memory));
                   });
}

// --- in ---

asio::awaitable<void> connection::read_replies(reader_scope scope) {
    connection& self = *scope;
    output_buffer unread;
    while (self.open_) {
        // A large reply gets its room as it comes, by doubling.
        const std::size_t missing =
            self.parser_.needed() - std::min(self.parser_.needed(), unread.size());
        const std::size_t room = std::max(read_size, std::min(missing, unread.size()));
        const auto buffer = asio::buffer(unread.prepare(room), room);
        const auto [error, size] = co_await self.socket_.async_read_some(buffer, use_tuple);
        if (error) {
            self.close(error == asio::error::eof ? make_error_code(errc::connection_closed)
                                                 : error);
            break;
        }
        unread.commit(size);
        self.is_reading_batch_ = true;
        while (self.open_) {
            const reply_parser::result result = self.parser_.parse(unread.view());
            if (result == reply_parser::result::need_more) break;
            if (result == reply_parser::result::error) {
                self.close(errc::protocol_error);
                break;
            }
            const reply_view received = self.parser_.view(unread.data());
            if (!self.is_push(received)) {
                self.on_reply(received);
            } else if (std::optional<message> published = self.to_published(received)) {
                const auto queue = self.messages_; // a subscriber may go away meanwhile
                if (queue->is_full()) {
                    self.end_batch();
                    co_await queue->wait_for_room(); // nothing more is read until then
                    self.is_reading_batch_ = true;
                }
                queue->push(std::move(*published));
            } else {
                self.on_confirmation(received);
            }
            unread.consume(self.parser_.consumed());
        }
        self.end_batch();
        if (unread.empty() && unread.capacity() > most_idle_capacity) unread.release();
    }
}

// What the callers asked for while they were resumed goes out together.
void connection::end_batch() {
    is_reading_batch_ = false;
    flush();
}

bool connection::is_push(const reply_view& received) const noexcept {
    if (received.type() == frame_type::push) return true;
    // In RESP2 a subscriber gets arrays, once it has no ordinary call under way.
    return messages_ && protocol == protocol_version::resp2 &&
           received.type() == frame_type::array && (!first_ || first_->settings.confirmations > 0);
}

std::optional<message> connection::to_published(const reply_view& push) const {
    return messages_ ? to_message(push) : std::nullopt;
}

void connection::on_confirmation(const reply_view& received) {
    if (!first_ || first_->settings.confirmations == 0) return; // a push that nobody asked for
    if (!is_one_of(push_kind(received), {"subscribe", "psubscribe", "unsubscribe", "punsubscribe"}))
        return;
    if (--first_->settings.confirmations == 0) on_reply(received);
}

void connection::on_reply(const reply_view& reply) {
    if (first_ && first_->settings.replies > 1) {
        --first_->settings.replies;
        first_->collect(reply);
        return;
    }
    pending_call* const call = pop_front();
    if (!call) { // a reply that nobody asked for: the order is lost
        close(errc::protocol_error);
        return;
    }
    if (call->given_up) --given_up_;
    try {
        call->deliver(*this, reply);
    } catch (...) {
        // A caller's completion handler threw. That belongs to whoever runs the loop, and must not
        // end the reader.
        asio::post(executor_,
                   [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
    }
}

// --- out ---

void connection::start(pending_call* call, std::span<const std::string_view> words) {
    start_with(call, [&] { write_request(gathered_, words); });
}

void connection::start(pending_call* call, std::string_view requests) {
    start_with(call, [&] { gathered_.append(requests); });
}

template <class Write>
void connection::start_with(pending_call* call, Write write) {
    std::error_code refused = open_ ? call->settings.refused : close_reason_;
    if (!refused) {
        if (call->settings.time_out < std::chrono::milliseconds{0})
            call->settings.time_out = call_timeout;
        try {
            write();
            return enqueue(call);
        } catch (const std::bad_alloc&) { // nothing was written
            refused = std::make_error_code(std::errc::not_enough_memory);
        }
    }
    call->fail(*this, refused);
    memory_.destroy(call);
}

void connection::enqueue(pending_call* call) noexcept {
    (last_ ? last_->next : first_) = call;
    last_ = call;
    if (!unstamped_) unstamped_ = call;
    if (!flush_is_posted_ && !is_reading_batch_) post_flush();
}

// At the end of this turn of the loop, so that all calls made in it are written together.
void connection::post_flush() {
    flush_is_posted_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        self->flush_is_posted_ = false;
        self->flush();
    });
}

void connection::flush() {
    if (!open_) return;

    // The time-out of a call runs from now, when its request is handed to the socket.
    if (unstamped_) {
        const auto now = std::chrono::steady_clock::now();
        auto earliest = std::chrono::steady_clock::time_point::max();
        for (; unstamped_; unstamped_ = unstamped_->next) {
            if (unstamped_->settings.time_out.count() <= 0) continue;
            unstamped_->deadline = deadline_after(now, unstamped_->settings.time_out);
            earliest = std::min(earliest, unstamped_->deadline);
        }
        if (earliest < timer_at_) arm_timer(earliest);
    }

    if (is_sending_) return; // send_rest() comes back
    if (write_failed_) gathered_.clear();
    while (!gathered_.empty()) {
        std::error_code error;
        const std::size_t size =
            socket_.write_some(asio::buffer(gathered_.data(), gathered_.size()), error);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            send_rest();
            return;
        }
        if (error) { // what the server has said before it closed can still be read
            write_failed_ = true;
            gathered_.clear();
            return;
        }
        gathered_.consume(size);
    }
    if (gathered_.capacity() > most_idle_capacity) gathered_.release();
}

// The socket's buffer is full: waits, while new calls gather in the other buffer.
void connection::send_rest() {
    is_sending_ = true;
    sending_ = std::move(gathered_);
    asio::async_write(socket_, asio::buffer(sending_.data(), sending_.size()),
                      [self = shared_from_this()](std::error_code error, std::size_t) {
                          self->is_sending_ = false;
                          self->sending_.release();
                          if (error) self->write_failed_ = true;
                          self->flush();
                      });
}

// --- ends ---

pending_call* connection::pop_front() noexcept {
    pending_call* const call = first_;
    if (!call) return nullptr;
    first_ = call->next;
    if (!first_) last_ = nullptr;
    if (unstamped_ == call) unstamped_ = first_;
    return call;
}

pending_call* connection::take_all() noexcept {
    last_ = unstamped_ = nullptr;
    given_up_ = 0;
    return std::exchange(first_, nullptr);
}

void connection::give_up(pending_call* call, std::error_code why) {
    if (call->given_up) return;
    call->fail(*this, why);
    ++given_up_;
    if (given_up_ > most_given_up || gathered_.size() + sending_.size() > most_unsent_bytes)
        close(errc::timed_out);
}

void connection::on_timer() {
    timer_at_ = std::chrono::steady_clock::time_point::max();
    const auto now = std::chrono::steady_clock::now();
    auto earliest = timer_at_;
    // give_up() may close the connection, which empties the queue.
    for (pending_call* call = first_; open_ && call && call != unstamped_;) {
        pending_call* const next = call->next;
        if (!call->given_up) {
            if (call->deadline <= now)
                give_up(call, errc::timed_out);
            else
                earliest = std::min(earliest, call->deadline);
        }
        call = next;
    }
    if (open_ && earliest != timer_at_) arm_timer(std::max(earliest, now + timer_resolution));
}

void connection::arm_timer(std::chrono::steady_clock::time_point at) {
    timer_at_ = at;
    timer_.expires_at(at);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (!error && self->open_) self->on_timer();
    });
}

void connection::close(std::error_code why) {
    if (!open_) return;
    open_ = false;
    close_reason_ = why;
    timer_.cancel();
    std::error_code ignored;
    socket_.close(ignored);
    if (messages_) messages_->end(why);
    for (pending_call* call = take_all(); call;) {
        pending_call* const next = call->next;
        call->fail(*this, why);
        memory_.destroy(call);
        call = next;
    }
}

// The loop is gone: nobody can be told, but everything is freed.
void connection::abandon() noexcept {
    pending_call* call = take_all();
    close(errc::client_closed);
    while (call) {
        pending_call* const next = call->next;
        memory_.destroy(call);
        call = next;
    }
}

asio::awaitable<frame> ask(connection& to, command_line command, call_settings settings) {
    return start_call<frame>(&to, std::move(command), settings, frame_reader{},
                             asio::use_awaitable);
}

} // namespace mini_redis
