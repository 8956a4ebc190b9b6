// What is more than a command: pipelines, transactions, iterations, other time-outs.
#pragma once

#include <chrono>
#include <mini_redis/commands/call_view.hpp>
#include <mini_redis/commands/sorted_sets.hpp>
#include <mini_redis/key_names.hpp>
#include <mini_redis/pipeline.hpp>
#include <mini_redis/scan.hpp>
#include <mini_redis/transaction.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// `Self` derives from it and has start<Reply>(words, settings, reader, token...).
template <class Self>
class composed_commands {
public:
    /// Commands that are sent together and stay together; see basic_pipeline.
    ///
    ///     auto [name, visits] = co_await c.pipeline().get("name").incr("visits").execute();
    auto pipeline() noexcept { return basic_pipeline<Self, false>{self()}; }

    /// MULTI … EXEC: commands that other clients see done all at once.
    auto transaction() noexcept { return basic_pipeline<Self, true>{self()}; }

    /// The same depending on what keys hold, which must not change meanwhile (WATCH): `read` looks,
    /// `write` fills the transaction with what it has seen, both as often as it takes until nobody
    /// else has changed the keys in between. It gives the replies.
    ///
    ///     auto [left] = co_await c.transaction(
    ///         {"stock"}, [](watching_client<client>& t) { return t.get<int>("stock"); },
    ///         [](auto multi, int stock) { return multi.decrby("stock", stock / 2); });
    ///
    /// `read` gets a client on a connection of its own (see watching_client), and returns an
    /// awaitable, or, for a blocking_client, the value itself. If that is an std::optional without
    /// a value, there is no transaction, and no replies: then they are an std::optional as well.
    ///
    /// *Errors*: those of a call; what `read` and `write` throw. *Cancellation*: as a call.
    template <class Read, class Write>
    auto transaction(key_names watched, Read read, Write write, auto... token) {
        return run_transaction(self(), std::move(watched), std::move(read), std::move(write),
                               std::move(token)...);
    }

    /// Calls with a time-out of their own, instead of the client's; zero: none.
    ///
    ///     auto report = co_await c.within(1s).get("report");
    auto within(std::chrono::milliseconds time_out) noexcept {
        return call_view<Self>{self()}.within(time_out);
    }

    /// Calls that may be executed twice: if their connection is lost when they are under way, they
    /// are sent again on the next one, instead of failing with errc::unknown_outcome.
    ///
    ///     auto name = co_await c.idempotent().get("name");
    auto idempotent() noexcept { return call_view<Self>{self()}.idempotent(); }

    /// SCAN: the names of all keys; see basic_scan.
    ///
    ///     auto users = c.scan({.match = "user:*"});
    ///     while (auto key = co_await users.next()) print(*key);
    auto scan(scan_options options = {}) { return iterate<std::string>({"SCAN"}, options); }

    /// HSCAN: fields with their values.
    auto hscan(std::string_view key, scan_options options = {}) {
        return iterate<std::pair<std::string, std::string>>({"HSCAN", std::string{key}}, options);
    }

    /// SSCAN: members.
    auto sscan(std::string_view key, scan_options options = {}) {
        return iterate<std::string>({"SSCAN", std::string{key}}, options);
    }

    /// ZSCAN: members with their scores.
    auto zscan(std::string_view key, scan_options options = {}) {
        return iterate<scored_member>({"ZSCAN", std::string{key}}, options);
    }

private:
    template <class Value>
    auto iterate(std::vector<std::string> beginning, scan_options& options) {
        return basic_scan<Self, Value>{self(), std::move(beginning), std::move(options)};
    }

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
