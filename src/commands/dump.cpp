// DUMP and RESTORE: values as bytes that Redis reads and writes too.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/value_dump.hpp"
#include "store/dump_format.hpp"
#include "store/hash_value.hpp"
#include "store/list_value.hpp"
#include "store/set_value.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

void dump(context& c) {
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.null();
    c.reply.bulk_string(dump_value(*found));
}

// -- RESTORE ----------------------------------------------------------------------------------

struct restore_options {
    bool replace = false;
    bool absolute = false;
    std::optional<std::int64_t> idle_seconds;
    std::optional<std::uint32_t> frequency;
};

// Replies with an error and returns nothing if the options are wrong.
std::optional<restore_options> parse_options(context& c) {
    restore_options options;
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    for (std::size_t i = 4; i < c.args.size(); ++i) {
        const bool has_value = i + 1 < c.args.size();
        if (equals_ignoring_case(c.args[i], "replace")) {
            options.replace = true;
        } else if (equals_ignoring_case(c.args[i], "absttl")) {
            options.absolute = true;
        } else if (equals_ignoring_case(c.args[i], "idletime") && has_value && !options.frequency) {
            options.idle_seconds = integer_argument(c, c.args[++i]);
            if (!options.idle_seconds) return std::nullopt;
            if (*options.idle_seconds < 0)
                return refuse("ERR Invalid IDLETIME value, must be >= 0");
        } else if (equals_ignoring_case(c.args[i], "freq") && has_value && !options.idle_seconds) {
            const std::optional<std::int64_t> frequency = integer_argument(c, c.args[++i]);
            if (!frequency) return std::nullopt;
            if (*frequency < 0 || *frequency > 255)
                return refuse("ERR Invalid FREQ value, must be >= 0 and <= 255");
            options.frequency = static_cast<std::uint32_t>(*frequency);
        } else {
            return refuse(replies::syntax_error);
        }
    }
    return options;
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

entry_ptr make_set_of(const dumped_value& value, const compact_limits& limits,
                      std::string_view key) {
    set_builder built{limits, value.elements.size()};
    for (const std::string& member : value.elements)
        built.add(member);
    return built.finish(key, std::nullopt);
}

entry_ptr make_sorted_set_of(const dumped_value& value, const compact_limits& limits,
                             std::string_view key) {
    std::vector<scored_member> members;
    members.reserve(value.elements.size());
    for (std::size_t i = 0; i < value.elements.size(); ++i)
        members.push_back({value.elements[i], value.scores[i]});
    std::sort(members.begin(), members.end(), ranks_before);
    return make_sorted_set(key, members, limits);
}

// The value is used up.
entry_ptr make_value(dumped_value& value, const compact_limits& limits, std::string_view key) {
    switch (value.type) {
    case value_type::list:
        return make_list(key, list_end::tail, views_of(value.elements),
                         listpack_limit{limits.list_size.load(std::memory_order_relaxed)});
    case value_type::hash: return make_hash(key, views_of(value.elements), limits);
    case value_type::set: return make_set_of(value, limits, key);
    case value_type::zset: return make_sorted_set_of(value, limits, key);
    case value_type::stream:
        return entry::make_object(value_type::stream, key, std::move(value.object), std::nullopt);
    default:
        return entry::adopt_string(key, std::make_unique<counted_string>(value.text), std::nullopt,
                                   string_encoding::automatic);
    }
}

// When the key is to expire, in Unix milliseconds; 0 for never. Otherwise replies with an error.
std::optional<std::int64_t> parse_expiry(context& c, const restore_options& options) {
    std::optional<std::int64_t> at = integer_argument(c, c.args[2]);
    if (!at) return std::nullopt;
    if (*at < 0) {
        c.reply.error("ERR Invalid TTL value, must be >= 0");
        return std::nullopt;
    }
    if (*at != 0 && !options.absolute && __builtin_add_overflow(*at, c.now_ms(), &*at))
        at = INT64_MAX;
    return at;
}

// Only what the server keeps of keys now: when they were used, or how often.
void set_use(entry& restored, const restore_options& options, const context& c) {
    const std::uint32_t now = c.time.coarse_seconds();
    const bool counts = c.store.frequency().counted.load(std::memory_order_relaxed);
    if (counts && options.frequency)
        restored.touch(access_frequency::bits_of(*options.frequency, now));
    if (!counts && options.idle_seconds)
        restored.touch(
            static_cast<std::uint32_t>(now - static_cast<std::uint64_t>(*options.idle_seconds)));
}

void restore(context& c) {
    const std::optional<restore_options> options = parse_options(c);
    if (!options) return;
    const hashed_key& key = c.keys[0];
    const located old = c.modify(key);
    if (old && !options->replace) return c.reply.error("BUSYKEY Target key name already exists.");
    const std::optional<std::int64_t> expire_at = parse_expiry(c, *options);
    if (!expire_at) return;
    if (!has_right_footer(c.args[3]))
        return c.reply.error("ERR DUMP payload version or checksum are wrong");
    std::optional<dumped_value> value = read_dump(c.args[3]);
    if (!value) return c.reply.error("ERR Bad data format");

    if (*expire_at != 0 && *expire_at <= c.now_ms()) { // it would be gone at once
        if (old) {
            c.db.erase(key, old);
            c.notify(event_class::generic, "del", key);
        }
        return c.reply.ok();
    }
    entry_ptr made = make_value(*value, c.db.limits(), key.name);
    if (*expire_at != 0) made = entry::remake(*made, key.name, *expire_at);
    c.db.put_anew(key, std::move(made));
    set_use(*c.db.find(key), *options, c);
    c.notify(event_class::generic, "restore", key);
    c.reply.ok();
}

using enum command_flag;
using category = acl_category;

constexpr std::string_view restore_syntax =
    "key ttl:integer serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds:integer] "
    "[FREQ frequency:integer]";

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "dump",
     .handler = dump,
     .arity = 2,
     .flags = readonly,
     .categories = category::keyspace,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(N) in the size of the value",
     .syntax = "key",
     .summary = "Gives a value as bytes that RESTORE, also Redis's, makes a value again.",
     .tips = changing_output},
    {.name = "restore",
     .handler = restore,
     .arity = -4,
     .flags = write | denyoom,
     .categories = category::keyspace | category::dangerous,
     .keys = {{{1, 1, 1, "OW update"}}},
     .group = "generic",
     .since = "2.6.0",
     .complexity = "O(N) in the size of the value, O(N*log(N)) for a sorted set",
     .syntax = restore_syntax,
     .summary = "Stores a value that DUMP, also Redis's, has made bytes of."},
    {.name = "restore-asking",
     .handler = restore,
     .arity = -4,
     .flags = write | denyoom | asking,
     .categories = category::keyspace | category::dangerous,
     .keys = {{{1, 1, 1, "OW update"}}},
     .group = "server",
     .since = "3.0.0",
     .complexity = "O(N) in the size of the value, O(N*log(N)) for a sorted set",
     .syntax = restore_syntax,
     .summary = "Is RESTORE, as it is called where keys move between the nodes of a cluster."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> dump_commands() {
    return rows;
}

} // namespace mini_redis
