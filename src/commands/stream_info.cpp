// XINFO: what there is to know of a stream, its groups and their consumers.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <string_view>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/stream_arguments.hpp"
#include "resp/number.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {
namespace {

constexpr std::size_t no_limit = 0; // as a count

void write_number(reply_writer& out, std::string_view name, std::uint64_t value) {
    out.bulk_string(name);
    out.integer(static_cast<std::int64_t>(value));
}

void write_id(reply_writer& out, std::string_view name, const stream_id& id) {
    out.bulk_string(name);
    write_stream_id(out, id);
}

// The stream, which has to exist; otherwise replies with an error.
stream_value* existing_stream(context& c) {
    const located found = c.read(c.keys[0]);
    if (!found) {
        c.reply.error(replies::no_such_key);
        return nullptr;
    }
    return is_stream(c, found) ? &stream_value::of(*found) : nullptr;
}

// How far the group has come, and how many entries it has before it; null where nobody knows.
void write_progress(reply_writer& out, const stream_value& stream, const stream_group& group) {
    out.bulk_string("entries-read");
    if (group.entries_read == stream_group::unknown)
        out.null();
    else
        out.integer(group.entries_read);
    out.bulk_string("lag");
    const auto added = static_cast<std::int64_t>(stream.entries_added());
    if (added == 0) return out.integer(0);
    if (group.entries_read != stream_group::unknown && !stream.has_gaps_from(group.last_id))
        return out.integer(added - group.entries_read);
    const std::optional<std::uint64_t> read = stream.count_up_to(group.last_id);
    if (!read) return out.null();
    out.integer(added - static_cast<std::int64_t>(*read));
}

// -- XINFO STREAM -----------------------------------------------------------------------------

struct stream_info_options {
    bool full = false;
    std::size_t count = 10;
};

std::optional<stream_info_options> stream_info_arguments(context& c) {
    stream_info_options options;
    if (c.args.size() == 3) return options;
    options.full = true;
    const bool counted = c.args.size() == 6;
    if ((c.args.size() != 4 && !counted) || !equals_ignoring_case(c.args[3], "full") ||
        (counted && !equals_ignoring_case(c.args[4], "count"))) {
        reply_subcommand_misuse(c);
        return std::nullopt;
    }
    if (!counted) return options;
    const std::optional<std::int64_t> count = integer_argument(c, c.args[5]);
    if (!count) return std::nullopt;
    if (*count >= 0) options.count = static_cast<std::size_t>(*count);
    return options;
}

void write_edge(context& c, std::string_view name, const stream_value& stream, bool first) {
    c.reply.bulk_string(name);
    bool written = false;
    const auto write = [&](const stream_entry& each) {
        write_stream_entry(c.reply, each);
        written = true;
        return false;
    };
    if (first)
        stream.for_each(stream_id::least(), stream_id::most(), write);
    else
        stream.for_each_backward(stream_id::least(), stream_id::most(), write);
    if (!written) c.reply.null();
}

void write_entries(context& c, const stream_value& stream, std::size_t count) {
    c.reply.bulk_string("entries");
    late_aggregate entries{c.reply};
    std::size_t written = 0;
    stream.for_each(stream_id::least(), stream_id::most(), [&](const stream_entry& each) {
        write_stream_entry(c.reply, each);
        return ++written != count;
    });
    entries.finish_array(written);
}

std::size_t limited(std::size_t size, std::size_t count) {
    return count == no_limit ? size : std::min(size, count);
}

void write_full_consumers(context& c, stream_group& group, std::size_t count) {
    c.reply.bulk_string("consumers");
    c.reply.array(group.consumers().size());
    for (const auto& [name, consumer] : group.consumers()) {
        c.reply.map(4);
        c.reply.bulk_string("name");
        c.reply.bulk_string(name);
        write_number(c.reply, "seen-time", static_cast<std::uint64_t>(consumer.seen_time));
        write_number(c.reply, "pel-count", consumer.pending.size());
        c.reply.bulk_string("pending");
        std::size_t left = limited(consumer.pending.size(), count);
        c.reply.array(left);
        if (left == 0) continue;
        consumer.pending.for_each_from(stream_id::least(), [&](const auto& item) {
            const pending_entry& entry = *group.find_pending(item.id);
            c.reply.array(3);
            write_stream_id(c.reply, item.id);
            c.reply.integer(entry.delivery_time);
            c.reply.integer(static_cast<std::int64_t>(entry.delivery_count));
            return --left != 0;
        });
    }
}

void write_full_group(context& c, const stream_value& stream, std::string_view name,
                      std::size_t count) {
    stream_group& group = *stream.find_group(name);
    c.reply.map(7);
    c.reply.bulk_string("name");
    c.reply.bulk_string(name);
    write_id(c.reply, "last-delivered-id", group.last_id);
    write_progress(c.reply, stream, group);
    write_number(c.reply, "pel-count", group.pending().size());
    c.reply.bulk_string("pending");
    std::size_t left = limited(group.pending().size(), count);
    c.reply.array(left);
    if (left != 0)
        group.pending().for_each_from(stream_id::least(), [&](const auto& item) {
            c.reply.array(4);
            write_stream_id(c.reply, item.id);
            c.reply.bulk_string(item.value.owner->name);
            c.reply.integer(item.value.delivery_time);
            c.reply.integer(static_cast<std::int64_t>(item.value.delivery_count));
            return --left != 0;
        });
    write_full_consumers(c, group, count);
}

void xinfo_stream(context& c) {
    const stream_value* const stream = existing_stream(c);
    if (stream == nullptr) return;
    const std::optional<stream_info_options> options = stream_info_arguments(c);
    if (!options) return;
    c.reply.map(options->full ? 9 : 10);
    write_number(c.reply, "length", stream->size());
    write_number(c.reply, "radix-tree-keys", stream->nodes().size());
    write_number(c.reply, "radix-tree-nodes", stream->radix_tree_nodes());
    write_id(c.reply, "last-generated-id", stream->last_id());
    write_id(c.reply, "max-deleted-entry-id", stream->max_deleted_id());
    write_number(c.reply, "entries-added", stream->entries_added());
    write_id(c.reply, "recorded-first-entry-id", stream->first_id());
    if (!options->full) {
        write_number(c.reply, "groups", stream->groups().size());
        write_edge(c, "first-entry", *stream, true);
        return write_edge(c, "last-entry", *stream, false);
    }
    write_entries(c, *stream, options->count);
    c.reply.bulk_string("groups");
    c.reply.array(stream->groups().size());
    for (const auto& [name, group] : stream->groups())
        write_full_group(c, *stream, name, options->count);
}

// -- XINFO GROUPS and CONSUMERS ---------------------------------------------------------------

void xinfo_groups(context& c) {
    const stream_value* const stream = existing_stream(c);
    if (stream == nullptr) return;
    c.reply.array(stream->groups().size());
    for (const auto& [name, group] : stream->groups()) {
        c.reply.map(6);
        c.reply.bulk_string("name");
        c.reply.bulk_string(name);
        write_number(c.reply, "consumers", group.consumers().size());
        write_number(c.reply, "pending", group.pending().size());
        write_id(c.reply, "last-delivered-id", group.last_id);
        write_progress(c.reply, *stream, group);
    }
}

void xinfo_consumers(context& c) {
    const stream_value* const stream = existing_stream(c);
    if (stream == nullptr) return;
    const stream_group* const group = stream->find_group(c.args[3]);
    if (group == nullptr)
        return c.reply.error(fmt::format("NOGROUP No such consumer group '{}' for key name '{}'",
                                         shown(c.args[3]), shown(c.args[2])));
    c.reply.array(group->consumers().size());
    for (const auto& [name, consumer] : group->consumers()) {
        c.reply.map(3);
        c.reply.bulk_string("name");
        c.reply.bulk_string(name);
        write_number(c.reply, "pending", consumer.pending.size());
        const std::int64_t idle = c.now_ms() - consumer.seen_time;
        write_number(c.reply, "idle", static_cast<std::uint64_t>(std::max<std::int64_t>(idle, 0)));
    }
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command info_rows[] = {
    {.name = "consumers",
     .handler = xinfo_consumers,
     .arity = 4,
     .flags = readonly,
     .categories = acl_category::stream,
     .keys = {one_key("RO access", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N) in the number of consumers",
     .syntax = "key groupname",
     .summary = "Lists the consumers of a group.",
     .tips = changing_output},
    {.name = "groups",
     .handler = xinfo_groups,
     .arity = 3,
     .flags = readonly,
     .categories = acl_category::stream,
     .keys = {one_key("RO access", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N) in the number of groups",
     .syntax = "key",
     .summary = "Lists the consumer groups of a stream."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = acl_category::stream,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Lists the subcommands of XINFO."},
    {.name = "stream",
     .handler = xinfo_stream,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::stream,
     .keys = {one_key("RO access", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N) in the number of blocks of entries",
     .syntax = "key [full: FULL [COUNT count:integer]]",
     .summary = "Describes a stream, with FULL also its entries and all that is pending."},
};

constexpr command rows[] = {
    {.name = "xinfo",
     .arity = -2,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Looks at streams and their consumer groups.",
     .subcommands = info_rows},
};

static_assert(arities_match(info_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> stream_info_commands() {
    return rows;
}

} // namespace mini_redis
