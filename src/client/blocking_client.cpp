#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <mini_redis/blocking_client.hpp>
#include <utility>

#include "client/deadline.hpp"

namespace mini_redis {

/// The loop, which runs only while a call is under way, and what is connected to it: one of the
/// two.
struct blocking_client::state {
    using clock = std::chrono::steady_clock;

    asio::io_context context{1};
    client_core connected;
    subscriber subscribed;

    /// Runs the loop until the call has ended. After `until` the call is cancelled, and fails with
    /// errc::timed_out.
    template <class T>
    T run(asio::awaitable<T> call, clock::time_point until = clock::time_point::max()) {
        std::exception_ptr failure;
        std::optional<T> result;
        asio::cancellation_signal cancel;
        bool has_ended = false;
        asio::co_spawn(
            context, std::move(call),
            asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown, T value) {
                has_ended = true;
                failure = std::move(thrown);
                if (!failure) result.emplace(std::move(value));
            }));
        context.restart();
        const bool is_limited = until != clock::time_point::max();
        bool is_late = false;
        while (!has_ended) {
            if (!is_limited || is_late) {
                context.run_one();
            } else if (context.run_one_until(until) == 0) {
                // What can end it without waiting may: a time-out of zero is no cancellation.
                while (!has_ended && context.poll_one() != 0) {
                }
                if (has_ended) break;
                is_late = true;
                cancel.emit(asio::cancellation_type::terminal);
            }
        }
        if (!failure) return *std::move(result);
        if (is_late) throw std::system_error(errc::timed_out);
        std::rethrow_exception(failure);
    }

    struct nothing {};

    void run(asio::awaitable<void> call) { run(with_value(std::move(call))); }

    static asio::awaitable<nothing> with_value(asio::awaitable<void> call) {
        co_await std::move(call);
        co_return nothing{};
    }

    /// Of a client that was moved from, the state is null.
    static state& of(const std::unique_ptr<state>& held) {
        if (!held) throw std::system_error(errc::client_closed);
        return *held;
    }
};

blocking_client blocking_client::connect(std::string address, connect_options options) {
    auto made = std::make_unique<state>();
    made->connected = made->run(client_core::open(std::move(address), std::move(options)));
    return blocking_client{std::move(made)};
}

blocking_client::blocking_client(std::unique_ptr<state> connected) noexcept
    : state_{std::move(connected)} {}

blocking_client::blocking_client(blocking_client&&) noexcept = default;
blocking_client& blocking_client::operator=(blocking_client&&) noexcept = default;
blocking_client::~blocking_client() = default;

call_target* blocking_client::target() const {
    return state::of(state_).connected.target();
}

void blocking_client::run_until(const bool& has_ended) {
    asio::io_context& context = state_->context;
    context.restart();
    while (!has_ended)
        context.run_one();
}

blocking_subscriber blocking_client::subscribe(std::vector<std::string> channels) && {
    auto held = std::move(state_);
    state& from = state::of(held);
    from.subscribed = from.run(
        client_core::subscribe(std::move(from.connected), "SUBSCRIBE", std::move(channels)));
    return blocking_subscriber{std::move(held)};
}

blocking_subscriber blocking_client::psubscribe(std::vector<std::string> patterns) && {
    auto held = std::move(state_);
    state& from = state::of(held);
    from.subscribed = from.run(
        client_core::subscribe(std::move(from.connected), "PSUBSCRIBE", std::move(patterns)));
    return blocking_subscriber{std::move(held)};
}

void blocking_client::close() noexcept {
    if (state_) state_->connected.close();
}

bool blocking_client::is_open() const noexcept {
    return state_ && state_->connected.is_open();
}

protocol_version blocking_client::protocol() const noexcept {
    return state_ ? state_->connected.protocol() : protocol_version::resp2;
}

// --- subscriber ---

blocking_subscriber::blocking_subscriber(std::unique_ptr<blocking_client::state> connected) noexcept
    : state_{std::move(connected)} {}

blocking_subscriber::blocking_subscriber(blocking_subscriber&&) noexcept = default;
blocking_subscriber& blocking_subscriber::operator=(blocking_subscriber&&) noexcept = default;
blocking_subscriber::~blocking_subscriber() = default;

std::optional<message> blocking_subscriber::next() {
    auto& held = blocking_client::state::of(state_);
    return held.run(held.subscribed.next());
}

std::optional<message> blocking_subscriber::next(std::chrono::milliseconds time_out) {
    auto& held = blocking_client::state::of(state_);
    const auto now = std::chrono::steady_clock::now();
    return held.run(held.subscribed.next(), deadline_after(now, time_out));
}

void blocking_subscriber::subscribe(std::vector<std::string> channels) {
    auto& held = blocking_client::state::of(state_);
    held.run(held.subscribed.subscribe(std::move(channels)));
}

void blocking_subscriber::psubscribe(std::vector<std::string> patterns) {
    auto& held = blocking_client::state::of(state_);
    held.run(held.subscribed.psubscribe(std::move(patterns)));
}

void blocking_subscriber::unsubscribe(std::vector<std::string> channels) {
    auto& held = blocking_client::state::of(state_);
    held.run(held.subscribed.unsubscribe(std::move(channels)));
}

void blocking_subscriber::punsubscribe(std::vector<std::string> patterns) {
    auto& held = blocking_client::state::of(state_);
    held.run(held.subscribed.punsubscribe(std::move(patterns)));
}

std::vector<std::string> blocking_subscriber::channels() const {
    return state_ ? state_->subscribed.channels() : std::vector<std::string>{};
}

std::vector<std::string> blocking_subscriber::patterns() const {
    return state_ ? state_->subscribed.patterns() : std::vector<std::string>{};
}

} // namespace mini_redis
