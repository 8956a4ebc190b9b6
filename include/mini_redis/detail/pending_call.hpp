// What a call and the connection that carries it know of each other. Not for applications.
#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mini_redis/call_hook.hpp>
#include <mini_redis/detail/request_batch.hpp>
#include <mini_redis/error.hpp>
#include <mini_redis/reply_view.hpp>
#include <mini_redis/result.hpp>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mini_redis {

/// What a call is told besides its words.
struct call_settings {
    /// Below zero: the client's own. Zero: none.
    std::chrono::milliseconds time_out{-1};
    /// How many replies it gets: of a pipeline, one a command.
    std::uint32_t replies = 1;
    /// They are the confirmations of a SUBSCRIBE or the like.
    bool confirms = false;
    /// It may be executed twice: sent again if its connection is lost.
    bool idempotent = false;
    /// The server may answer late on purpose (BLPOP …), and executes nothing meanwhile; after
    /// `wait` at the latest, or zero: whenever.
    bool blocks = false;
    std::chrono::milliseconds wait{0};
    /// It is the library's own: neither counted nor shown to hooks.
    bool is_own = false;
    /// It fails with this instead of being sent, unless 0.
    errc refused{};
};

/// What few calls have.
struct call_extras {
    /// May be executed twice: with its request, which is sent again, and how many replies it gets.
    bool idempotent = false;
    bool was_sent = false; ///< once, on a connection that was lost
    std::uint32_t replies = 1;
    std::string request{};
    /// What it sets up on the connection if it succeeds, by its request: see connection_setup.
    std::string sets_up{};
    /// What is sent if the server does not know the script.
    std::string fallback{};
    /// Told how it ended.
    std::function<void(const call_end&)> observer{};
};

class call_target;

/// A call that waits for its reply: a node of its holder's queue.
class pending_call {
public:
    virtual ~pending_call() = default;

    /// A reply that is not the last one.
    virtual void collect(const reply_view& reply) = 0;

    /// Hands the last reply to the caller, if it still waits. The node is destroyed before the
    /// caller goes on, which may start a call of its own.
    virtual void deliver(const reply_view& reply) = 0;

    /// Hands the failure to the caller, in a later turn of the loop. The node lives on, as given
    /// up.
    virtual void fail(failure why) = 0;

    call_extras& need_extras() {
        if (!extras) extras = std::make_unique<call_extras>();
        return *extras;
    }

    pending_call* next = nullptr;
    /// Where its request begins, in the bytes of all of them.
    std::uint64_t begin = 0;
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    /// The one that answers for it.
    call_target* holder;
    std::unique_ptr<call_extras> extras;
    std::uint32_t replies = 1; ///< how many are still to come
    bool confirms = false;
    bool blocks = false;
    bool is_unlimited = false; ///< its deadline is for being sent alone
    bool is_own = false;
    bool given_up = false;
    bool is_pooled = false;

protected:
    explicit pending_call(call_target& owner) noexcept : holder{&owner} {}

    pending_call(const pending_call&) = delete;
    pending_call& operator=(const pending_call&) = delete;
};

/// Memory of calls that have ended, for those to come: a free list of nodes of one size.
class call_memory {
public:
    call_memory() = default;
    call_memory(const call_memory&) = delete;
    call_memory& operator=(const call_memory&) = delete;

    ~call_memory() {
        while (free_)
            delete std::exchange(free_, free_->next);
    }

    /// A Call in memory from here, or of its own if a handler of unusual size makes it large.
    template <class Call, class... Args>
    Call* make(Args&&... args) {
        constexpr bool fits = sizeof(Call) <= node_size && alignof(Call) <= alignof(node);
        void* const memory = fits ? allocate() : ::operator new(sizeof(Call));
        auto* const made = ::new (memory) Call{std::forward<Args>(args)...};
        made->is_pooled = fits;
        return made;
    }

    void destroy(pending_call* call) noexcept {
        const bool is_pooled = call->is_pooled;
        call->~pending_call();
        if (!is_pooled) return ::operator delete(call);
        auto* const freed = ::new (static_cast<void*>(call)) node;
        freed->next = std::exchange(free_, freed);
    }

private:
    static constexpr std::size_t node_size = 128;

    union node {
        node* next;
        std::max_align_t alignment;
        std::byte bytes[node_size];
    };

    void* allocate() {
        if (!free_) return new node;
        return std::exchange(free_, free_->next);
    }

    node* free_ = nullptr;
};

/// Where calls go: a connection, or what chooses one.
///
/// *Thread safety*: belongs to its executor.
class call_target {
public:
    /// Takes the call over and sends its words, which are not needed after the return. If that
    /// cannot be, the call fails in a later turn of the loop.
    virtual void start(pending_call* call, const call_settings& settings,
                       std::span<const std::string_view> words) = 0;

    /// The same with requests that are written out already; as many as the call expects replies.
    virtual void start(pending_call* call, const call_settings& settings,
                       const request_batch& requests) = 0;

    /// The caller of a call that it holds does not wait any longer; the reply is dropped when it
    /// comes.
    virtual void give_up(pending_call* call, std::error_code why) = 0;

    const asio::any_io_executor& executor() const noexcept { return executor_; }

    call_memory& memory() noexcept { return memory_; }

protected:
    explicit call_target(asio::any_io_executor executor) noexcept
        : executor_{std::move(executor)} {}

    ~call_target() = default;

    asio::any_io_executor executor_;
    call_memory memory_;
};

/// Chooses where a call goes.
///
/// *Thread safety*: belongs to its executor.
class call_router {
public:
    /// For a call with these settings; `words` are those of its (first) request, or none.
    virtual call_target& route(const call_settings& settings,
                               std::span<const std::string_view> words) = 0;

protected:
    ~call_router() = default;
};

} // namespace mini_redis
