// What a subscriber is subscribed to, and the messages that wait to be taken.
#pragma once

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

/// The state behind a subscriber. Its connection has no client any more.
///
/// Invariant: channels and patterns hold at least what the server may hold, so that leaving all of
/// them is complete.
class subscription {
public:
    explicit subscription(std::shared_ptr<connection> from);

    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;

    ~subscription() { close(); }

    /// Makes a subscriber of the connection, which is closed if that fails.
    static asio::awaitable<subscriber> open(std::shared_ptr<connection> from,
                                            std::string_view command,
                                            std::vector<std::string> names);

    /// The coroutines take shared ownership: the subscriber may be destroyed meanwhile.
    static asio::awaitable<std::optional<message>> next(std::shared_ptr<subscription> self);
    static asio::awaitable<void> enter(std::shared_ptr<subscription> self, std::string_view command,
                                       std::vector<std::string> names);
    static asio::awaitable<void> leave(std::shared_ptr<subscription> self, std::string_view command,
                                       std::vector<std::string> names);

    void close();

    /// Each name with the number of the last request that asked for it. Requests are answered in
    /// the order in which they were made, so a later one stands against an earlier one's outcome.
    using name_map = std::map<std::string, std::uint64_t>;

    const name_map& channels() const noexcept { return channels_; }

    const name_map& patterns() const noexcept { return patterns_; }

private:
    asio::awaitable<void> ask(std::string_view command, const std::vector<std::string>& names);
    name_map& names_of(std::string_view command) noexcept;

    std::shared_ptr<connection> connection_;
    std::shared_ptr<message_queue> messages_;
    name_map channels_;
    name_map patterns_;
    std::uint64_t requests_ = 0;
};

} // namespace mini_redis
