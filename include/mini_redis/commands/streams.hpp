// Typed commands: streams; their groups are in stream_groups.hpp, XREAD that waits in blocking.hpp.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <mini_redis/commands/stream_replies.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mini_redis {

/// What is cut off the beginning of a stream. Without a length and an ID: nothing.
struct stream_trim {
    std::optional<std::int64_t> max_length{}; ///< MAXLEN: so many entries stay
    std::string_view min_id{};                ///< MINID: entries before it go; not with max_length
    bool approximate = false;                 ///< ~: some more may stay, which is faster
    std::optional<std::int64_t> limit{};      ///< LIMIT: how many go at most; only if approximate
};

/// The options of xadd().
struct xadd_options {
    std::string_view id = "*";    ///< the entry's ID; "*": the server chooses
    bool only_if_present = false; ///< NOMKSTREAM: only if there is such a stream
    stream_trim trim{};           ///< of the stream, afterwards
};

/// The options of xread().
struct xread_options {
    std::int64_t count = 0; ///< COUNT: at most so many entries of each stream, unless 0
};

/// The options of xsetid().
struct xsetid_options {
    std::optional<std::int64_t> entries_added{}; ///< ENTRIESADDED; together with max_deleted_id
    std::string_view max_deleted_id{};           ///< MAXDELETEDID
};

inline void add_trim(command_line& to, const stream_trim& trim) {
    // What does not go together is for the server to refuse.
    if (trim.max_length) {
        to.add("MAXLEN");
        if (trim.approximate) to.add("~");
        to.add(*trim.max_length);
    }
    if (!trim.min_id.empty()) {
        to.add("MINID");
        if (trim.approximate) to.add("~");
        to.add(trim.min_id);
    }
    if (trim.limit) to.add("LIMIT").add(*trim.limit);
}

/// Adds COUNT and the streams to an XREAD, which may have BLOCK already. `streams` are pairs: a
/// key, and the ID behind which its entries are read.
template <pair_range Streams>
void add_streams(command_line& to, const xread_options& options, const Streams& streams) {
    if (options.count > 0) to.add("COUNT").add(options.count);
    to.add("STREAMS");
    for (const auto& [key, after] : streams)
        to.add(key);
    for (const auto& [key, after] : streams)
        to.add(after);
}

/// One stream for add_streams().
std::array<std::pair<std::string_view, word>, 1> one_stream(std::string_view key,
                                                            const word_like auto& after) {
    return {{{key, word{after}}}};
}

/// IDs are texts ("1526919030474-55", "1526919030474"), or numbers: the milliseconds alone.
template <class Self>
class stream_commands {
public:
    /// XADD: the new entry's ID, which the server chooses. Field, value, field, value …, or a range
    /// of pairs of them.
    auto xadd(std::string_view key, const auto&... fields) {
        return issue_all<std::string>(self(), command_line{"XADD", key, "*"}, fields...);
    }

    /// The same with options; nothing if there is no such stream and it is not to be made.
    auto xadd(std::string_view key, const xadd_options& options, const auto&... fields) {
        command_line line{"XADD", key};
        if (options.only_if_present) line.add("NOMKSTREAM");
        add_trim(line, options.trim);
        line.add(options.id);
        return issue_all<std::optional<std::string>>(self(), std::move(line), fields...);
    }

    /// XLEN: how many entries there are; 0 if there is no such stream.
    auto xlen(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"XLEN", key}, std::move(token)...);
    }

    /// XRANGE: from one ID to another, both included; "-" and "+" are the first and the last,
    /// "(5-0" is what follows 5-0. Also as a vector of pairs of an ID and a map.
    template <class Reply = stream_entries>
    auto xrange(std::string_view key, const word_like auto& first, const word_like auto& last,
                auto... token) {
        return issue<Reply>(self(), short_command{"XRANGE", key, first, last}, std::move(token)...);
    }

    /// Of these the first `count`.
    template <class Reply = stream_entries>
    auto xrange(std::string_view key, const word_like auto& first, const word_like auto& last,
                std::integral auto count, auto... token) {
        return issue<Reply>(self(), short_command{"XRANGE", key, first, last, "COUNT", count},
                            std::move(token)...);
    }

    /// XREVRANGE: the same from the last to the first, which it is given in this order.
    template <class Reply = stream_entries>
    auto xrevrange(std::string_view key, const word_like auto& last, const word_like auto& first,
                   auto... token) {
        return issue<Reply>(self(), short_command{"XREVRANGE", key, last, first},
                            std::move(token)...);
    }

    template <class Reply = stream_entries>
    auto xrevrange(std::string_view key, const word_like auto& last, const word_like auto& first,
                   std::integral auto count, auto... token) {
        return issue<Reply>(self(), short_command{"XREVRANGE", key, last, first, "COUNT", count},
                            std::move(token)...);
    }

    /// XDEL: how many of the entries there were.
    auto xdel(std::string_view key, const auto&... ids) {
        return issue_all<std::int64_t>(self(), command_line{"XDEL", key}, ids...);
    }

    /// XTRIM: how many entries were removed.
    auto xtrim(std::string_view key, const stream_trim& trim, auto... token) {
        command_line line{"XTRIM", key};
        add_trim(line, trim);
        return issue<std::int64_t>(self(), std::move(line), std::move(token)...);
    }

    /// XREAD: the entries behind the one with the ID `after`; none if there are no such entries
    /// now.
    ///
    ///     for (const stream_entry& entry : co_await c.xread("log", last)) last = entry.id;
    template <class Reply = stream_batch>
    auto xread(std::string_view key, const word_like auto& after, auto... token) {
        return xread<Reply>(key, after, xread_options{}, std::move(token)...);
    }

    template <class Reply = stream_batch>
    auto xread(std::string_view key, const word_like auto& after, const xread_options& options,
               auto... token) {
        return xread<Reply>(one_stream(key, after), options, std::move(token)...);
    }

    /// The same with several streams: `streams` is a map, or a range of pairs, of keys and IDs.
    template <class Reply = stream_batches>
    auto xread(const pair_range auto& streams, auto... token) {
        return xread<Reply>(streams, xread_options{}, std::move(token)...);
    }

    template <class Reply = stream_batches>
    auto xread(const pair_range auto& streams, const xread_options& options, auto... token) {
        command_line line{"XREAD"};
        add_streams(line, options, streams);
        return issue<Reply>(self(), std::move(line), std::move(token)...);
    }

    /// XINFO STREAM: an error if there is no such stream.
    template <class Reply = stream_info>
    auto xinfo_stream(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"XINFO", "STREAM", key}, std::move(token)...);
    }

    /// XSETID: the stream's last ID, as if there had been such an entry.
    auto xsetid(std::string_view key, const word_like auto& last, auto... token) {
        return xsetid(key, last, xsetid_options{}, std::move(token)...);
    }

    auto xsetid(std::string_view key, const word_like auto& last, const xsetid_options& options,
                auto... token) {
        command_line line{"XSETID", key, last};
        if (options.entries_added) line.add("ENTRIESADDED").add(*options.entries_added);
        if (!options.max_deleted_id.empty()) line.add("MAXDELETEDID").add(options.max_deleted_id);
        return issue<void>(self(), std::move(line), std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
