// The calls of a connection and the bytes of their requests, whatever becomes of the socket.
//
//   waiting calls:  their requests lie in the buffer, the first one perhaps written in part
//   sent calls:     their requests were written whole; they wait for replies, in this order
//
// Invariants: bytes are counted from the first request on; the buffer holds those of
// [base_, end()), beginning with the first waiting call's; written_ tells how far the socket got.
// A caller who gives up while nothing of his request was written withdraws it: it is never sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mini_redis/detail/pending_call.hpp>
#include <string_view>
#include <utility>

#include "resp/output_buffer.hpp"

namespace mini_redis {

/// Calls one behind the other; it does not own them.
class call_list {
public:
    bool empty() const noexcept { return !first_; }

    pending_call* first() const noexcept { return first_; }

    void push_back(pending_call* call) noexcept {
        call->next = nullptr;
        (last_ ? last_->next : first_) = call;
        last_ = call;
    }

    /// There must be one.
    pending_call* pop_front() noexcept {
        pending_call* const call = first_;
        first_ = call->next;
        if (!first_) last_ = nullptr;
        return call;
    }

    /// Takes the others, behind its own.
    void append(call_list& others) noexcept {
        if (others.empty()) return;
        (last_ ? last_->next : first_) = others.first_;
        last_ = others.last_;
        others.first_ = others.last_ = nullptr;
    }

    call_list take() noexcept { return std::exchange(*this, call_list{}); }

private:
    pending_call* first_ = nullptr;
    pending_call* last_ = nullptr;
};

/// See the top of this file. Knows no sockets.
class request_queue {
public:
    /// Adds a call whose request `write` appends to the buffer. If that throws, nothing has
    /// happened.
    template <class Write>
    void add(pending_call* call, Write write) {
        call->begin = end();
        write(buffer_);
        waiting_.push_back(call);
    }

    /// What is to be written next: whole requests, as long as less than `most_outstanding` bytes
    /// are sent without a reply, at least one. Withdrawn requests must have been dropped.
    std::string_view writable(std::size_t most_outstanding) const noexcept;

    /// So much of it was written.
    void written(std::size_t size) noexcept;

    /// Whose reply is next; null: nobody's.
    pending_call* first_sent() const noexcept { return sent_.first(); }

    pending_call* pop_sent() noexcept { return sent_.pop_front(); }

    /// The call whose last request is not written whole yet, if something of the first one was.
    /// Of several requests the first may be answered already.
    pending_call* first_begun() const noexcept {
        return waiting_.empty() || !is_begun(*waiting_.first()) ? nullptr : waiting_.first();
    }

    /// A reply has come for first_begun().
    void note_early_reply() noexcept { begun_is_answered_ = true; }

    /// Whether something of the request was written.
    bool is_begun(const pending_call& call) const noexcept { return call.begin < written_; }

    /// The call was given up before it was begun.
    void withdraw(const pending_call& call) noexcept;

    /// Whether withdrawn requests are most of what is held.
    bool is_mostly_withdrawn() const noexcept {
        return withdrawn_ > 64 * 1024 && withdrawn_ > buffer_.size() / 2;
    }

    /// Takes the withdrawn calls out, for the caller to destroy.
    call_list drop_withdrawn() noexcept;

    /// The link is lost: takes the calls out that were sent. A request that was written in part
    /// counts as not written; but of several requests the first may have been executed.
    call_list lose_sent() noexcept;

    /// Puts calls before those that wait; their requests are those of their extras. If there is no
    /// memory for it, nothing has happened.
    void put_back(call_list& calls);

    /// Takes everything out.
    call_list take_all() noexcept;

    bool empty() const noexcept { return sent_.empty() && waiting_.empty(); }

    /// Bytes that wait to be written.
    std::size_t unsent_size() const noexcept { return buffer_.size(); }

    /// For each call, sent ones first; it may be given up meanwhile.
    template <class Visit>
    void visit(Visit visit) const {
        for (const call_list* list : {&sent_, &waiting_})
            for (pending_call* call = list->first(); call; call = call->next)
                visit(*call);
    }

private:
    std::uint64_t end() const noexcept { return base_ + buffer_.size(); }

    std::uint64_t end_of(const pending_call& waiting) const noexcept {
        return waiting.next ? waiting.next->begin : end();
    }

    call_list sent_;
    call_list waiting_;
    output_buffer buffer_;
    std::uint64_t base_ = 0;
    std::uint64_t written_ = 0;
    std::size_t withdrawn_ = 0; // bytes of requests that were
    bool begun_is_answered_ = false;
};

} // namespace mini_redis
