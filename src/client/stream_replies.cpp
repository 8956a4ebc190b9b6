#include <mini_redis/commands/stream_replies.hpp>

#include <string_view>
#include <tuple>

namespace mini_redis {

namespace {

using std::chrono::milliseconds;

milliseconds read_milliseconds(const reply_view& reply) {
    return milliseconds{read_reply<std::int64_t>(reply)};
}

} // namespace

stream_entry from_reply<stream_entry>::read(const reply_view& reply) {
    using fields = decltype(stream_entry::fields);
    auto [id, held] = read_reply<std::pair<std::string, std::optional<fields>>>(reply);
    return {std::move(id), held ? std::move(*held) : fields{}};
}

stream_entries from_reply<stream_entries>::read(const reply_view& reply) {
    stream_entries all;
    if (reply.is_null()) return all;
    if (!reply.is_aggregate()) unexpected_reply("entries of a stream", reply);
    all.reserve(reply.size());
    for (const reply_view entry : reply)
        if (!entry.is_null()) all.push_back(read_reply<stream_entry>(entry));
    return all;
}

// From keys to entries: in RESP3 a map, in RESP2 an array of pairs.
stream_batches from_reply<stream_batches>::read(const reply_view& reply) {
    stream_batches all;
    if (reply.is_null()) return all;
    for_each_pair(reply, [&](const reply_view& key, const reply_view& entries) {
        all.insert_or_assign(read_reply<std::string>(key), read_reply<stream_entries>(entries));
    });
    return all;
}

stream_batch from_reply<stream_batch>::read(const reply_view& reply) {
    auto streams = read_reply<stream_batches>(reply);
    if (streams.size() > 1) unexpected_reply("one stream", reply);
    stream_batch entries;
    if (!streams.empty()) entries.swap(streams.begin()->second);
    return entries;
}

pending_summary from_reply<pending_summary>::read(const reply_view& reply) {
    using text = std::optional<std::string>;
    using counts = std::map<std::string, std::int64_t>;
    auto [count, first, last, consumers] =
        read_reply<std::tuple<std::int64_t, text, text, std::optional<counts>>>(reply);
    return {count, first.value_or(""), last.value_or(""),
            consumers ? std::move(*consumers) : counts{}};
}

pending_entry from_reply<pending_entry>::read(const reply_view& reply) {
    auto [id, consumer, idle, deliveries] =
        read_reply<std::tuple<std::string, std::string, std::int64_t, std::int64_t>>(reply);
    return {std::move(id), std::move(consumer), milliseconds{idle}, deliveries};
}

stream_info from_reply<stream_info>::read(const reply_view& reply) {
    using entry = std::optional<stream_entry>;
    stream_info info;
    for_each_pair(reply, [&](const reply_view& field, const reply_view& value) {
        const std::string_view name = field.text();
        if (name == "length") info.length = read_reply<std::int64_t>(value);
        if (name == "radix-tree-keys") info.radix_tree_keys = read_reply<std::int64_t>(value);
        if (name == "radix-tree-nodes") info.radix_tree_nodes = read_reply<std::int64_t>(value);
        if (name == "groups") info.groups = read_reply<std::int64_t>(value);
        if (name == "last-generated-id") info.last_generated_id = read_reply<std::string>(value);
        if (name == "max-deleted-entry-id") info.max_deleted_id = read_reply<std::string>(value);
        if (name == "entries-added") info.entries_added = read_reply<std::int64_t>(value);
        if (name == "recorded-first-entry-id")
            info.recorded_first_id = read_reply<std::string>(value);
        if (name == "first-entry") info.first_entry = read_reply<entry>(value);
        if (name == "last-entry") info.last_entry = read_reply<entry>(value);
    });
    return info;
}

stream_group_info from_reply<stream_group_info>::read(const reply_view& reply) {
    using number = std::optional<std::int64_t>;
    stream_group_info info;
    for_each_pair(reply, [&](const reply_view& field, const reply_view& value) {
        const std::string_view name = field.text();
        if (name == "name") info.name = read_reply<std::string>(value);
        if (name == "consumers") info.consumers = read_reply<std::int64_t>(value);
        if (name == "pending") info.pending = read_reply<std::int64_t>(value);
        if (name == "last-delivered-id") info.last_delivered_id = read_reply<std::string>(value);
        if (name == "entries-read") info.entries_read = read_reply<number>(value);
        if (name == "lag") info.lag = read_reply<number>(value);
    });
    return info;
}

stream_consumer_info from_reply<stream_consumer_info>::read(const reply_view& reply) {
    stream_consumer_info info;
    for_each_pair(reply, [&](const reply_view& field, const reply_view& value) {
        const std::string_view name = field.text();
        if (name == "name") info.name = read_reply<std::string>(value);
        if (name == "pending") info.pending = read_reply<std::int64_t>(value);
        if (name == "idle") info.idle = read_milliseconds(value);
        // -1: never
        if (name == "inactive" && read_milliseconds(value) >= milliseconds{0})
            info.inactive = read_milliseconds(value);
    });
    return info;
}

} // namespace mini_redis
