// Typed commands: groups of consumers, who share the entries of a stream.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/commands/stream_replies.hpp>
#include <mini_redis/commands/streams.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// The options of xreadgroup().
struct xreadgroup_options {
    std::int64_t count = 0;   ///< COUNT: at most so many entries of each stream, unless 0
    bool acknowledge = false; ///< NOACK: what is delivered counts as acknowledged
};

/// The options of xgroup_create().
struct xgroup_options {
    bool make_stream = false;                   ///< MKSTREAM: an empty stream if there is none
    std::optional<std::int64_t> entries_read{}; ///< ENTRIESREAD
};

/// The options of xpending_range().
struct xpending_options {
    std::string_view consumer{};          ///< only this one's, unless it is empty
    std::chrono::milliseconds min_idle{}; ///< IDLE: only what was delivered so long ago
};

/// The options of xclaim().
struct xclaim_options {
    std::optional<std::chrono::milliseconds> idle{}; ///< IDLE: counts as delivered so long ago
    /// TIME: counts as delivered then. Not together with idle.
    std::optional<std::chrono::system_clock::time_point> delivered{};
    std::optional<std::int64_t> deliveries{}; ///< RETRYCOUNT: and so often
    bool force = false;         ///< FORCE: also what is pending for nobody, if it is in the stream
    std::string_view last_id{}; ///< LASTID: the group's, if it is lower, unless this is empty
};

/// Adds NOACK, COUNT and the streams to an XREADGROUP, which may have BLOCK already.
template <pair_range Streams>
void add_streams(command_line& to, const xreadgroup_options& options, const Streams& streams) {
    if (options.acknowledge) to.add("NOACK");
    add_streams(to, xread_options{options.count}, streams);
}

/// IDs as of stream_commands.
template <class Self>
class stream_group_commands {
public:
    /// XGROUP CREATE: a group to which entries behind the one with the ID `after` are delivered;
    /// "$" is the last one there is, "0" is before the first. An error if there is such a group, or
    /// no such stream.
    auto xgroup_create(std::string_view key, std::string_view group, const word_like auto& after,
                       auto... token) {
        return xgroup_create(key, group, after, xgroup_options{}, std::move(token)...);
    }

    auto xgroup_create(std::string_view key, std::string_view group, const word_like auto& after,
                       const xgroup_options& options, auto... token) {
        command_line line{"XGROUP", "CREATE", key, group, after};
        if (options.make_stream) line.add("MKSTREAM");
        if (options.entries_read) line.add("ENTRIESREAD").add(*options.entries_read);
        return issue<void>(self(), std::move(line), std::move(token)...);
    }

    /// XGROUP SETID: entries behind this one are delivered next.
    auto xgroup_setid(std::string_view key, std::string_view group, const word_like auto& after,
                      auto... token) {
        return issue<void>(self(), short_command{"XGROUP", "SETID", key, group, after},
                           std::move(token)...);
    }

    /// The same with the number of entries that the group has read so far (ENTRIESREAD).
    auto xgroup_setid(std::string_view key, std::string_view group, const word_like auto& after,
                      std::integral auto entries_read, auto... token) {
        return issue<void>(
            self(),
            short_command{"XGROUP", "SETID", key, group, after, "ENTRIESREAD", entries_read},
            std::move(token)...);
    }

    /// XGROUP DESTROY: whether there was such a group.
    auto xgroup_destroy(std::string_view key, std::string_view group, auto... token) {
        return issue<bool>(self(), short_command{"XGROUP", "DESTROY", key, group},
                           std::move(token)...);
    }

    /// XGROUP CREATECONSUMER: whether it is new.
    auto xgroup_createconsumer(std::string_view key, std::string_view group,
                               std::string_view consumer, auto... token) {
        return issue<bool>(self(), short_command{"XGROUP", "CREATECONSUMER", key, group, consumer},
                           std::move(token)...);
    }

    /// XGROUP DELCONSUMER: how many entries were pending for it, which are pending no longer.
    auto xgroup_delconsumer(std::string_view key, std::string_view group, std::string_view consumer,
                            auto... token) {
        return issue<std::int64_t>(self(),
                                   short_command{"XGROUP", "DELCONSUMER", key, group, consumer},
                                   std::move(token)...);
    }

    /// XREADGROUP: with ">" for `after`, entries that were delivered to nobody in the group yet;
    /// with an ID, those behind it that are pending for this consumer.
    template <class Reply = stream_batch>
    auto xreadgroup(std::string_view group, std::string_view consumer, std::string_view key,
                    const word_like auto& after, auto... token) {
        return xreadgroup<Reply>(group, consumer, key, after, xreadgroup_options{},
                                 std::move(token)...);
    }

    template <class Reply = stream_batch>
    auto xreadgroup(std::string_view group, std::string_view consumer, std::string_view key,
                    const word_like auto& after, const xreadgroup_options& options, auto... token) {
        return xreadgroup<Reply>(group, consumer, one_stream(key, after), options,
                                 std::move(token)...);
    }

    /// The same with several streams; see xread().
    template <class Reply = stream_batches>
    auto xreadgroup(std::string_view group, std::string_view consumer,
                    const pair_range auto& streams, auto... token) {
        return xreadgroup<Reply>(group, consumer, streams, xreadgroup_options{},
                                 std::move(token)...);
    }

    template <class Reply = stream_batches>
    auto xreadgroup(std::string_view group, std::string_view consumer,
                    const pair_range auto& streams, const xreadgroup_options& options,
                    auto... token) {
        command_line line{"XREADGROUP", "GROUP", group, consumer};
        add_streams(line, options, streams);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// XACK: how many of the entries were pending.
    auto xack(std::string_view key, std::string_view group, const auto&... ids) {
        return issue_all<std::int64_t>(self(), command_line{"XACK", key, group}, ids...);
    }

    /// XPENDING: how many entries are pending, and for whom.
    template <class Reply = pending_summary>
    auto xpending(std::string_view key, std::string_view group, auto... token) {
        return issue<Reply>(self(), short_command{"XPENDING", key, group}, std::move(token)...);
    }

    /// XPENDING: the pending entries from one ID to another (as of xrange()), at most `count`.
    template <class Reply = std::vector<pending_entry>>
    auto xpending_range(std::string_view key, std::string_view group, const word_like auto& first,
                        const word_like auto& last, std::int64_t count, auto... token) {
        return xpending_range<Reply>(key, group, first, last, count, xpending_options{},
                                     std::move(token)...);
    }

    template <class Reply = std::vector<pending_entry>>
    auto xpending_range(std::string_view key, std::string_view group, const word_like auto& first,
                        const word_like auto& last, std::int64_t count,
                        const xpending_options& options, auto... token) {
        command_line line{"XPENDING", key, group};
        if (options.min_idle.count() > 0) line.add("IDLE").add(options.min_idle.count());
        line.add(first).add(last).add(count);
        if (!options.consumer.empty()) line.add(options.consumer);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// XCLAIM: those of the entries that were pending for at least `min_idle`, and are now for this
    /// consumer. IDs, or ranges of them.
    template <class Reply = stream_entries>
    auto xclaim(std::string_view key, std::string_view group, std::string_view consumer,
                std::chrono::milliseconds min_idle, const auto&... ids) {
        return xclaim<Reply>(key, group, consumer, min_idle, xclaim_options{}, ids...);
    }

    template <class Reply = stream_entries>
    auto xclaim(std::string_view key, std::string_view group, std::string_view consumer,
                std::chrono::milliseconds min_idle, const xclaim_options& options,
                const auto&... ids) {
        return issue_claim<Reply>(claim_line(key, group, consumer, min_idle), options, false,
                                  ids...);
    }

    /// The same with their IDs alone (JUSTID), which does not count as a delivery.
    template <class Reply = std::vector<std::string>>
    auto xclaim_justid(std::string_view key, std::string_view group, std::string_view consumer,
                       std::chrono::milliseconds min_idle, const auto&... ids) {
        return xclaim_justid<Reply>(key, group, consumer, min_idle, xclaim_options{}, ids...);
    }

    template <class Reply = std::vector<std::string>>
    auto xclaim_justid(std::string_view key, std::string_view group, std::string_view consumer,
                       std::chrono::milliseconds min_idle, const xclaim_options& options,
                       const auto&... ids) {
        return issue_claim<Reply>(claim_line(key, group, consumer, min_idle), options, true,
                                  ids...);
    }

    /// XAUTOCLAIM: the same with the entries from the ID `first` on, some of them in each call: it
    /// tells where to go on.
    template <class Reply = autoclaimed<stream_entries>>
    auto xautoclaim(std::string_view key, std::string_view group, std::string_view consumer,
                    std::chrono::milliseconds min_idle, const word_like auto& first,
                    auto... token) {
        return issue<Reply>(self(), autoclaim_command(key, group, consumer, min_idle, first),
                            std::move(token)...);
    }

    /// With at most `count` entries in a call, instead of 100.
    template <class Reply = autoclaimed<stream_entries>>
    auto xautoclaim(std::string_view key, std::string_view group, std::string_view consumer,
                    std::chrono::milliseconds min_idle, const word_like auto& first,
                    std::integral auto count, auto... token) {
        auto line = autoclaim_command(key, group, consumer, min_idle, first);
        line.add("COUNT").add(count);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    template <class Reply = autoclaimed<std::vector<std::string>>>
    auto xautoclaim_justid(std::string_view key, std::string_view group, std::string_view consumer,
                           std::chrono::milliseconds min_idle, const word_like auto& first,
                           auto... token) {
        auto line = autoclaim_command(key, group, consumer, min_idle, first);
        line.add("JUSTID");
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    template <class Reply = autoclaimed<std::vector<std::string>>>
    auto xautoclaim_justid(std::string_view key, std::string_view group, std::string_view consumer,
                           std::chrono::milliseconds min_idle, const word_like auto& first,
                           std::integral auto count, auto... token) {
        auto line = autoclaim_command(key, group, consumer, min_idle, first);
        line.add("COUNT").add(count).add("JUSTID");
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// XINFO GROUPS, XINFO CONSUMERS: by name. An error if there is no such stream or group.
    template <class Reply = std::vector<stream_group_info>>
    auto xinfo_groups(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"XINFO", "GROUPS", key}, std::move(token)...);
    }

    template <class Reply = std::vector<stream_consumer_info>>
    auto xinfo_consumers(std::string_view key, std::string_view group, auto... token) {
        return issue<Reply>(self(), short_command{"XINFO", "CONSUMERS", key, group},
                            std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }

    static command_line claim_line(std::string_view key, std::string_view group,
                                   std::string_view consumer, std::chrono::milliseconds min_idle) {
        return command_line{"XCLAIM", key, group, consumer, min_idle.count()};
    }

    static command_line autoclaim_command(std::string_view key, std::string_view group,
                                          std::string_view consumer,
                                          std::chrono::milliseconds min_idle,
                                          const word_like auto& first) {
        return command_line{"XAUTOCLAIM", key, group, consumer, min_idle.count(), first};
    }

    template <class Reply>
    auto issue_claim(command_line line, const xclaim_options& options, bool just_ids,
                     const auto&... ids) {
        const auto add_options = [&](command_line& to) {
            if (options.idle) to.add("IDLE").add(options.idle->count());
            if (options.delivered) {
                const auto since = options.delivered->time_since_epoch();
                to.add("TIME").add(std::chrono::floor<std::chrono::milliseconds>(since).count());
            }
            if (options.deliveries) to.add("RETRYCOUNT").add(*options.deliveries);
            if (options.force) to.add("FORCE");
            if (just_ids) to.add("JUSTID");
            if (!options.last_id.empty()) to.add("LASTID").add(options.last_id);
        };
        return issue_all_then<Reply>(self(), std::move(line), add_options, ids...);
    }
};

} // namespace mini_redis
