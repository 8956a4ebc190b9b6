// What the typed commands of streams give.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/reply_view.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mini_redis {

/// An entry of a stream.
struct stream_entry {
    std::string id{};
    /// In the order in which they were added. None of an entry that was deleted, as XREADGROUP
    /// tells of those that are still pending.
    std::vector<std::pair<std::string, std::string>> fields{};

    bool is_deleted() const noexcept { return fields.empty(); }

    bool operator==(const stream_entry&) const = default;
};

/// Entries in order. Null is read as none; in an array, null is an entry that was deleted, and left
/// out.
struct stream_entries : std::vector<stream_entry> {
    using std::vector<stream_entry>::vector;
};

/// What XREAD gives of one stream: its entries, or none.
struct stream_batch : stream_entries {
    using stream_entries::stream_entries;
};

/// What XREAD gives of several: by key the entries of each stream that has any.
struct stream_batches : std::map<std::string, stream_entries> {
    using std::map<std::string, stream_entries>::map;
};

/// XPENDING in summary.
struct pending_summary {
    std::int64_t count = 0;
    std::string first_id{}; ///< empty if there are none
    std::string last_id{};
    std::map<std::string, std::int64_t> consumers{}; ///< with how many each

    bool operator==(const pending_summary&) const = default;
};

/// An entry that was delivered and is not acknowledged.
struct pending_entry {
    std::string id{};
    std::string consumer{};
    std::chrono::milliseconds idle{}; ///< since it was delivered last
    std::int64_t deliveries = 0;

    bool operator==(const pending_entry&) const = default;
};

/// What XAUTOCLAIM gives. `Claimed` is a container of entries, or of IDs.
template <class Claimed>
struct autoclaimed {
    std::string next{}; ///< where to go on; "0-0" when all were seen
    Claimed claimed{};
    std::vector<std::string> deleted{}; ///< IDs that were pending without an entry

    bool operator==(const autoclaimed&) const = default;
};

/// XINFO STREAM. What a server does not tell stays as it is here.
struct stream_info {
    std::int64_t length = 0;
    std::int64_t radix_tree_keys = 0;
    std::int64_t radix_tree_nodes = 0;
    std::int64_t groups = 0;
    std::string last_generated_id{};
    std::string max_deleted_id{};
    std::int64_t entries_added = 0;
    std::string recorded_first_id{};
    std::optional<stream_entry> first_entry{};
    std::optional<stream_entry> last_entry{};

    bool operator==(const stream_info&) const = default;
};

/// XINFO GROUPS, of one.
struct stream_group_info {
    std::string name{};
    std::int64_t consumers = 0;
    std::int64_t pending = 0;
    std::string last_delivered_id{};
    std::optional<std::int64_t> entries_read{}; ///< nothing if the server cannot tell
    std::optional<std::int64_t> lag{};

    bool operator==(const stream_group_info&) const = default;
};

/// XINFO CONSUMERS, of one.
struct stream_consumer_info {
    std::string name{};
    std::int64_t pending = 0;
    std::chrono::milliseconds idle{};                    ///< since it asked last
    std::optional<std::chrono::milliseconds> inactive{}; ///< since it got something; from 7.2 on

    bool operator==(const stream_consumer_info&) const = default;
};

template <>
struct from_reply<stream_entry> {
    static stream_entry read(const reply_view& reply);
};

template <>
struct from_reply<stream_entries> {
    static stream_entries read(const reply_view& reply);
};

template <>
struct from_reply<stream_batch> {
    static stream_batch read(const reply_view& reply);
};

template <>
struct from_reply<stream_batches> {
    static stream_batches read(const reply_view& reply);
};

template <>
struct from_reply<pending_summary> {
    static pending_summary read(const reply_view& reply);
};

template <>
struct from_reply<pending_entry> {
    static pending_entry read(const reply_view& reply);
};

template <class Claimed>
struct from_reply<autoclaimed<Claimed>> {
    static autoclaimed<Claimed> read(const reply_view& reply) {
        // Redis 6.2 has no third part.
        if (!reply.is_aggregate() || reply.size() < 2) unexpected_reply("what was claimed", reply);
        auto part = reply.begin();
        autoclaimed<Claimed> read;
        read.next = read_reply<std::string>(*part++);
        read.claimed = read_reply<Claimed>(*part++);
        if (part != reply.end()) read.deleted = read_reply<std::vector<std::string>>(*part);
        return read;
    }
};

template <>
struct from_reply<stream_info> {
    static stream_info read(const reply_view& reply);
};

template <>
struct from_reply<stream_group_info> {
    static stream_group_info read(const reply_view& reply);
};

template <>
struct from_reply<stream_consumer_info> {
    static stream_consumer_info read(const reply_view& reply);
};

} // namespace mini_redis
