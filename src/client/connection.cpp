#include "client/connection.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <tuple>

#include "client/deadline.hpp"
#include "client/push_kind.hpp"
#include "resp/output_buffer.hpp"
#include "resp/request_writer.hpp"

namespace mini_redis {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t read_size = 64 * 1024;

// How much a server may owe to callers who have given up before it gets more to do.
constexpr std::size_t most_owed = 4096;

// Memory that a large reply leaves in the read buffer, and that is worth keeping.
constexpr std::size_t most_idle_capacity = 1024 * 1024;

constexpr std::chrono::milliseconds timer_resolution{1};

} // namespace

connection::connection(asio::any_io_executor executor, std::shared_ptr<client_context> context,
                       connection_use use, connection_user* user)
    : call_target{std::move(executor)},
      context_{std::move(context)},
      use_{use},
      user_{user},
      pause_{executor_},
      timer_{executor_},
      pulse_{executor_} {}

// --- in ---

asio::awaitable<void> connection::read_replies() {
    output_buffer unread;
    while (is_linked_) {
        // A large reply gets its room as it comes, by doubling.
        const std::size_t missing = parser_.needed() - std::min(parser_.needed(), unread.size());
        const std::size_t room = std::max(read_size, std::min(missing, unread.size()));
        const auto into = asio::buffer(unread.prepare(room), room);
        std::error_code error;
        std::size_t size = 0;
        if (link_->has_tls())
            std::tie(error, size) = co_await link_->read_through_tls(into);
        else
            std::tie(error, size) = co_await link_->socket().async_read_some(into, use_tuple);
        if (error) {
            lose_link(error == asio::error::eof ? make_error_code(errc::connection_closed) : error);
            break;
        }
        was_heard_ = true;
        context_->counters.bytes_received += size;
        unread.commit(size);
        is_reading_batch_ = true;
        while (is_linked_) {
            const reply_parser::result result = parser_.parse(unread.view());
            if (result == reply_parser::result::need_more) break;
            if (result == reply_parser::result::error) {
                lose_link(errc::protocol_error, parser_.error_text());
                break;
            }
            const reply_view received = parser_.view(unread.data());
            if (!is_push(received))
                on_reply(received);
            else if (!confirms(received) && user_ && !user_->on_push(received))
                co_await take_push(received);
            unread.consume(parser_.consumed());
        }
        end_batch();
        if (unread.empty() && unread.capacity() > most_idle_capacity) unread.release();
    }
}

// Nothing more is read until its user has room for it, which is the back-pressure.
asio::awaitable<void> connection::take_push(const reply_view& received) {
    end_batch();
    is_paused_ = true;
    while (is_linked_ && user_) {
        co_await user_->wait_for_room();
        if (user_ && user_->on_push(received)) break;
    }
    is_paused_ = false;
    was_heard_ = true;
    is_reading_batch_ = true;
}

// What the callers asked for while they were resumed goes out together.
void connection::end_batch() {
    is_reading_batch_ = false;
    flush();
}

bool connection::is_push(const reply_view& received) const noexcept {
    if (received.type() == frame_type::push) return true;
    return expects_pushes_ && protocol_ == protocol_version::resp2 &&
           received.type() == frame_type::array && is_push_kind(push_kind(received));
}

bool connection::confirms(const reply_view& push) {
    const pending_call* const call = queue_.first_sent();
    if (!call || !call->confirms || !is_confirmation_kind(push_kind(push))) return false;
    on_reply(push);
    return true;
}

void connection::on_reply(const reply_view& reply) {
    pending_call* const call = queue_.first_sent();
    if (!call && is_early(reply)) return;
    if (!call) { // the order is lost
        lose_link(errc::protocol_error,
                  reply.is_error() ? reply.text() : "a reply that nobody asked for");
        return;
    }
    attempts_ = 0;
    if (call->replies > 1 && !(call->confirms && reply.is_error())) {
        --call->replies;
        if (!call->confirms) call->collect(reply);
        return;
    }
    queue_.pop_sent();
    if (call->given_up) {
        --owed_;
    } else {
        if (call->extras && asks_again(*call, reply)) return;
        if (call->extras && !call->extras->sets_up.empty() && !reply.is_error()) {
            context_->setup.remember(call->extras->sets_up, call->extras->request);
            setup_version_ = context_->setup.version();
        }
        if (reply.is_error())
            count_end(*call, {errc::error_reply, reply.text(), parser_.consumed()});
        else
            count_end(*call, {{}, {}, parser_.consumed()});
    }
    // Before the caller goes on, who may need such a connection again.
    if (user_ && queue_.empty()) user_->on_idle(*this);
    try {
        call->deliver(reply);
    } catch (...) {
        // A caller's completion handler threw. That belongs to whoever runs the loop, and must not
        // end the reader.
        asio::post(executor_,
                   [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
    }
}

// The first commands of a pipeline may be answered before its last one is written.
bool connection::is_early(const reply_view& reply) {
    pending_call* const begun = queue_.first_begun();
    if (!begun || begun->replies == 1 || begun->confirms) return false;
    --begun->replies;
    begun->collect(reply);
    queue_.note_early_reply();
    return true;
}

// A script that the server does not know is sent whole.
bool connection::asks_again(pending_call& call, const reply_view& reply) {
    std::string& fallback = call.extras->fallback;
    if (fallback.empty() || !reply.is_error() || !reply.text().starts_with("NOSCRIPT"))
        return false;
    try {
        queue_.add(&call, [&](output_buffer& out) { out.append(fallback); });
    } catch (const std::bad_alloc&) {
        return false;
    }
    // If it has to be sent once more, perhaps to another server that does not know it either.
    if (call.extras->idempotent) call.extras->request = std::move(fallback);
    fallback.clear();
    return true;
}

// --- out ---

void connection::start(pending_call* call, const call_settings& settings,
                       std::span<const std::string_view> words) {
    const std::string_view command = words.empty() ? std::string_view{} : words[0];
    if (connection_setup::may_set_up(command)) [[unlikely]] {
        std::string name = connection_setup::name_of(words);
        if (!name.empty()) call->need_extras().sets_up = std::move(name);
    }
    start_with(call, settings, {command, 1, 0},
               [words](output_buffer& out) { write_request(out, words); });
}

void connection::start(pending_call* call, const call_settings& settings,
                       const request_batch& requests) {
    if (!requests.fallback().empty()) call->need_extras().fallback = requests.fallback();
    start_with(call, settings, {requests.command(), requests.size(), 0},
               [&](output_buffer& out) { out.append(requests.bytes()); });
}

template <class Write>
void connection::start_with(pending_call* call, const call_settings& settings, call_begin begin,
                            Write write) {
    call->is_own = settings.is_own;
    if (!settings.is_own) {
        ++context_->counters.calls;
        ++context_->counters.in_flight;
    }
    call->holder = this;
    call->replies = settings.replies;
    call->confirms = settings.confirms;
    call->blocks = settings.blocks;
    std::optional<failure> refused = refusal(settings);
    const std::size_t unsent = queue_.unsent_size();
    if (!refused) {
        try {
            const bool sets_up = call->extras && !call->extras->sets_up.empty();
            if (settings.idempotent || is_restoring_ || sets_up) [[unlikely]] {
                call->need_extras().idempotent = settings.idempotent;
                add_with_copy(call, write);
            } else {
                queue_.add(call, write);
            }
        } catch (const std::bad_alloc&) { // nothing was written
            refused = failure::unsent(std::make_error_code(std::errc::not_enough_memory));
        }
    }
    if (context_->options.on_call && !settings.is_own) [[unlikely]] {
        begin.size = queue_.unsent_size() - unsent;
        const hook_scope scope{*this};
        call_observer observer = context_->options.on_call(begin);
        if (observer) call->need_extras().observer = std::move(observer);
    }
    if (refused) {
        fail(*call, *std::move(refused));
        return memory_.destroy(call);
    }
    stamp(*call, settings);
    if (!flush_is_posted_ && !is_reading_batch_) post_flush();
}

// Of a call that may have to be sent once more.
template <class Write>
void connection::add_with_copy(pending_call* call, Write write) {
    output_buffer request;
    write(request);
    call_extras& extras = *call->extras;
    extras.request = request.view();
    extras.replies = call->replies;
    if (is_restoring_)
        restoring_.push_back(call);
    else
        queue_.add(call, [&](output_buffer& out) { out.append(extras.request); });
}

std::optional<failure> connection::refusal(const call_settings& settings) const {
    if (settings.refused != errc{}) return failure::unsent(settings.refused);
    if (!open_) return failure::unsent(close_reason_, trouble_);
    if (queue_.unsent_size() > context_->options.most_unsent)
        return failure::unsent(errc::overloaded);
    if (!is_linked_ && !context_->options.wait_for_connection && (links_ > 0 || attempts_ > 1))
        return failure::unsent(errc::not_sent, trouble_);
    return std::nullopt;
}

// The clock is read once a turn of the loop.
void connection::stamp(pending_call& call, const call_settings& settings) {
    std::chrono::milliseconds time_out = settings.time_out;
    if (time_out.count() < 0) {
        time_out = context_->options.call_timeout;
        call.is_unlimited = settings.blocks && settings.wait.count() <= 0;
        if (settings.blocks && time_out.count() > 0) time_out = longer(time_out, settings.wait);
    }
    if (time_out.count() <= 0) return;
    if (!turn_time_) turn_time_ = steady_clock::now();
    call.deadline = deadline_after(*turn_time_, time_out);
    if (call.deadline < timer_at_) arm_timer(call.deadline);
}

// At the end of this turn of the loop, so that all calls made in it are written together.
void connection::post_flush() {
    flush_is_posted_ = true;
    if (context_->loop) return context_->loop->flush_then(shared_from_this());
    asio::post(executor_, [self = shared_from_this()] { self->flush_now(); });
}

void connection::flush_now() {
    flush_is_posted_ = false;
    flush();
}

void connection::flush() {
    turn_time_.reset();
    if (is_held_) {
        destroy(queue_.drop_withdrawn());
        if (user_ && queue_.empty()) user_->on_idle(*this); // it need not wait any longer
        return;
    }
    if (!is_linked_ || awaits_room_ || write_failed_) {
        if (queue_.is_mostly_withdrawn()) destroy(queue_.drop_withdrawn());
        return;
    }
    destroy(queue_.drop_withdrawn());
    if (user_ && queue_.empty()) user_->on_idle(*this); // its call was withdrawn
    if (owed_ > most_owed) return; // until it has answered some: what is not sent can be withdrawn
    while (true) {
        const std::string_view bytes = queue_.writable(context_->options.most_outstanding);
        if (bytes.empty()) return;
        std::error_code error;
        const std::size_t size = link_->write_some(bytes, error);
        if (error == asio::error::would_block || error == asio::error::try_again) {
            awaits_room_ = true;
            link_->when_writable([self = shared_from_this(), link = links_] {
                if (!self->is_linked_ || self->links_ != link) return;
                self->awaits_room_ = false;
                self->was_heard_ = true; // who takes bytes is there
                self->flush();
            });
            return;
        }
        if (error) { // what the server has said before it closed can still be read
            write_failed_ = true;
            return;
        }
        context_->counters.bytes_sent += size;
        queue_.written(size);
    }
}

// The calls are as they were: their requests, their deadlines, and who waits for them.
void connection::take_over(connection& held) {
    queue_ = std::exchange(held.queue_, request_queue{});
    auto earliest = steady_clock::time_point::max();
    queue_.visit([&](pending_call& call) {
        call.holder = this;
        earliest = std::min(earliest, call.deadline);
    });
    if (earliest < timer_at_) arm_timer(earliest);
    if (!flush_is_posted_ && !is_reading_batch_) post_flush();
    held.close(errc::client_closed);
}

// --- ends ---

bool connection::may_have_run(const pending_call& call) const noexcept {
    return queue_.is_begun(call) || (call.extras && call.extras->was_sent);
}

void connection::give_up(pending_call* call, std::error_code why) {
    if (call->given_up) return;
    const bool is_begun = queue_.is_begun(*call);
    const bool may_run = may_have_run(*call);
    fail(*call, failure{why, may_run ? std::string{} : trouble_, may_run});
    if (!is_begun) {
        queue_.withdraw(*call);
        if (!flush_is_posted_ && (is_held_ || queue_.is_mostly_withdrawn())) post_flush();
        return;
    }
    ++owed_;
    // It would take what nobody waits for any more, such as an element of a list.
    if (call->blocks) lose_link(errc::client_closed);
}

void connection::on_timer() {
    timer_at_ = steady_clock::time_point::max();
    const auto now = steady_clock::now();
    auto earliest = timer_at_;
    queue_.visit([&](pending_call& call) {
        if (call.given_up) return;
        if (call.is_unlimited && queue_.is_begun(call))
            call.deadline = steady_clock::time_point::max();
        if (call.deadline <= now)
            give_up(&call, errc::timed_out);
        else
            earliest = std::min(earliest, call.deadline);
    });
    if (open_ && earliest != timer_at_) arm_timer(std::max(earliest, now + timer_resolution));
}

void connection::arm_timer(steady_clock::time_point at) {
    timer_at_ = at;
    timer_.expires_at(at);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (!error && self->open_) self->on_timer();
    });
}

void connection::count_end(const pending_call& call, const call_end& end) {
    if (call.is_own) return;
    client_counters& counters = context_->counters;
    --counters.in_flight;
    if (end.error == errc::error_reply)
        ++counters.error_replies;
    else if (end.error)
        ++counters.failures;
    if (!call.extras || !call.extras->observer) return;
    const hook_scope scope{*this};
    call.extras->observer(end);
}

void connection::fail(pending_call& call, failure why) {
    if (call.given_up) return;
    count_end(call, {why.code(), why.text(), 0});
    call.fail(std::move(why));
}

void connection::fail_and_destroy(call_list calls, std::error_code why) {
    while (!calls.empty()) {
        pending_call* const call = calls.pop_front();
        const bool may_run = may_have_run(*call);
        fail(*call, failure{why, may_run ? std::string{} : trouble_, may_run});
        memory_.destroy(call);
    }
}

void connection::destroy(call_list calls) noexcept {
    while (!calls.empty())
        memory_.destroy(calls.pop_front());
}

// What becomes of the calls that were under way on a link that is lost.
void connection::settle(call_list sent) {
    owed_ = 0;
    call_list again;
    while (!sent.empty()) {
        pending_call* const call = sent.pop_front();
        call_extras* const extras = call->extras.get();
        if (!call->given_up && extras && extras->idempotent && can_be_linked_again() &&
            (call->confirms || call->replies == extras->replies)) {
            extras->was_sent = true;
            call->replies = extras->replies;
            again.push_back(call);
            continue;
        }
        fail(*call, failure{errc::unknown_outcome, trouble_});
        memory_.destroy(call);
    }
    try {
        queue_.put_back(again);
    } catch (const std::bad_alloc&) {
        while (!again.empty()) {
            pending_call* const call = again.pop_front();
            fail(*call, failure{errc::unknown_outcome, trouble_});
            memory_.destroy(call);
        }
    }
}

void connection::close(std::error_code why) {
    if (!open_) return;
    if (hooks_ > 0) { // who called the hook is not done
        asio::post(executor_, [self = shared_from_this(), why] { self->close(why); });
        return;
    }
    open_ = false;
    close_reason_ = why;
    is_linked_ = false;
    timer_.cancel();
    pulse_.cancel();
    pause_.cancel();
    if (dialer_) dialer_->cancel();
    if (link_) link_->close();
    fail_and_destroy(queue_.take_all(), why);
    if (connection_user* const user = std::exchange(user_, nullptr)) user->on_close(*this);
}

// The loop is gone: nobody can be told, but everything is freed.
void connection::abandon() noexcept {
    const call_list calls = queue_.take_all();
    close(errc::client_closed);
    destroy(calls);
}

asio::awaitable<frame> ask(connection& to, command_line command, call_settings settings) {
    return start_call<frame>(&to, std::move(command), settings, frame_reader{},
                             asio::use_awaitable);
}

} // namespace mini_redis
