// Streams: entries that are appended under ascending ids, looked through and cut off.
#include <array>
#include <cstddef>
#include <cstdint>
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

// Redis keeps no entry that is larger.
constexpr std::size_t most_entry_bytes = std::size_t{1} << 30;

void notify(context& c, std::string_view event) {
    c.notify(event_class::stream, event, c.keys[0]);
}

// -- XADD -------------------------------------------------------------------------------------

// The id of the next entry; nothing if it would not be above the last one.
std::optional<stream_id> next_id(const context& c, const new_stream_id& wanted,
                                 const stream_id& last) {
    if (wanted.automatic) {
        const auto now = static_cast<std::uint64_t>(c.now_ms());
        return now > last.ms ? stream_id{now, 0} : last.next();
    }
    if (wanted.automatic_seq && wanted.id.ms == last.ms) {
        if (last.seq == stream_id::most().seq) return std::nullopt;
        return stream_id{last.ms, last.seq + 1};
    }
    return wanted.id > last ? std::optional{wanted.id} : std::nullopt;
}

bool is_too_large(std::span<const std::string_view> pairs) noexcept {
    std::size_t bytes = 0;
    for (const std::string_view word : pairs)
        bytes += word.size();
    return bytes > most_entry_bytes;
}

void xadd(context& c) {
    const std::optional<add_or_trim_options> options = add_or_trim_arguments(c, true);
    if (!options) return;
    const std::size_t pairs_at = options->id_at + 1;
    if (pairs_at + 2 > c.args.size() || (c.args.size() - pairs_at) % 2 != 0)
        return reply_wrong_arity(c);
    const new_stream_id& wanted = options->id;
    if (!wanted.automatic && !wanted.automatic_seq && wanted.id.is_zero())
        return c.reply.error("ERR The ID specified in XADD must be greater than 0-0");
    const located found = c.modify(c.keys[0]);
    if (!is_stream(c, found)) return;
    if (!found && !options->may_create) return c.reply.null();
    const stream_id last = found ? stream_value::of(*found).last_id() : stream_id{};
    if (last == stream_id::most())
        return c.reply.error("ERR The stream has exhausted the last possible ID, unable to add "
                             "more items");
    const std::optional<stream_id> id = next_id(c, wanted, last);
    if (!id && wanted.automatic_seq && wanted.id.ms == last.ms) // Redis's words for that
        return c.reply.error("ERR Elements are too large to be stored");
    if (!id)
        return c.reply.error("ERR The ID specified in XADD is equal or smaller than the target "
                             "stream top item");
    const std::span pairs = c.args.subspan(pairs_at);
    if (is_too_large(pairs)) return c.reply.error("ERR Elements are too large to be stored");

    stream_value* stream = nullptr;
    if (found) {
        stream = &stream_value::of(*found);
        stream->append(*id, pairs, c.db.limits());
        c.db.changed(c.keys[0], &*found);
    } else {
        auto made = std::make_unique<stream_value>();
        stream = made.get();
        made->append(*id, pairs, c.db.limits());
        c.db.put(
            c.keys[0], found,
            entry::make_object(value_type::stream, c.keys[0].name, std::move(made), std::nullopt));
    }
    notify(c, "xadd");
    if (stream->trim(options->trim) != 0) notify(c, "xtrim");
    write_stream_id(c.reply, *id);
}

// -- Taking away ------------------------------------------------------------------------------

void xdel(context& c) {
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.integer(0);
    if (!is_stream(c, found)) return;
    std::vector<stream_id> ids;
    for (const std::string_view word : c.args.subspan(2)) {
        const std::optional<stream_id> id = stream_id_argument(c, word);
        if (!id) return;
        ids.push_back(*id);
    }
    std::int64_t deleted = 0;
    for (const stream_id& id : ids)
        if (stream_value::of(*found).erase(id)) ++deleted;
    if (deleted != 0) {
        c.db.changed(c.keys[0], nullptr); // who waits for entries is not concerned
        notify(c, "xdel");
    }
    c.reply.integer(deleted);
}

void xtrim(context& c) {
    const std::optional<add_or_trim_options> options = add_or_trim_arguments(c, false);
    if (!options) return;
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.integer(0);
    if (!is_stream(c, found)) return;
    const std::size_t deleted = stream_value::of(*found).trim(options->trim);
    if (deleted != 0) {
        c.db.changed(c.keys[0], nullptr); // who waits for entries is not concerned
        notify(c, "xtrim");
    }
    c.reply.integer(static_cast<std::int64_t>(deleted));
}

// -- Looking ----------------------------------------------------------------------------------

void xlen(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_stream(c, found)) return;
    c.reply.integer(found ? static_cast<std::int64_t>(stream_value::of(*found).size()) : 0);
}

enum class direction { forward, backward };

template <direction where>
void xrange(context& c) {
    constexpr bool forward = where == direction::forward;
    const std::optional<stream_range> range =
        stream_range_arguments(c, c.args[forward ? 2 : 3], c.args[forward ? 3 : 2]);
    if (!range) return;
    stream_count count;
    for (std::size_t i = 4; i < c.args.size(); i += 2) {
        if (i + 1 == c.args.size() || !equals_ignoring_case(c.args[i], "count"))
            return c.reply.error(replies::syntax_error);
        const std::optional<stream_count> given = stream_count_argument(c, c.args[i + 1]);
        if (!given) return;
        count = *given;
    }
    const located found = c.read(c.keys[0]);
    if (!is_stream(c, found)) return;
    if (!found) return c.reply.array(0);
    if (count.most == 0) return c.reply.null_array();
    std::size_t written = 0;
    late_aggregate entries{c.reply};
    const auto write = [&](const stream_entry& each) {
        write_stream_entry(c.reply, each);
        return ++written != count.most;
    };
    const stream_value& stream = stream_value::of(*found);
    if (forward)
        stream.for_each(range->first, range->last, write);
    else
        stream.for_each_backward(range->first, range->last, write);
    entries.finish_array(written);
}

// -- XSETID -----------------------------------------------------------------------------------

struct id_setting {
    stream_id last;
    stream_id max_deleted{};
    std::optional<std::int64_t> entries_added{};
};

// Replies with an error and returns nothing if something is wrong with them.
std::optional<id_setting> parse_setting(context& c) {
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    const std::optional<stream_id> last = stream_id_argument(c, c.args[2]);
    if (!last) return std::nullopt;
    id_setting setting{*last};
    for (std::size_t i = 3; i < c.args.size(); i += 2) {
        const bool more = i + 1 < c.args.size();
        if (more && equals_ignoring_case(c.args[i], "entriesadded")) {
            setting.entries_added = integer_argument(c, c.args[i + 1]);
            if (!setting.entries_added) return std::nullopt;
            if (*setting.entries_added < 0) return refuse("ERR entries_added must be positive");
        } else if (more && equals_ignoring_case(c.args[i], "maxdeletedid")) {
            const std::optional<stream_id> id = stream_id_argument(c, c.args[i + 1]);
            if (!id) return std::nullopt;
            if (*last < *id)
                return refuse("ERR The ID specified in XSETID is smaller than the provided "
                              "max_deleted_entry_id");
            setting.max_deleted = *id;
        } else {
            return refuse(replies::syntax_error);
        }
    }
    return setting;
}

void xsetid(context& c) {
    const std::optional<id_setting> setting = parse_setting(c);
    if (!setting) return;
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.error(replies::no_such_key);
    if (!is_stream(c, found)) return;
    stream_value& stream = stream_value::of(*found);
    if (setting->last < stream.last_entry_id().value_or(stream_id{}))
        return c.reply.error("ERR The ID specified in XSETID is smaller than the target stream top "
                             "item");
    if (setting->entries_added &&
        static_cast<std::uint64_t>(*setting->entries_added) < stream.size())
        return c.reply.error("ERR The entries_added specified in XSETID is smaller than the target "
                             "stream length");
    stream.set_last_id(setting->last);
    if (setting->entries_added)
        stream.set_entries_added(static_cast<std::uint64_t>(*setting->entries_added));
    if (!setting->max_deleted.is_zero()) stream.set_max_deleted_id(setting->max_deleted);
    notify(c, "xsetid"); // it does not count as a change for those who watch the key
    c.reply.ok();
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "xadd",
     .handler = xadd,
     .arity = -5,
     .flags = write | denyoom | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RW update")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1), and O(N) in the number of entries that are trimmed",
     .syntax =
         "key [NOMKSTREAM] [trim: <strategy: MAXLEN | MINID> [operator: equal== | approximately=~] "
         "threshold [LIMIT count:integer]] <id_or_auto: auto_id=* | id> field value "
         "[field value ...]",
     .summary = "Appends an entry, under a new id or one that is given, and may trim the stream.",
     .tips = changing_output},
    {.name = "xdel",
     .handler = xdel,
     .arity = -3,
     .flags = write | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RW delete")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)) for each id",
     .syntax = "key id [id ...]",
     .summary = "Deletes entries by their ids, and tells how many were there."},
    {.name = "xlen",
     .handler = xlen,
     .arity = 2,
     .flags = readonly | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RO")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "key",
     .summary = "Tells how many entries a stream has."},
    {.name = "xrange",
     .handler = xrange<direction::forward>,
     .arity = -4,
     .flags = readonly,
     .categories = acl_category::stream,
     .keys = {one_key("RO access")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)+M), M being the number of entries given",
     .syntax = "key start end [COUNT count:integer]",
     .summary = "Gives the entries from one id to another."},
    {.name = "xrevrange",
     .handler = xrange<direction::backward>,
     .arity = -4,
     .flags = readonly,
     .categories = acl_category::stream,
     .keys = {one_key("RO access")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)+M), M being the number of entries given",
     .syntax = "key end start [COUNT count:integer]",
     .summary = "Gives the entries from one id down to another."},
    {.name = "xsetid",
     .handler = xsetid,
     .arity = -3,
     .flags = write | denyoom | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RW update")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(1)",
     .syntax = "key last-id [ENTRIESADDED entries_added:integer] [MAXDELETEDID "
               "max_deleted_entry_id]",
     .summary = "Sets what a stream remembers of its ids: for copying streams piece by piece."},
    {.name = "xtrim",
     .handler = xtrim,
     .arity = -4,
     .flags = write,
     .categories = acl_category::stream,
     .keys = {one_key("RW delete")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(N) in the number of entries taken away",
     .syntax = "key <trim: <strategy: MAXLEN | MINID> [operator: equal== | approximately=~] "
               "threshold [LIMIT count:integer]>",
     .summary = "Takes away entries at the beginning, above a length or below an id.",
     .tips = changing_output},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> stream_commands() {
    return rows;
}

} // namespace mini_redis
