// One connection to a server: requests on their way out, calls that wait for their replies, and the
// coroutine that reads.
//
// Invariants: the queue holds the calls in the order of their requests on the wire, so that the
// first one owns the next reply. A call that was given up keeps its place until its reply has come
// and was dropped. While the queue is not empty the reader runs; when that ends, every call has.
//
// A call costs no allocation here: its node comes from a free list, its request is written straight
// into the buffer that the socket sends, and its caller is resumed right out of the reader's loop.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/command_line.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/frame.hpp>
#include <mini_redis/subscriber.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/message_queue.hpp"
#include "resp/output_buffer.hpp"
#include "resp/reply_parser.hpp"

namespace mini_redis {

/// Of TCP or a unix socket.
using stream_socket = asio::generic::stream_protocol::socket;

/// See the top of this file. For one executor, like the client that it is made for.
class connection final : public call_target, public std::enable_shared_from_this<connection> {
public:
    explicit connection(stream_socket socket);

    /// Starts the reader; once.
    void open();

    void start(pending_call* call, std::span<const std::string_view> words) override;
    void start(pending_call* call, std::string_view requests) override;
    void give_up(pending_call* call, std::error_code why) override;

    /// Ends everything; calls under way fail with `why`.
    void close(std::error_code why);

    bool is_open() const noexcept { return open_; }

    /// Why it is not open.
    std::error_code close_reason() const noexcept { return close_reason_; }

    /// From now on published messages go to `messages`, and confirmations complete calls.
    void deliver_messages_to(std::shared_ptr<message_queue> messages) noexcept {
        messages_ = std::move(messages);
    }

    /// What the calls of its client use.
    std::chrono::milliseconds call_timeout{0};
    protocol_version protocol = protocol_version::resp2;

private:
    // Held by the reader's coroutine: when that is destroyed unfinished, as at the end of an
    // io_context, the calls must go too, for their callers may be what keeps this connection alive.
    class reader_scope {
    public:
        explicit reader_scope(std::shared_ptr<connection> owner) : owner_{std::move(owner)} {}

        reader_scope(reader_scope&&) noexcept = default;
        reader_scope& operator=(reader_scope&&) = delete;

        ~reader_scope() {
            if (owner_) owner_->abandon();
        }

        connection& operator*() const noexcept { return *owner_; }

    private:
        std::shared_ptr<connection> owner_;
    };

    static asio::awaitable<void> read_replies(reader_scope scope);
    bool is_push(const reply_view& received) const noexcept;
    std::optional<message> to_published(const reply_view& push) const;
    void on_confirmation(const reply_view& received);
    void on_reply(const reply_view& reply);
    void end_batch();

    template <class Write>
    void start_with(pending_call* call, Write write);
    void enqueue(pending_call* call) noexcept;
    void post_flush();
    pending_call* pop_front() noexcept;
    pending_call* take_all() noexcept;
    void abandon() noexcept;

    void flush();
    void send_rest();
    void on_timer();
    void arm_timer(std::chrono::steady_clock::time_point at);

    stream_socket socket_;
    bool open_ = true;
    std::error_code close_reason_;

    // Out: calls write into gathered_. What the socket did not take at once is in sending_.
    output_buffer gathered_;
    output_buffer sending_;
    bool flush_is_posted_ = false;
    bool is_sending_ = false;   // an asynchronous write of sending_ is under way
    bool write_failed_ = false; // the reader will learn why

    // The queue of calls. Those from unstamped_ on were not flushed and have no deadline yet.
    pending_call* first_ = nullptr;
    pending_call* last_ = nullptr;
    pending_call* unstamped_ = nullptr;
    std::size_t given_up_ = 0;

    // One timer for all deadlines, set to the earliest one that was pending when it was last set:
    // with equal time-outs it is set once a time-out, not once a call.
    asio::steady_timer timer_;
    std::chrono::steady_clock::time_point timer_at_ = std::chrono::steady_clock::time_point::max();

    // In.
    reply_parser parser_;
    bool is_reading_batch_ = false;           // it ends with a flush
    std::shared_ptr<message_queue> messages_; // null until it is a subscriber's
};

/// A call of the library's own: any reply, as it comes.
asio::awaitable<frame> ask(connection& to, command_line command, call_settings settings);

} // namespace mini_redis
