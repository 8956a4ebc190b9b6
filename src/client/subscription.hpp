// What a subscriber is subscribed to, and the messages that wait to be taken.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mini_redis/subscriber.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "client/connection.hpp"
#include "client/message_queue.hpp"

namespace mini_redis {

/// The state behind a subscriber, and the user of its connection.
///
/// Invariant: the names are at least those that the server may hold, so that leaving all of them is
/// complete.
class subscription final : public connection_user {
public:
    subscription(const asio::any_io_executor& executor, std::shared_ptr<client_context> context);

    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;

    ~subscription() { close(); }

    /// Makes one that is subscribed, on the executor that it runs on; `context` is of a client on
    /// `owner`, or null if that was moved from; `loop` is a blocking one's, or null.
    static asio::awaitable<subscription_core> open(std::shared_ptr<client_context> context,
                                                   asio::any_io_executor owner, turn_end* loop,
                                                   channel_kind kind,
                                                   std::vector<std::string> names);

    /// The coroutines take shared ownership: the subscriber may be destroyed meanwhile.
    static asio::awaitable<std::optional<message>>
    next(std::shared_ptr<subscription> self, std::chrono::steady_clock::time_point until);
    static asio::awaitable<void> enter(std::shared_ptr<subscription> self, channel_kind kind,
                                       std::vector<std::string> names);
    static asio::awaitable<void> leave(std::shared_ptr<subscription> self, channel_kind kind,
                                       std::vector<std::string> names);

    std::optional<message> try_next() { return messages_->try_pop(); }

    void close();

    std::vector<std::string> names(channel_kind kind) const;

    std::uint64_t reconnects() const noexcept { return links_ == 0 ? 0 : links_ - 1; }

    const asio::any_io_executor& executor() const noexcept { return connection_->executor(); }

    void on_link(connection& on) override;
    bool on_push(const reply_view& push) override;
    asio::awaitable<void> wait_for_room() override;
    void on_close(connection& on) noexcept override;

private:
    struct interest {
        /// The last request that asked for it. Requests are answered in the order in which they
        /// were made, so a later one stands against an earlier one's outcome.
        std::uint64_t request = 0;
        /// No request is under way for it: a new link has to subscribe to it.
        bool is_settled = false;
    };

    using name_map = std::map<std::string, interest>;

    asio::awaitable<void> ask(std::string_view command, const std::vector<std::string>& names);
    static void forget(name_map& held, const std::vector<std::string>& names,
                       std::uint64_t request);
    static void settle(name_map& held, const std::vector<std::string>& names);

    name_map& names_of(channel_kind kind) noexcept {
        return names_[static_cast<std::size_t>(kind)];
    }

    std::shared_ptr<connection> connection_;
    std::shared_ptr<message_queue> messages_;
    std::array<name_map, 3> names_; // by kind
    std::uint64_t requests_ = 0;
    std::uint64_t links_ = 0;
};

} // namespace mini_redis
