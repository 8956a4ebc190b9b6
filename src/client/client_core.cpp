#include <mini_redis/detail/client_core.hpp>

#include <utility>

#include "client/connection.hpp"
#include "client/open_connection.hpp"
#include "client/subscription.hpp"

namespace mini_redis {

namespace {

bool equals_ignoring_case(std::string_view text, std::string_view upper) noexcept {
    if (text.size() != upper.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) return false;
    }
    return true;
}

} // namespace

asio::awaitable<client_core> client_core::open(std::string address, connect_options options) {
    co_return client_core{co_await open_connection(std::move(address), std::move(options))};
}

client_core::client_core(std::shared_ptr<connection> opened) noexcept
    : connection_{std::move(opened)} {}

client_core::client_core() noexcept = default;
client_core::client_core(client_core&&) noexcept = default;

client_core& client_core::operator=(client_core&& other) noexcept {
    if (this != &other) {
        close();
        connection_ = std::move(other.connection_);
    }
    return *this;
}

client_core::~client_core() {
    close();
}

call_target* client_core::target() const noexcept {
    return connection_.get();
}

void client_core::close() noexcept {
    if (connection_) connection_->close(errc::client_closed);
}

bool client_core::is_open() const noexcept {
    return connection_ && connection_->is_open();
}

protocol_version client_core::protocol() const noexcept {
    return connection_ ? connection_->protocol : protocol_version::resp2;
}

asio::awaitable<subscriber> client_core::subscribe(client_core from, std::string_view command,
                                                   std::vector<std::string> names) {
    return subscription::open(std::move(from.connection_), command, std::move(names));
}

bool has_one_reply(std::span<const std::string_view> words) noexcept {
    if (words.empty()) return false;
    if (equals_ignoring_case(words[0], "CLIENT"))
        return words.size() < 2 || !equals_ignoring_case(words[1], "REPLY");
    for (const std::string_view name : {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE",
                                        "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC", "PSYNC"})
        if (equals_ignoring_case(words[0], name)) return false;
    return true;
}

} // namespace mini_redis
