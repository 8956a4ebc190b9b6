// Consumer groups of streams: XGROUP, XACK, XPENDING.
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/stream_arguments.hpp"
#include "resp/number.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {
namespace {

void notify(context& c, std::string_view event) {
    c.notify(event_class::stream, event, c.keys[0]);
}

// -- XGROUP -----------------------------------------------------------------------------------

struct group_options {
    bool may_create_stream = false;
    std::int64_t entries_read = stream_group::unknown;
};

// Of CREATE, and, without MKSTREAM, of SETID.
std::optional<group_options> group_arguments(context& c, bool creates) {
    group_options options;
    for (std::size_t i = 5; i < c.args.size(); ++i) {
        if (creates && equals_ignoring_case(c.args[i], "mkstream")) {
            options.may_create_stream = true;
        } else if (i + 1 < c.args.size() && equals_ignoring_case(c.args[i], "entriesread")) {
            const std::optional<std::int64_t> count = integer_argument(c, c.args[++i]);
            if (!count) return std::nullopt;
            if (*count < 0 && *count != stream_group::unknown) {
                c.reply.error("ERR value for ENTRIESREAD must be positive or -1");
                return std::nullopt;
            }
            options.entries_read = *count;
        } else {
            reply_subcommand_misuse(c);
            return std::nullopt;
        }
    }
    return options;
}

// The stream, which has to exist; otherwise replies with an error.
stream_value* existing_stream(context& c, located found) {
    if (!is_stream(c, found)) return nullptr;
    if (found) return &stream_value::of(*found);
    c.reply.error("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you "
                  "may want to use the MKSTREAM option to create an empty stream automatically.");
    return nullptr;
}

stream_group* group_of(context& c, const stream_value& stream) {
    stream_group* const group = stream.find_group(c.args[3]);
    if (group == nullptr)
        c.reply.error(fmt::format("NOGROUP No such consumer group '{}' for key name '{}'",
                                  shown(c.args[3]), shown(c.args[2])));
    return group;
}

void xgroup_create(context& c) {
    const std::optional<group_options> options = group_arguments(c, true);
    if (!options) return;
    const located found = c.modify(c.keys[0]);
    stream_value* stream = nullptr;
    if (options->may_create_stream && !found) {
        // It is made when nothing can be wrong any more.
    } else if (stream = existing_stream(c, found); stream == nullptr) {
        return;
    }
    if (c.args.size() > 8) return reply_subcommand_misuse(c);
    stream_id last = stream != nullptr ? stream->last_id() : stream_id{};
    if (shown(c.args[4]) != "$") {
        const std::optional<stream_id> id = stream_id_argument(c, c.args[4]);
        if (!id) return;
        last = *id;
    }
    std::unique_ptr<stream_value> made;
    if (stream == nullptr) {
        made = std::make_unique<stream_value>();
        stream = made.get();
    }
    stream_group* const group = stream->add_group(c.args[3]);
    if (group == nullptr) return c.reply.error("BUSYGROUP Consumer Group name already exists");
    group->last_id = last;
    group->entries_read = options->entries_read;
    if (made)
        c.db.put(
            c.keys[0], found,
            entry::make_object(value_type::stream, c.keys[0].name, std::move(made), std::nullopt));
    notify(c, "xgroup-create");
    c.reply.ok();
}

void xgroup_setid(context& c) {
    const std::optional<group_options> options = group_arguments(c, false);
    if (!options) return;
    const stream_value* const stream = existing_stream(c, c.modify(c.keys[0]));
    if (stream == nullptr) return;
    stream_group* const group = group_of(c, *stream);
    if (group == nullptr) return;
    if (c.args.size() != 5 && c.args.size() != 7) return reply_subcommand_misuse(c);
    stream_id last = stream->last_id();
    if (shown(c.args[4]) == "-") {
        last = stream_id::least();
    } else if (shown(c.args[4]) == "+") {
        last = stream_id::most();
    } else if (shown(c.args[4]) != "$") {
        const std::optional<stream_id> id = stream_id_argument(c, c.args[4]);
        if (!id) return;
        last = *id;
    }
    group->last_id = last;
    group->entries_read = options->entries_read;
    notify(c, "xgroup-setid");
    c.reply.ok();
}

void xgroup_destroy(context& c) {
    const located found = c.modify(c.keys[0]);
    stream_value* const stream = existing_stream(c, found);
    if (stream == nullptr) return;
    if (!stream->erase_group(c.args[3])) return c.reply.integer(0);
    c.db.offer(c.keys[0], *found); // who waits as one of the group waits in vain
    notify(c, "xgroup-destroy");
    c.reply.integer(1);
}

void xgroup_createconsumer(context& c) {
    const stream_value* const stream = existing_stream(c, c.modify(c.keys[0]));
    if (stream == nullptr) return;
    stream_group* const group = group_of(c, *stream);
    if (group == nullptr) return;
    if (group->find_consumer(c.args[4]) != nullptr) return c.reply.integer(0);
    group->add_consumer(c.args[4], c.now_ms());
    notify(c, "xgroup-createconsumer");
    c.reply.integer(1);
}

void xgroup_delconsumer(context& c) {
    const stream_value* const stream = existing_stream(c, c.modify(c.keys[0]));
    if (stream == nullptr) return;
    stream_group* const group = group_of(c, *stream);
    if (group == nullptr) return;
    stream_consumer* const consumer = group->find_consumer(c.args[4]);
    if (consumer == nullptr) return c.reply.integer(0);
    const std::size_t pending = consumer->pending.size();
    group->erase_consumer(*consumer);
    notify(c, "xgroup-delconsumer");
    c.reply.integer(static_cast<std::int64_t>(pending));
}

// -- XACK -------------------------------------------------------------------------------------

void xack(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_stream(c, found)) return;
    stream_group* const group = found ? stream_value::of(*found).find_group(c.args[2]) : nullptr;
    if (group == nullptr) return c.reply.integer(0);
    std::vector<stream_id> ids;
    for (const std::string_view word : c.args.subspan(3)) {
        const std::optional<stream_id> id = stream_id_argument(c, word);
        if (!id) return;
        ids.push_back(*id);
    }
    std::int64_t acknowledged = 0;
    for (const stream_id& id : ids)
        if (group->acknowledge(id)) ++acknowledged;
    c.reply.integer(acknowledged);
}

// -- XPENDING ---------------------------------------------------------------------------------

struct pending_options {
    std::int64_t min_idle = 0;
    std::uint64_t count = 0;
    stream_range range{};
    std::optional<std::string_view> consumer;
};

std::optional<pending_options> pending_arguments(context& c) {
    pending_options options;
    std::size_t at = 3;
    if (equals_ignoring_case(c.args[3], "idle")) {
        const std::optional<std::int64_t> idle = integer_argument(c, c.args[4]);
        if (!idle) return std::nullopt;
        if (c.args.size() < 8) {
            c.reply.error(replies::syntax_error);
            return std::nullopt;
        }
        options.min_idle = *idle;
        at = 5;
    }
    const std::optional<stream_count> count = stream_count_argument(c, c.args[at + 2]);
    if (!count) return std::nullopt;
    options.count = *count->most;
    const std::optional<stream_range> range = stream_range_arguments(c, c.args[at], c.args[at + 1]);
    if (!range) return std::nullopt;
    options.range = *range;
    if (at + 3 < c.args.size()) options.consumer = c.args[at + 3];
    return options;
}

void reply_with_summary(context& c, const stream_group& group) {
    c.reply.array(4);
    c.reply.integer(static_cast<std::int64_t>(group.pending().size()));
    if (group.pending().empty()) {
        c.reply.null();
        c.reply.null();
        return c.reply.null_array();
    }
    write_stream_id(c.reply, group.pending().front().id);
    write_stream_id(c.reply, group.pending().back().id);
    late_aggregate consumers{c.reply};
    std::size_t written = 0;
    for (const auto& [name, consumer] : group.consumers()) {
        if (consumer.pending.empty()) continue;
        char digits[integer_digits];
        c.reply.array(2);
        c.reply.bulk_string(name);
        c.reply.bulk_string({digits, format_unsigned(consumer.pending.size(), digits)});
        ++written;
    }
    consumers.finish_array(written);
}

void reply_with_pending(context& c, stream_group& group, const pending_options& options) {
    late_aggregate entries{c.reply};
    std::size_t written = 0;
    const auto write = [&](const stream_id& id, const pending_entry& entry) {
        if (id > options.range.last || written == options.count) return false;
        const std::int64_t idle = c.now_ms() - entry.delivery_time;
        if (options.min_idle != 0 && idle < options.min_idle) return true;
        c.reply.array(4);
        write_stream_id(c.reply, id);
        c.reply.bulk_string(entry.owner->name);
        c.reply.integer(std::max<std::int64_t>(idle, 0));
        c.reply.integer(static_cast<std::int64_t>(entry.delivery_count));
        ++written;
        return true;
    };
    if (options.consumer) {
        if (const stream_consumer* const consumer = group.find_consumer(*options.consumer))
            consumer->pending.for_each_from(options.range.first, [&](const auto& item) {
                return write(item.id, *group.find_pending(item.id));
            });
    } else {
        group.pending().for_each_from(options.range.first,
                                      [&](const auto& item) { return write(item.id, item.value); });
    }
    entries.finish_array(written);
}

void xpending(context& c) {
    if (c.args.size() != 3 && (c.args.size() < 6 || c.args.size() > 9))
        return c.reply.error(replies::syntax_error);
    std::optional<pending_options> options;
    if (c.args.size() > 3) {
        options = pending_arguments(c);
        if (!options) return;
    }
    const located found = c.read(c.keys[0]);
    if (!is_stream(c, found)) return;
    stream_group* const group = existing_group(c, found, c.args[1], c.args[2]);
    if (group == nullptr) return;
    if (options)
        reply_with_pending(c, *group, *options);
    else
        reply_with_summary(c, *group);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command group_rows[] = {
    {.name = "create",
     .handler = xgroup_create,
     .arity = -5,
     .flags = write | denyoom,
     .categories = acl_category::stream,
     .keys = {one_key("RW insert", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "key groupname <id: id | new_id=$> [MKSTREAM] [ENTRIESREAD entries_read:integer]",
     .summary = "Creates a consumer group that begins behind an id."},
    {.name = "createconsumer",
     .handler = xgroup_createconsumer,
     .arity = 5,
     .flags = write | denyoom,
     .categories = acl_category::stream,
     .keys = {one_key("RW insert", 2)},
     .group = "stream",
     .since = "6.2.0",
     .complexity = "O(1)",
     .syntax = "key groupname consumername",
     .summary = "Creates a consumer in a group."},
    {.name = "delconsumer",
     .handler = xgroup_delconsumer,
     .arity = 5,
     .flags = write,
     .categories = acl_category::stream,
     .keys = {one_key("RW delete", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N*log(M)), N of the group's M pending entries being the consumer's",
     .syntax = "key groupname consumername",
     .summary = "Deletes a consumer, and forgets what is pending for it."},
    {.name = "destroy",
     .handler = xgroup_destroy,
     .arity = 4,
     .flags = write,
     .categories = acl_category::stream,
     .keys = {one_key("RW delete", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N) in the number of pending entries",
     .syntax = "key groupname",
     .summary = "Deletes a consumer group."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = acl_category::stream,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "",
     .summary = "Lists the subcommands of XGROUP."},
    {.name = "setid",
     .handler = xgroup_setid,
     .arity = -5,
     .flags = write,
     .categories = acl_category::stream,
     .keys = {one_key("RW update", 2)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "key groupname <id: id | new_id=$> [ENTRIESREAD entries_read:integer]",
     .summary = "Sets the id behind which a consumer group goes on."},
};

constexpr command rows[] = {
    {.name = "xack",
     .handler = xack,
     .arity = -4,
     .flags = write | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RW update")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)) for each id, N being the number of pending entries",
     .syntax = "key group id [id ...]",
     .summary = "Says that entries are dealt with: they are pending no more."},
    {.name = "xgroup",
     .arity = -2,
     .group = "stream",
     .since = "5.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Creates, changes and deletes consumer groups.",
     .subcommands = group_rows},
    {.name = "xpending",
     .handler = xpending,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::stream,
     .keys = {one_key("RO access")},
     .group = "stream",
     .since = "5.0.0",
     .complexity =
         "O(log(N)+M), M being the number of pending entries that are looked at; O(C) for "
         "the summary, C being the number of consumers",
     .syntax =
         "key group [filters: [IDLE min-idle-time:integer] start end count:integer [consumer]]",
     .summary = "Tells which entries of a group are pending, for whom and for how long.",
     .tips = changing_output},
};

static_assert(arities_match(group_rows, 2));
static_assert(arities_match(rows));

} // namespace

std::span<const command> stream_group_commands() {
    return rows;
}

} // namespace mini_redis
