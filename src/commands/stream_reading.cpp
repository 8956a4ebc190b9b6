// XREAD and XREADGROUP: what stands behind an id, or what no consumer of a group was given yet, of
// several streams at once; and waiting for it.
//
// Whoever waits is called again when one of the keys gets an entry, with that key alone, and
// XREADGROUP also when its key or its group is gone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/stream_arguments.hpp"
#include "resp/number.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {
namespace {

// -- Arguments --------------------------------------------------------------------------------

// How many entries somebody is given at most who has waited for them without saying how many.
constexpr std::uint64_t count_after_waiting = 1000;

struct read_options {
    std::uint64_t count = 0;           // 0: no limit
    std::optional<std::int64_t> until; // BLOCK: Unix milliseconds, or `never`
    std::string_view group;
    std::string_view consumer;
    bool has_group = false;
    bool acknowledged = false; // NOACK
    std::size_t keys_at = 0;
    std::size_t streams = 0;
};

// The first key of XREAD or XREADGROUP, which stands behind the options; 0 if there is none.
std::size_t first_stream(std::span<const std::string_view> args) {
    for (std::size_t i = 1; i < args.size(); ++i) {
        if (equals_ignoring_case(args[i], "streams")) return i + 1 < args.size() ? i + 1 : 0;
        if (equals_ignoring_case(args[i], "block") || equals_ignoring_case(args[i], "count"))
            ++i;
        else if (equals_ignoring_case(args[i], "group"))
            i += 2;
        else if (!equals_ignoring_case(args[i], "noack"))
            return 0;
    }
    return 0;
}

std::nullopt_t refuse(context& c, std::string_view text) {
    c.reply.error(text);
    return std::nullopt;
}

// BLOCK's milliseconds, as a time.
std::optional<std::int64_t> block_argument(context& c, std::string_view word) {
    const std::optional<std::int64_t> wait = parse_integer(word);
    if (!wait) return refuse(c, "ERR timeout is not an integer or out of range");
    if (*wait < 0) return refuse(c, "ERR timeout is negative");
    if (*wait == 0) return never;
    std::int64_t until = 0;
    // As in Redis: a time beyond all times is one that is over.
    if (__builtin_add_overflow(c.now_ms(), *wait, &until)) return 0;
    return until;
}

bool take_streams(context& c, std::size_t at, read_options& options) {
    options.keys_at = at;
    const std::size_t words = c.args.size() - at;
    options.streams = words / 2;
    if (words % 2 == 0) return true;
    c.reply.error("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be "
                  "specified."); // XREADGROUP says no other
    return false;
}

// The options; replies with an error and returns nothing if something is wrong with them.
std::optional<read_options> read_arguments(context& c, bool grouped) {
    read_options options;
    for (std::size_t i = 1; i < c.args.size() && options.keys_at == 0; ++i) {
        const std::string_view word = c.args[i];
        const std::size_t more = c.args.size() - i - 1;
        if (more > 0 && equals_ignoring_case(word, "block")) {
            if (c.effects.in_script) {
                c.reply.error(fmt::format(
                    "ERR {} command is not allowed with BLOCK option from scripts", c.args[0]));
                return std::nullopt;
            }
            options.until = block_argument(c, c.args[++i]);
            if (!options.until) return std::nullopt;
        } else if (more > 0 && equals_ignoring_case(word, "count")) {
            const std::optional<stream_count> count = stream_count_argument(c, c.args[++i]);
            if (!count) return std::nullopt;
            options.count = *count->most;
        } else if (more > 0 && equals_ignoring_case(word, "streams")) {
            if (!take_streams(c, i + 1, options)) return std::nullopt;
        } else if (more > 1 && equals_ignoring_case(word, "group")) {
            if (!grouped)
                return refuse(c, "ERR The GROUP option is only supported by XREADGROUP. You called "
                                 "XREAD instead.");
            options.group = c.args[++i];
            options.consumer = c.args[++i];
            options.has_group = true;
        } else if (equals_ignoring_case(word, "noack")) {
            if (!grouped)
                return refuse(c, "ERR The NOACK option is only supported by XREADGROUP. You called "
                                 "XREAD instead.");
            options.acknowledged = true;
        } else {
            return refuse(c, replies::syntax_error);
        }
    }
    if (options.keys_at == 0) return refuse(c, replies::syntax_error);
    if (grouped && !options.has_group) return refuse(c, "ERR Missing GROUP option for XREADGROUP");
    return options;
}

// What is wanted of one of the streams.
struct wanted_entries {
    stream_id after;
    bool is_new = false; // XREADGROUP's ">": what nobody was given yet
};

std::optional<wanted_entries> wanted_argument(context& c, std::string_view word, bool grouped,
                                              located found) {
    if (shown(word) == "$") {
        if (grouped)
            return refuse(c, "ERR The $ ID is meaningless in the context of XREADGROUP: you want "
                             "to read the history of this consumer by specifying a proper ID, or "
                             "use the > ID to get new messages. The $ ID would just return an "
                             "empty result set.");
        return wanted_entries{found ? stream_value::of(*found).last_id() : stream_id{}};
    }
    if (shown(word) == ">") {
        if (!grouped)
            return refuse(c, "ERR The > ID can be specified only when calling XREADGROUP using the "
                             "GROUP <group> <consumer> option.");
        return wanted_entries{stream_id::most(), true};
    }
    const std::optional<stream_id> id = stream_id_argument(c, word);
    if (!id) return std::nullopt;
    return wanted_entries{*id, grouped && *id == stream_id::most()};
}

// -- One stream of the reply ------------------------------------------------------------------

void begin_stream(context& c, std::string_view key) {
    if (!c.reply.resp3()) c.reply.array(2);
    c.reply.bulk_string(key);
}

void write_behind(context& c, const stream_value& stream, const stream_id& after,
                  std::uint64_t count) {
    late_aggregate entries{c.reply};
    std::size_t written = 0;
    if (const std::optional<stream_id> first = after.next())
        stream.for_each(*first, stream_id::most(), [&](const stream_entry& each) {
            write_stream_entry(c.reply, each);
            return ++written != count;
        });
    entries.finish_array(written);
}

stream_consumer& consumer_of(context& c, stream_group& group, std::string_view name,
                             const hashed_key& key) {
    if (stream_consumer* const found = group.find_consumer(name)) {
        found->seen_time = c.now_ms();
        return *found;
    }
    c.notify(event_class::stream, "xgroup-createconsumer", key);
    return group.add_consumer(name, c.now_ms());
}

// What nobody in the group was given yet is the consumer's from now on.
void write_new(context& c, const stream_value& stream, stream_group& group,
               stream_consumer& consumer, const read_options& options, std::uint64_t count) {
    late_aggregate entries{c.reply};
    std::size_t written = 0;
    if (const std::optional<stream_id> first = group.last_id.next())
        stream.for_each(*first, stream_id::most(), [&](const stream_entry& each) {
            if (!options.acknowledged) {
                pending_entry& delivered = group.deliver(each.id(), consumer);
                delivered.delivery_time = c.now_ms();
                delivered.delivery_count = 1;
            }
            stream.advance(group, each.id());
            write_stream_entry(c.reply, each);
            return ++written != count;
        });
    entries.finish_array(written);
}

// What the consumer was given, and has not acknowledged yet.
void write_history(context& c, const stream_value& stream, stream_group& group,
                   const stream_consumer& consumer, const stream_id& after, std::uint64_t count) {
    late_aggregate entries{c.reply};
    std::size_t written = 0;
    consumer.pending.for_each_from(after.next().value_or(stream_id{}), [&](const auto& item) {
        bool exists = false;
        stream.for_each(item.id, item.id, [&](const stream_entry& each) {
            write_stream_entry(c.reply, each);
            exists = true;
            return false;
        });
        if (exists) {
            pending_entry& again = *group.find_pending(item.id);
            again.delivery_time = c.now_ms();
            ++again.delivery_count;
        } else { // deleted meanwhile
            c.reply.array(2);
            write_stream_id(c.reply, item.id);
            c.reply.null_array();
        }
        return ++written != count;
    });
    entries.finish_array(written);
}

bool has_entries_behind(const stream_value& stream, const stream_id& after) {
    return stream.size() != 0 && *stream.last_entry_id() > after;
}

// Adds to the reply what the stream has; false if that is nothing.
bool serve(context& c, const hashed_key& key, const stream_value& stream,
           const wanted_entries& wanted, const read_options& options) {
    if (!options.has_group) {
        if (!has_entries_behind(stream, wanted.after)) return false;
        begin_stream(c, key.name);
        write_behind(c, stream, wanted.after, options.count);
        return true;
    }
    stream_group& group = *stream.find_group(options.group);
    if (wanted.is_new && !has_entries_behind(stream, group.last_id)) return false;
    stream_consumer& consumer = consumer_of(c, group, options.consumer, key);
    begin_stream(c, key.name);
    if (wanted.is_new)
        write_new(c, stream, group, consumer, options, options.count);
    else
        write_history(c, stream, group, consumer, wanted.after, options.count);
    return true;
}

// -- Waiting ----------------------------------------------------------------------------------

void wait_for_entries(context& c, const read_options& options,
                      const std::vector<wanted_entries>& wanted) {
    parking how{.awaited = value_type::stream,
                .keys = c.keys.size(),
                .until_ms = *options.until == never ? std::nullopt : options.until,
                .otherwise = timeout_reply::null_array,
                .also_when_lost = options.has_group};
    if (!options.has_group) { // "$" is what it means now, also later
        how.words.assign(c.args.begin(), c.args.end());
        for (std::size_t i = 0; i < options.streams; ++i)
            how.words[options.keys_at + options.streams + i] =
                std::string_view{stream_id_text{wanted[i].after}};
    }
    c.park(std::move(how));
}

void begin_only_stream(context& c, std::string_view key) {
    if (c.reply.resp3())
        c.reply.map(1);
    else
        c.reply.array(1);
    begin_stream(c, key);
}

void wait_on(context& c) {
    c.park(value_type::stream, c.keys.size(), std::nullopt, timeout_reply::null_array);
}

// XREAD's key has a stream that has changed, or is new.
void resume_read(context& c, const read_options& options) {
    const hashed_key& key = c.keys[0];
    const stream_value& stream = stream_value::of(*c.db.find(key));
    const std::span keys = c.args.subspan(options.keys_at, options.streams);
    const auto at =
        static_cast<std::size_t>(std::find(keys.begin(), keys.end(), key.name) - keys.begin());
    const std::optional<stream_id> after =
        parse_stream_id(c.args[options.keys_at + options.streams + at], 0);
    if (!after || stream.last_id() <= *after) return wait_on(c);
    begin_only_stream(c, key.name);
    write_behind(c, stream, *after, options.count != 0 ? options.count : count_after_waiting);
}

// XREADGROUP's key has a stream that has changed, or is new, or it has none any more.
void resume_group_read(context& c, const read_options& options) {
    const hashed_key& key = c.keys[0];
    const located found = c.db.find(key);
    if (!found || found->type() != value_type::stream)
        return c.reply.error("UNBLOCKED the stream key no longer exists");
    const stream_value& stream = stream_value::of(*found);
    stream_group* const group = stream.find_group(options.group);
    if (group == nullptr)
        return c.reply.error(
            "NOGROUP the consumer group this client was blocked on no longer exists");
    if (stream.last_id() <= group->last_id) return wait_on(c);
    stream_consumer& consumer = consumer_of(c, *group, options.consumer, key);
    begin_only_stream(c, key.name);
    write_new(c, stream, *group, consumer, options,
              options.count != 0 ? options.count : count_after_waiting);
}

// -- The commands -----------------------------------------------------------------------------

void read_streams(context& c, bool grouped) {
    const std::optional<read_options> options = read_arguments(c, grouped);
    if (!options) return;
    if (c.effects.resumed)
        return grouped ? resume_group_read(c, *options) : resume_read(c, *options);
    std::vector<wanted_entries> wanted;
    for (std::size_t i = 0; i < options->streams; ++i) {
        const located found = c.read(c.keys[i]);
        if (!is_stream(c, found)) return;
        if (grouped && existing_group(c, found, c.keys[i].name, options->group,
                                      " in XREADGROUP with GROUP option") == nullptr)
            return;
        const std::string_view word = c.args[options->keys_at + options->streams + i];
        const std::optional<wanted_entries> one = wanted_argument(c, word, grouped, found);
        if (!one) return;
        wanted.push_back(*one);
    }
    late_aggregate all{c.reply};
    std::size_t served = 0;
    for (std::size_t i = 0; i < options->streams; ++i) {
        const located found = c.read(c.keys[i]); // again: to look for another may have moved it
        if (found && serve(c, c.keys[i], stream_value::of(*found), wanted[i], *options)) ++served;
    }
    if (served != 0) return c.reply.resp3() ? all.finish_map(served) : all.finish_array(served);
    if (options->until) return wait_for_entries(c, *options, wanted);
    c.reply.null_array();
}

void xread(context& c) {
    read_streams(c, false);
}

void xreadgroup(context& c) {
    read_streams(c, true);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "xread",
     .handler = xread,
     .arity = -4,
     .flags = readonly | blocking | movablekeys,
     .categories = acl_category::stream,
     .keys = {keys_behind("STREAMS", 1, "RO access", first_stream)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)+M) for each stream, M being the number of entries given",
     .syntax = "[COUNT count:integer] [BLOCK milliseconds:integer] "
               "<streams: STREAMS key [key ...] id [id ...]>",
     .summary = "Gives the entries of several streams behind an id of each, and can wait for some "
                "to come."},
    {.name = "xreadgroup",
     .handler = xreadgroup,
     .arity = -7,
     .flags = write | blocking | movablekeys,
     .categories = acl_category::stream,
     .keys = {keys_behind("STREAMS", 4, "RO access", first_stream)},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)+M) for each stream, M being the number of entries given",
     .syntax = "<group_consumer: GROUP group consumer> [COUNT count:integer] "
               "[BLOCK milliseconds:integer] [NOACK] <streams: STREAMS key [key ...] id [id ...]>",
     .summary = "Gives a consumer entries that nobody in its group was given yet, and can wait for "
                "some to come; or those that it has not acknowledged."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> stream_reading_commands() {
    return rows;
}

} // namespace mini_redis
