// What is more than a command: pipelines, transactions, iterations, other time-outs.
#pragma once

#include <chrono>
#include <mini_redis/commands/sorted_sets.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/key_names.hpp>
#include <mini_redis/pipeline.hpp>
#include <mini_redis/scan.hpp>
#include <mini_redis/transaction.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

template <class Client>
class call_view;

/// `Self` derives from it and has start<Reply>(words, settings, reader, token...); it is a client,
/// or a view of one, which has on() and settings().
template <class Self>
class composed_commands {
public:
    /// Commands that are sent together and stay together; see basic_pipeline.
    ///
    ///     auto [name, visits] = co_await c.pipeline().get("name").incr("visits").execute();
    auto pipeline() noexcept { return begin<false>(origin(), given()); }

    /// MULTI … EXEC: commands that other clients see done all at once.
    auto transaction() noexcept { return begin<true>(origin(), given()); }

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
    /// The time-out, a call's, is for all attempts together, and for the calls that `read` makes on
    /// its client. With idempotent() it is tried again after its connection was lost, too.
    ///
    /// *Errors*: those of a call; errc::timed_out also if the keys kept changing, and then it has
    /// not run; what `read` and `write` throw. *Cancellation*: as a call.
    template <class Read, class Write>
    auto transaction(key_names watched, Read read, Write write, auto... token) {
        return run_transaction(origin(), std::move(watched), given(), std::move(read),
                               std::move(write), std::move(token)...);
    }

    /// Calls with a time-out of their own, instead of the client's; zero: none. Pipelines,
    /// transactions and iterations have it as well.
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
        return scan_of<Value>(origin(), std::move(beginning), options, given());
    }

    template <class Value, class Client>
    static auto scan_of(Client& on, std::vector<std::string> beginning, scan_options& options,
                        const call_settings& with) {
        return basic_scan<Client, Value>{on, std::move(beginning), std::move(options), with};
    }

    template <bool IsAtomic, class Client>
    static auto begin(Client& on, const call_settings& with) noexcept {
        return basic_pipeline<Client, IsAtomic>{on, {}, with};
    }

    // What outlives a view refers to its client.
    auto& origin() noexcept {
        if constexpr (requires(Self& view) { view.on(); })
            return self().on();
        else
            return self();
    }

    call_settings given() noexcept {
        if constexpr (requires(Self& view) { view.settings(); })
            return self().settings();
        else
            return {};
    }

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
