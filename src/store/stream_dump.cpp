#include "store/stream_dump.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "store/dump_pieces.hpp"

namespace mini_redis {
namespace {

// -- Writing ----------------------------------------------------------------------------------

std::string bytes_of(const stream_id& id) {
    std::string bytes;
    append_big_endian(bytes, id.ms, 8);
    append_big_endian(bytes, id.seq, 8);
    return bytes;
}

void write_id(dump_writer& out, const stream_id& id) {
    out.length(id.ms);
    out.length(id.seq);
}

void write_group(dump_writer& out, std::string_view name, const stream_group& group) {
    out.string(name);
    write_id(out, group.last_id);
    out.length(static_cast<std::uint64_t>(group.entries_read));
    out.length(group.pending().size());
    group.pending().for_each_from(stream_id::least(), [&](const auto& item) {
        out.raw(bytes_of(item.id));
        out.fixed(static_cast<std::uint64_t>(item.value.delivery_time));
        out.length(item.value.delivery_count);
        return true;
    });
    out.length(group.consumers().size());
    for (const auto& [consumer_name, consumer] : group.consumers()) {
        out.string(consumer_name);
        out.fixed(static_cast<std::uint64_t>(consumer.seen_time));
        out.length(consumer.pending.size());
        consumer.pending.for_each_from(stream_id::least(), [&](const auto& item) {
            out.raw(bytes_of(item.id));
            return true;
        });
    }
}

// -- Reading ----------------------------------------------------------------------------------

stream_id take_raw_id(byte_reader& in) {
    const std::uint64_t ms = in.big_endian(8);
    return {ms, in.big_endian(8)};
}

stream_id take_id(byte_reader& in) {
    const std::uint64_t ms = take_length(in);
    return {ms, take_length(in)};
}

void take_node(byte_reader& in, stream_value& stream) {
    const std::string key = take_string(in);
    const std::string listpack = take_string(in);
    byte_reader bytes{key};
    const stream_id id = take_raw_id(bytes);
    if (in.broken() || bytes.broken() || !bytes.left().empty() ||
        !is_sound_stream_node(id, listpack) || !stream.adopt({id, listpack}))
        in.refuse();
}

struct read_pending {
    stream_id id;
    std::int64_t delivery_time;
    std::uint64_t delivery_count;
    stream_consumer* owner = nullptr;
};

// What is pending in a group, in order; whose it is, the consumers tell.
std::vector<read_pending> take_pending(byte_reader& in) {
    std::vector<read_pending> all;
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count) {
        const stream_id id = take_raw_id(in);
        const auto time = static_cast<std::int64_t>(in.little_endian(8));
        if (!all.empty() && id <= all.back().id) in.refuse();
        all.push_back({id, time, take_length(in)});
    }
    return all;
}

void take_consumer(byte_reader& in, dump_type type, stream_group& group,
                   std::vector<read_pending>& pending) {
    const std::string name = take_string(in);
    const auto seen = static_cast<std::int64_t>(in.little_endian(8));
    if (type == dump_type::stream_with_activity) in.take(8);
    if (in.broken() || group.find_consumer(name) != nullptr) return in.refuse();
    stream_consumer& consumer = group.add_consumer(name, seen);
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count) {
        const stream_id id = take_raw_id(in);
        const auto found =
            std::lower_bound(pending.begin(), pending.end(), id,
                             [](const read_pending& a, const stream_id& b) { return a.id < b; });
        if (found == pending.end() || found->id != id || found->owner != nullptr)
            return in.refuse();
        found->owner = &consumer;
    }
}

void take_group(byte_reader& in, dump_type type, stream_value& stream) {
    const std::string name = take_string(in);
    stream_group* const group = in.broken() ? nullptr : stream.add_group(name);
    if (group == nullptr) return in.refuse();
    group->last_id = take_id(in);
    if (type == dump_type::stream_without_counts) {
        const auto read = stream.count_up_to(group->last_id);
        group->entries_read = read ? static_cast<std::int64_t>(*read) : stream_group::unknown;
    } else {
        group->entries_read = static_cast<std::int64_t>(take_length(in));
    }
    std::vector<read_pending> pending = take_pending(in);
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count)
        take_consumer(in, type, *group, pending);
    if (in.broken()) return;
    for (const read_pending& each : pending) {
        if (each.owner == nullptr) return in.refuse();
        pending_entry& made = group->deliver(each.id, *each.owner);
        made.delivery_time = each.delivery_time;
        made.delivery_count = each.delivery_count;
    }
}

} // namespace

std::string dump_stream(const stream_value& stream) {
    dump_writer out{dump_type::stream};
    out.length(stream.nodes().size());
    for (const stream_node& node : stream.nodes()) {
        out.string(bytes_of(node.id()));
        out.string(node.bytes());
    }
    out.length(stream.size());
    write_id(out, stream.last_id());
    write_id(out, stream.first_id());
    write_id(out, stream.max_deleted_id());
    out.length(stream.entries_added());
    out.length(stream.groups().size());
    for (const auto& [name, group] : stream.groups())
        write_group(out, name, group);
    return out.finish();
}

std::unique_ptr<stream_value> take_stream(byte_reader& in, dump_type type) {
    auto stream = std::make_unique<stream_value>();
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count)
        take_node(in, *stream);
    const std::uint64_t entries = take_length(in);
    const stream_id last = take_id(in);
    if (entries != stream->size() || last < stream->last_id()) in.refuse();
    stream->set_last_id(last);
    if (type == dump_type::stream_without_counts) {
        stream->set_entries_added(entries);
    } else {
        take_id(in); // the first one, which is known
        stream->set_max_deleted_id(take_id(in));
        stream->set_entries_added(take_length(in));
    }
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count)
        take_group(in, type, *stream);
    return stream;
}

} // namespace mini_redis
