#include <array>
#include <mini_redis/client.hpp>

#include "client/connection.hpp"
#include "client/open_connection.hpp"
#include "client/start_call.hpp"
#include "client/subscription.hpp"

namespace mini_redis {

namespace {

// --- replies as the typed calls return them ---

[[noreturn]] void refuse(frame&& reply) {
    if (reply.is_error()) throw redis_error(std::move(reply).take_text());
    throw std::system_error(errc::unexpected_reply);
}

std::optional<std::string> as_optional_string(frame&& reply) {
    if (reply.is_null()) return std::nullopt;
    if (!reply.is_string()) refuse(std::move(reply));
    return std::move(reply).take_text();
}

std::string as_string(frame&& reply) {
    if (!reply.is_string()) refuse(std::move(reply));
    return std::move(reply).take_text();
}

std::int64_t as_integer(frame&& reply) {
    if (reply.type() != frame_type::integer) refuse(std::move(reply));
    return reply.as_integer();
}

// SET: OK, or null if its condition did not hold.
bool as_was_set(frame&& reply) {
    if (reply.is_null()) return false;
    if (!reply.is_string()) refuse(std::move(reply));
    return true;
}

// --- requests ---

template <std::size_t N>
using words = std::array<std::string_view, N>;

call_settings settings_of(const connection* target) noexcept {
    call_settings settings;
    if (target) settings.time_out = target->call_timeout;
    return settings;
}

template <auto Convert, class Words>
asio::awaitable<reply_of<Convert>> ask(connection* target, Words command) {
    return start_call<Convert>(target, std::move(command), settings_of(target));
}

bool equals_ignoring_case(std::string_view text, std::string_view upper) noexcept {
    if (text.size() != upper.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) return false;
    }
    return true;
}

// Whether there would not be one reply to it, so that the calls behind it would get the wrong ones.
template <class Words>
bool breaks_order(const Words& command) noexcept {
    if (command.size() == 0) return true;
    if (equals_ignoring_case(command[0], "CLIENT"))
        return command.size() > 1 && equals_ignoring_case(command[1], "REPLY");
    for (const std::string_view name : {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE",
                                        "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC", "PSYNC"})
        if (equals_ignoring_case(command[0], name)) return true;
    return false;
}

asio::awaitable<frame> refused_call(std::error_code why) {
    throw std::system_error(why);
    co_return frame{};
}

} // namespace

asio::awaitable<client> client::connect(std::string address, connect_options options) {
    co_return client{co_await open_connection(std::move(address), std::move(options))};
}

client::client(std::shared_ptr<connection> opened) noexcept : connection_{std::move(opened)} {}

client::client() noexcept = default;
client::client(client&&) noexcept = default;

client& client::operator=(client&& other) noexcept {
    if (this != &other) {
        close();
        connection_ = std::move(other.connection_);
    }
    return *this;
}

client::~client() {
    close();
}

void client::close() noexcept {
    if (connection_) connection_->close(errc::client_closed);
}

bool client::is_open() const noexcept {
    return connection_ && connection_->is_open();
}

protocol_version client::protocol() const noexcept {
    return connection_ ? connection_->protocol : protocol_version::resp2;
}

asio::any_io_executor client::get_executor() const {
    return connection_->executor();
}

asio::awaitable<std::optional<std::string>> client::get(std::string_view key) {
    return ask<as_optional_string>(connection_.get(), words<2>{"GET", key});
}

asio::awaitable<bool> client::set(std::string_view key, std::string_view value,
                                  const set_options& options) {
    if (!options.expiry && options.condition == set_condition::always && !options.keep_ttl)
        return ask<as_was_set>(connection_.get(), words<3>{"SET", key, value});
    command_line command{"SET", key, value};
    if (options.expiry) command.add("PX").add(options.expiry->count());
    if (options.condition == set_condition::if_absent) command.add("NX");
    if (options.condition == set_condition::if_present) command.add("XX");
    if (options.keep_ttl) command.add("KEEPTTL");
    return ask<as_was_set>(connection_.get(), std::move(command));
}

asio::awaitable<std::int64_t> client::del(command_line command) {
    return ask<as_integer>(connection_.get(), std::move(command));
}

asio::awaitable<std::int64_t> client::del(std::span<const std::string> keys) {
    command_line command{"DEL"};
    for (const std::string& key : keys)
        command.add(key);
    return del(std::move(command));
}

asio::awaitable<std::string> client::ping() {
    return ask<as_string>(connection_.get(), words<1>{"PING"});
}

asio::awaitable<std::string> client::ping(std::string_view message) {
    return ask<as_string>(connection_.get(), words<2>{"PING", message});
}

asio::awaitable<std::int64_t> client::publish(std::string_view channel, std::string_view message) {
    return ask<as_integer>(connection_.get(), words<3>{"PUBLISH", channel, message});
}

asio::awaitable<frame> client::send(command_line command) {
    if (breaks_order(command)) return refused_call(errc::not_allowed);
    return ask<as_frame>(connection_.get(), std::move(command));
}

asio::awaitable<frame> client::send(std::span<const std::string_view> command) {
    if (breaks_order(command)) return refused_call(errc::not_allowed);
    return ask<as_frame>(connection_.get(), command);
}

asio::awaitable<subscriber> client::subscribe(std::vector<std::string> channels) && {
    return subscription::open(std::move(connection_), "SUBSCRIBE", std::move(channels));
}

asio::awaitable<subscriber> client::psubscribe(std::vector<std::string> patterns) && {
    return subscription::open(std::move(connection_), "PSUBSCRIBE", std::move(patterns));
}

} // namespace mini_redis
