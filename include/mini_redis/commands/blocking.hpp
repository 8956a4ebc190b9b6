// Typed commands that wait for an element or an entry: each takes a connection of its own
// meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/commands/lists.hpp>
#include <mini_redis/commands/sorted_sets.hpp>
#include <mini_redis/commands/stream_groups.hpp>
#include <mini_redis/commands/streams.hpp>
#include <mini_redis/detail/pending_call.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <mini_redis/key_names.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace mini_redis {

/// `Self` derives from it and has issue_copied<Reply>(words, settings, token...).
///
/// `wait` is how long the server waits for an element; zero: without limit. The time-out of such a
/// call is the client's in addition to that; without limit, it is for the call to be sent. If all
/// connections for such calls are in use (connect_options::most_connections), that is part of the
/// time-out; errc::timed_out then says so, and nothing was sent. Where keys are asked for, one may
/// be given, or a range of them. A call that ends without a reply closes its connection, so that no
/// element is taken for nobody; but one that was on its way at that moment is lost.
template <class Self>
class blocking_commands {
public:
    using milliseconds = std::chrono::milliseconds;

    /// BLPOP: the key that has an element, and its first; nothing if there was none in time.
    ///
    ///     auto job = co_await c.blpop("jobs", 5s);
    ///     if (job) work(job->second);
    auto blpop(const key_names& keys, milliseconds wait, auto... token) {
        return pop<key_and_text>("BLPOP", keys, wait, std::move(token)...);
    }

    /// BRPOP: the same from the end.
    auto brpop(const key_names& keys, milliseconds wait, auto... token) {
        return pop<key_and_text>("BRPOP", keys, wait, std::move(token)...);
    }

    /// BZPOPMIN: the key that has a member, and its lowest with the score.
    auto bzpopmin(const key_names& keys, milliseconds wait, auto... token) {
        return pop<key_and_score>("BZPOPMIN", keys, wait, std::move(token)...);
    }

    /// BZPOPMAX: the same with the highest.
    auto bzpopmax(const key_names& keys, milliseconds wait, auto... token) {
        return pop<key_and_score>("BZPOPMAX", keys, wait, std::move(token)...);
    }

    /// BLMOVE: the element that was moved; nothing if there was none in time.
    auto blmove(std::string_view from, std::string_view to, list_side from_side, list_side to_side,
                milliseconds wait, auto... token) {
        command_line line{"BLMOVE",        from, to, name_of(from_side), name_of(to_side),
                          in_seconds(wait)};
        return issue_waiting<std::optional<std::string>>(std::move(line), wait,
                                                         std::move(token)...);
    }

    /// BLMPOP: the key that has elements, and up to `count` of them.
    auto blmpop(const key_names& keys, list_side from, milliseconds wait, std::int64_t count = 1,
                auto... token) {
        using found = std::pair<std::string, std::vector<std::string>>;
        return pop_many<found>("BLMPOP", keys, name_of(from), wait, count, std::move(token)...);
    }

    /// BZMPOP: the key that has members, and up to `count` of them with the lowest scores, or the
    /// highest.
    auto bzmpop(const key_names& keys, score_end end, milliseconds wait, std::int64_t count = 1,
                auto... token) {
        using found = std::pair<std::string, std::vector<scored_member>>;
        return pop_many<found>("BZMPOP", keys, name_of(end), wait, count, std::move(token)...);
    }

    /// XREAD BLOCK: the entries behind the one with the ID `after`, as soon as there are some; "$"
    /// is the last one there is now. None if there were none in time.
    template <class Reply = stream_batch>
    auto xread_wait(std::string_view key, const word_like auto& after, milliseconds wait,
                    const xread_options& options = {}, auto... token) {
        return xread_wait<Reply>(one_stream(key, after), wait, options, std::move(token)...);
    }

    /// The same with several streams: `streams` is a map, or a range of pairs, of keys and IDs.
    template <class Reply = stream_batches>
    auto xread_wait(const pair_range auto& streams, milliseconds wait,
                    const xread_options& options = {}, auto... token) {
        command_line line{"XREAD", "BLOCK", wait.count()};
        add_streams(line, options, streams);
        return issue_waiting<Reply>(std::move(line), wait, std::move(token)...);
    }

    /// XREADGROUP BLOCK: entries that no consumer of the group has got (`after` is ">"), as soon as
    /// there are some. None if there were none in time.
    template <class Reply = stream_batch>
    auto xreadgroup_wait(std::string_view group, std::string_view consumer, std::string_view key,
                         const word_like auto& after, milliseconds wait,
                         const xreadgroup_options& options = {}, auto... token) {
        return xreadgroup_wait<Reply>(group, consumer, one_stream(key, after), wait, options,
                                      std::move(token)...);
    }

    /// The same with several streams.
    template <class Reply = stream_batches>
    auto xreadgroup_wait(std::string_view group, std::string_view consumer,
                         const pair_range auto& streams, milliseconds wait,
                         const xreadgroup_options& options = {}, auto... token) {
        command_line line{"XREADGROUP", "GROUP", group, consumer, "BLOCK", wait.count()};
        add_streams(line, options, streams);
        return issue_waiting<Reply>(std::move(line), wait, std::move(token)...);
    }

    /// Any command that waits, `wait` as long at most; the words say so by themselves.
    template <class Reply, class Words>
    auto issue_waiting(const Words& words, milliseconds wait, auto... token) {
        call_settings settings;
        settings.blocks = true;
        settings.wait = wait;
        return self().template issue_copied<Reply>(words, settings, std::move(token)...);
    }

private:
    using key_and_text = std::pair<std::string, std::string>;
    using key_and_score = std::tuple<std::string, std::string, double>;

    static double in_seconds(milliseconds wait) noexcept {
        return static_cast<double>(wait.count()) / 1000;
    }

    template <class Found>
    auto pop(std::string_view command, const key_names& keys, milliseconds wait, auto... token) {
        command_line line{command};
        add_arguments(line, keys);
        line.add(in_seconds(wait));
        return issue_waiting<std::optional<Found>>(std::move(line), wait, std::move(token)...);
    }

    template <class Found>
    auto pop_many(std::string_view command, const key_names& keys, std::string_view from,
                  milliseconds wait, std::int64_t count, auto... token) {
        command_line line{command, in_seconds(wait), keys.size()};
        add_arguments(line, keys);
        line.add(from).add("COUNT").add(count);
        return issue_waiting<std::optional<Found>>(std::move(line), wait, std::move(token)...);
    }

    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
