// The links of a connection: made, tried, lost and made again.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <random>

#include "client/connection.hpp"
#include "client/deadline.hpp"
#include "client/introduction.hpp"

namespace mini_redis {

namespace {

using std::chrono::milliseconds;

// However an attempt ends, nothing of it stays: its timer would keep the loop.
class end_of_attempt {
public:
    explicit end_of_attempt(std::shared_ptr<dialer> ended) noexcept : ended_{std::move(ended)} {}

    end_of_attempt(const end_of_attempt&) = delete;
    end_of_attempt& operator=(const end_of_attempt&) = delete;

    ~end_of_attempt() { ended_->cancel(); }

private:
    std::shared_ptr<dialer> ended_;
};

// Twice as long each time, and random, so that many clients do not come back at the same moment.
milliseconds pause_before(unsigned attempt, const connect_options& options,
                          std::minstd_rand& random) {
    if (attempt == 0) return milliseconds{0};
    const auto longest = std::max<milliseconds::rep>(options.longest_reconnect_delay.count(), 1);
    auto delay = std::clamp<milliseconds::rep>(options.reconnect_delay.count(), 1, longest);
    for (unsigned i = 1; i < attempt && delay < longest; ++i)
        delay = delay > longest / 2 ? longest : delay * 2;
    std::uniform_int_distribution<milliseconds::rep> jitter{delay / 2, delay};
    return milliseconds{jitter(random)};
}

// Who closes at HELLO without a word is asked once more, without it.
asio::awaitable<protocol_version> reach(dialer& by, const server_address& where,
                                        const connect_options& options) {
    co_await by.dial(where, options);
    try {
        co_return co_await introduce(by.reached(), options, options.protocol);
    } catch (const hello_unanswered&) {
    }
    co_await by.dial(where, options);
    co_return co_await introduce(by.reached(), options, protocol_version::resp2);
}

} // namespace

asio::awaitable<void> connection::connect(std::shared_ptr<connection> self) {
    co_await self->make_link();
    self->begin_link();
}

void connection::open() {
    asio::co_spawn(executor_, keep_up(keeper_scope{shared_from_this()}),
                   [self = shared_from_this()](const std::exception_ptr& failed) {
                       // Only running out of memory gets here: the rest is handled inside.
                       if (failed) self->close(std::make_error_code(std::errc::not_enough_memory));
                   });
}

asio::awaitable<void> connection::keep_up(keeper_scope scope) {
    connection& self = *scope;
    co_await self.wait_until_admitted();
    while (self.open_) {
        if (!self.link_) co_await self.make_link_again();
        if (!self.open_) break;
        co_await self.read_replies();
        self.end_link();
    }
}

void connection::hold(std::string why) {
    is_held_ = true;
    trouble_ = std::move(why);
}

void connection::admit() {
    is_held_ = false;
    trouble_.clear();
    pause_.cancel();
}

asio::awaitable<void> connection::wait_until_admitted() {
    while (open_ && is_held_) {
        pause_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await pause_.async_wait(use_tuple);
    }
}

asio::awaitable<void> connection::make_link() {
    const auto dialing = std::make_shared<dialer>(executor_);
    const end_of_attempt guard{dialing};
    dialer_ = dialing;
    const connect_options& options = context_->options;
    dialing->limit(options.connect_timeout);
    try {
        protocol_ = co_await reach(*dialing, context_->where, options);
    } catch (const std::system_error& error) {
        const std::error_code code =
            dialing->is_late() ? make_error_code(errc::timed_out) : error.code();
        throw std::system_error(code, "connecting to " + context_->name);
    }
    link_ = dialing->release();
}

asio::awaitable<void> connection::make_link_again() {
    while (open_ && !link_) {
        co_await pause_before_trying();
        if (!open_) co_return;
        destroy(queue_.drop_withdrawn());
        if (!is_needed()) {
            close(errc::connection_closed);
            co_return;
        }
        ++attempts_;
        bool has_failed = true;
        try {
            co_await make_link();
            has_failed = false;
        } catch (const std::exception& error) {
            trouble_ = error.what();
        }
        if (!open_) co_return;
        if (!has_failed) {
            begin_link();
            co_return;
        }
        context_->log(log_level::warn, trouble_);
        if (!context_->options.wait_for_connection)
            fail_and_destroy(queue_.take_all(), errc::not_sent);
    }
}

asio::awaitable<void> connection::pause_before_trying() {
    const milliseconds pause = pause_before(attempts_, context_->options, context_->random);
    if (pause.count() == 0) co_return;
    pause_.expires_at(deadline_after(std::chrono::steady_clock::now(), pause));
    co_await pause_.async_wait(use_tuple);
}

// Connections of the pool are of no use without calls, but for the first, which is yet to come.
bool connection::is_needed() const noexcept {
    const bool is_new = links_ == 0 && attempts_ == 0;
    return use_ == connection_use::calls || is_new || !queue_.empty();
}

bool connection::can_be_linked_again() const noexcept {
    return open_ && context_->options.reconnect && use_ != connection_use::transaction;
}

void connection::begin_link() {
    is_linked_ = true;
    trouble_.clear();
    awaits_room_ = write_failed_ = is_paused_ = false;
    parser_ = reply_parser{};
    ++context_->counters.connections;
    if (links_++ > 0) {
        ++context_->counters.reconnects;
        context_->log(log_level::info, "connected to " + context_->name + " again");
    } else {
        context_->log(log_level::debug, "connected to " + context_->name);
    }
    is_restoring_ = true;
    restore_setup();
    if (user_) user_->on_link(*this);
    is_restoring_ = false;
    try {
        queue_.put_back(restoring_);
    } catch (const std::bad_alloc&) { // then the next link has to do
        destroy(restoring_.take());
        lose_link(std::make_error_code(std::errc::not_enough_memory));
    }
    was_heard_ = was_pinged_ = false;
    beat();
    flush();
}

// What was refused is as the introduction has left it: the log tells.
void connection::restore_setup() {
    for (const auto& [name, request] : context_->setup.requests()) {
        call_settings settings;
        settings.time_out = milliseconds{0};
        settings.is_own = true;
        start_call<frame>(this, request_batch{request}, settings, frame_reader{},
                          [self = shared_from_this(), what = name](const std::exception_ptr&,
                                                                   const frame& reply) {
                              if (reply.is_error())
                                  self->context_->log(
                                      log_level::error,
                                      what + " cannot be repeated: " + std::string{reply.text()});
                          });
    }
    setup_version_ = context_->setup.version();
}

void connection::lose_link(std::error_code why, std::string_view text) {
    if (!is_linked_) return;
    is_linked_ = false;
    trouble_ = text.empty() ? why.message() : std::string{text} + ": " + why.message();
    link_->close();
}

void connection::end_link() {
    is_linked_ = false;
    pulse_.cancel();
    link_.reset();
    if (!open_) return;
    context_->log(log_level::warn, "lost the connection to " + context_->name + ": " + trouble_);
    settle(queue_.lose_sent());
    if (!can_be_linked_again())
        close(errc::not_sent);
    else if (!context_->options.wait_for_connection)
        fail_and_destroy(queue_.take_all(), errc::not_sent);
}

// --- whether the server is still there ---

void connection::beat() {
    if (context_->options.health_check.count() <= 0) return;
    pulse_.expires_at(
        deadline_after(std::chrono::steady_clock::now(), context_->options.health_check));
    pulse_.async_wait([self = shared_from_this(), link = links_](std::error_code error) {
        if (error || !self->is_linked_ || self->links_ != link) return;
        self->check_health();
    });
}

void connection::check_health() {
    const pending_call* const waits = queue_.first_sent();
    // A server that waits for an element answers nothing, and one that is not read from neither.
    const bool cannot_tell = is_paused_ || (waits && waits->blocks);
    if (was_heard_ || cannot_tell) {
        was_heard_ = was_pinged_ = false;
    } else if (!was_pinged_) {
        was_pinged_ = true;
        call_settings settings;
        settings.time_out = milliseconds{0};
        settings.is_own = true;
        start_call<frame>(this, short_command{"PING"}, settings, frame_reader{},
                          [](const std::exception_ptr&, const frame&) {});
    } else {
        return lose_link(errc::timed_out, "nothing was heard, not even an answer to PING");
    }
    beat();
}

} // namespace mini_redis
