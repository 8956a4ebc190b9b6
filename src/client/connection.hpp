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

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <mini_redis/asio.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/frame.hpp>
#include <mini_redis/subscriber.hpp>
#include <new>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include "client/message_queue.hpp"
#include "resp/output_buffer.hpp"
#include "resp/reply_parser.hpp"
#include "resp/request_writer.hpp"

namespace mini_redis {

class connection;

/// What a call is told besides its words.
struct call_settings {
    std::chrono::milliseconds time_out{0}; ///< zero: none
    /// How many confirmations answer a SUBSCRIBE or the like; 0: this is an ordinary call.
    std::size_t confirmations = 0;
};

/// A call that waits for its reply: a node of the connection's queue.
class pending_call {
public:
    virtual ~pending_call() = default;

    /// Hands the reply to the caller, if it still waits, and destroys this node first.
    virtual void deliver(connection& owner, frame&& reply) = 0;

    /// Hands the error to the caller, in a later turn of the loop. The node lives on, as given up.
    virtual void fail(connection& owner, std::error_code why) = 0;

    pending_call* next = nullptr;
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    call_settings settings;
    bool given_up = false;
    bool is_pooled = false;

protected:
    pending_call() = default;
    pending_call(const pending_call&) = delete;
    pending_call& operator=(const pending_call&) = delete;
};

/// See the top of this file. For one executor, like the client that it is made for.
class connection : public std::enable_shared_from_this<connection> {
public:
    explicit connection(asio::ip::tcp::socket socket);
    ~connection();

    /// Starts the reader; once.
    void start();

    /// Starts a call and returns. The handler is called later with an exception_ptr and a value,
    /// which is what Convert makes of the reply (it may throw). `words` has size() and operator[],
    /// which gives text; it is not needed after the return.
    template <auto Convert, class Words, class Handler>
    void start_call(const Words& words, call_settings settings, Handler handler);

    /// Ends everything; calls under way fail with `why`.
    void close(std::error_code why);

    bool is_open() const noexcept { return open_; }

    /// Why it is not open.
    std::error_code close_reason() const noexcept { return close_reason_; }

    const asio::any_io_executor& executor() const noexcept { return executor_; }

    /// From now on published messages go to `messages`, and confirmations complete calls.
    void deliver_messages_to(std::shared_ptr<message_queue> messages) noexcept {
        messages_ = std::move(messages);
    }

    /// What the calls of its client use.
    std::chrono::milliseconds call_timeout{0};
    protocol_version protocol = protocol_version::resp2;

private:
    template <auto Convert, class Handler>
    friend class call;

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
    bool is_push(const frame& received) const noexcept;
    void on_confirmation(frame&& received);
    void on_reply(frame&& reply);
    void end_batch();

    void enqueue(pending_call* call) noexcept;
    void post_flush();
    pending_call* pop_front() noexcept;
    pending_call* take_all() noexcept;
    void give_up(pending_call* call, std::error_code why);
    void abandon() noexcept;

    void flush();
    void send_rest();
    void on_timer();
    void arm_timer(std::chrono::steady_clock::time_point at);

    // Nodes come from a free list; a larger one, made by a handler of unusual size, does not.
    static constexpr std::size_t node_size = 96;

    union free_node {
        free_node* next;
        std::max_align_t alignment;
        std::byte bytes[node_size];
    };

    void* allocate_node();
    void recycle_node(void* memory) noexcept;
    void destroy(pending_call* call) noexcept;

    asio::any_io_executor executor_;
    asio::ip::tcp::socket socket_;
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

    free_node* free_nodes_ = nullptr;
};

template <auto Convert, class Handler>
class call final : public pending_call {
public:
    using reply_type = std::invoke_result_t<decltype(Convert), frame&&>;

    call(connection& owner, Handler&& handler) : handler_{std::move(handler)} {
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (!slot.is_connected()) return;
        slot.assign([this, &owner](asio::cancellation_type type) {
            // `total` alone asks for a call without effect, which nobody can promise any more.
            constexpr auto served =
                asio::cancellation_type::terminal | asio::cancellation_type::partial;
            if ((type & served) != asio::cancellation_type::none)
                owner.give_up(this, asio::error::operation_aborted);
        });
    }

    void deliver(connection& owner, frame&& reply) override {
        if (!handler_) {
            owner.destroy(this);
            return;
        }
        Handler handler = take_handler();
        owner.destroy(this);

        std::exception_ptr failure;
        reply_type value{};
        try {
            value = Convert(std::move(reply));
        } catch (...) {
            failure = std::current_exception();
        }
        // The reader runs on the connection's executor. A caller on the same one is resumed here
        // and now, which saves it the way through the scheduler.
        const auto executor = asio::get_associated_executor(handler, owner.executor_);
        if constexpr (std::equality_comparable_with<decltype(executor), asio::any_io_executor>) {
            if (executor == owner.executor_) {
                std::move(handler)(std::move(failure), std::move(value));
                return;
            }
        }
        asio::post(executor, [handler = std::move(handler), failure = std::move(failure),
                              value = std::move(value)]() mutable {
            std::move(handler)(std::move(failure), std::move(value));
        });
    }

    void fail(connection& owner, std::error_code why) override {
        if (given_up) return;
        given_up = true;
        fail_later(take_handler(), owner.executor_, why);
    }

    /// For a call that fails before it has begun. A handler without an executor of its own runs on
    /// the other one.
    template <class Executor>
    static void fail_later(Handler handler, const Executor& fallback, std::error_code why) {
        const auto executor = asio::get_associated_executor(handler, fallback);
        asio::post(executor, [handler = std::move(handler), why]() mutable {
            std::move(handler)(std::make_exception_ptr(std::system_error(why)), reply_type{});
        });
    }

private:
    Handler take_handler() {
        asio::get_associated_cancellation_slot(*handler_).clear();
        Handler handler = std::move(*handler_);
        handler_.reset();
        return handler;
    }

    std::optional<Handler> handler_; // empty once it was given up
};

template <auto Convert, class Words, class Handler>
void connection::start_call(const Words& words, call_settings settings, Handler handler) {
    using call_type = call<Convert, Handler>;
    if (!open_) {
        call_type::fail_later(std::move(handler), executor_, close_reason_);
        return;
    }
    constexpr bool fits =
        sizeof(call_type) <= node_size && alignof(call_type) <= alignof(free_node);
    void* const memory = fits ? allocate_node() : ::operator new(sizeof(call_type));
    auto* const started = ::new (memory) call_type{*this, std::move(handler)};
    started->is_pooled = fits;
    started->settings = settings;

    std::size_t room = 0;
    for (std::size_t i = 0; i < words.size(); ++i)
        room += request_writer::room(words[i]);
    try {
        request_writer writer{gathered_, words.size(), room};
        for (std::size_t i = 0; i < words.size(); ++i)
            writer.word(words[i]);
    } catch (const std::bad_alloc&) { // nothing was written
        started->fail(*this, std::make_error_code(std::errc::not_enough_memory));
        destroy(started);
        return;
    }
    enqueue(started);
}

} // namespace mini_redis
