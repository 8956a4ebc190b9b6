#include "client/request_queue.hpp"

#include <cstring>

namespace mini_redis {

namespace {

// Memory that a large request leaves in the buffer, and that is worth keeping.
constexpr std::size_t most_idle_capacity = 1024 * 1024;

} // namespace

std::string_view request_queue::writable(std::size_t most_outstanding) const noexcept {
    const std::string_view all = buffer_.view().substr(written_ - base_);
    const std::uint64_t outstanding = sent_.empty() ? 0 : written_ - sent_.first()->begin;
    if (outstanding + all.size() <= most_outstanding) return all;
    // A request that was begun is finished, whatever it takes.
    std::uint64_t until = written_;
    for (const pending_call* call = waiting_.first(); call; call = call->next) {
        const std::uint64_t end = end_of(*call);
        const bool is_needed = call->begin < written_ || (sent_.empty() && until == written_);
        if (!is_needed && outstanding + (end - written_) > most_outstanding) break;
        until = end;
    }
    return all.substr(0, until - written_);
}

void request_queue::written(std::size_t size) noexcept {
    written_ += size;
    if (written_ == end()) {
        begun_is_answered_ = false;
        sent_.append(waiting_);
        base_ = written_;
        buffer_.clear();
        if (buffer_.capacity() > most_idle_capacity) buffer_.release();
        return;
    }
    while (end_of(*waiting_.first()) <= written_) {
        begun_is_answered_ = false;
        sent_.push_back(waiting_.pop_front());
    }
    const std::uint64_t begin = waiting_.first()->begin;
    buffer_.consume(begin - base_);
    base_ = begin;
}

void request_queue::withdraw(const pending_call& call) noexcept {
    withdrawn_ += end_of(call) - call.begin;
}

call_list request_queue::drop_withdrawn() noexcept {
    call_list dropped;
    if (withdrawn_ == 0) return dropped;
    call_list kept;
    std::uint64_t position = base_;
    for (call_list all = waiting_.take(); !all.empty();) {
        pending_call* const call = all.first();
        const std::uint64_t size = end_of(*call) - call->begin;
        all.pop_front();
        if (call->given_up && !is_begun(*call)) {
            dropped.push_back(call);
            continue;
        }
        char* const bytes = buffer_.data();
        if (position != call->begin)
            std::memmove(bytes + (position - base_), bytes + (call->begin - base_), size);
        call->begin = position;
        position += size;
        kept.push_back(call);
    }
    waiting_ = kept;
    buffer_.truncate(position - base_);
    if (buffer_.empty()) buffer_.clear();
    withdrawn_ = 0;
    return dropped;
}

call_list request_queue::lose_sent() noexcept {
    call_list lost = sent_.take();
    pending_call* const begun = first_begun();
    if (begun && (begun->replies > 1 || begun_is_answered_ || begun->given_up)) {
        const std::uint64_t end = end_of(*begun);
        buffer_.consume(end - base_);
        base_ = end;
        lost.push_back(waiting_.pop_front());
    }
    begun_is_answered_ = false;
    written_ = base_;
    return lost;
}

void request_queue::put_back(call_list& calls) {
    if (calls.empty()) return;
    output_buffer bytes;
    std::size_t size = buffer_.size();
    for (const pending_call* call = calls.first(); call; call = call->next)
        size += call->extras->request.size();
    bytes.prepare(size); // from here on nothing fails
    call_list all;
    while (!calls.empty()) {
        pending_call* const call = calls.pop_front();
        call->begin = base_ + bytes.size();
        bytes.append(call->extras->request);
        all.push_back(call);
    }
    const std::size_t shift = bytes.size();
    bytes.append(buffer_.view());
    buffer_ = std::move(bytes);
    for (pending_call* call = waiting_.first(); call; call = call->next)
        call->begin += shift;
    all.append(waiting_);
    waiting_ = all;
}

call_list request_queue::take_all() noexcept {
    call_list all = sent_.take();
    all.append(waiting_);
    buffer_.release();
    base_ = written_;
    withdrawn_ = 0;
    begun_is_answered_ = false;
    return all;
}

} // namespace mini_redis
