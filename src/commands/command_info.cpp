// COMMAND and COMMAND INFO: rows, as programs want them.
#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/introspection.hpp"

namespace mini_redis {
namespace {

using enum command_flag;

// In the order in which Redis lists them; it keeps may_replicate to itself.
constexpr std::pair<command_flag, std::string_view> flag_names[] = {
    {write, "write"},
    {readonly, "readonly"},
    {denyoom, "denyoom"},
    {admin, "admin"},
    {pubsub, "pubsub"},
    {noscript, "noscript"},
    {blocking, "blocking"},
    {loading, "loading"},
    {stale, "stale"},
    {skip_monitor, "skip_monitor"},
    {skip_slowlog, "skip_slowlog"},
    {asking, "asking"},
    {fast, "fast"},
    {no_auth, "no_auth"},
    {no_mandatory_keys, "no_mandatory_keys"},
    {no_async_loading, "no_async_loading"},
    {no_multi, "no_multi"},
    {movablekeys, "movablekeys"},
    {allow_busy, "allow_busy"},
};

// One range around all that are not counted, for clients that know no better.
key_range outer_range(const command& row) {
    key_range outer{0, 0, 0};
    for (const key_range& range : ranges_of(row)) {
        if (range.counted || range.first < 0 || range.find != nullptr) continue;
        if (outer.first == 0) {
            outer = range;
            continue;
        }
        outer.first = std::min(outer.first, range.first);
        outer.last = outer.last < 0 || range.last < 0 ? std::min(outer.last, range.last)
                                                      : std::max(outer.last, range.last);
        outer.step = 1;
    }
    return outer;
}

void write_key_spec(reply_writer& out, const key_range& range) {
    const auto number = [&](std::string_view name, int value) {
        out.bulk_string(name);
        out.integer(value);
    };
    const auto search = [&](std::string_view name, std::string_view type, std::size_t fields) {
        out.bulk_string(name);
        out.map(2);
        out.bulk_string("type");
        out.bulk_string(type);
        out.bulk_string("spec");
        out.map(fields);
    };
    out.map(3);
    out.bulk_string("flags");
    write_words(out, split_words(range.access));
    if (!range.follows.empty()) {
        search("begin_search", "keyword", 2);
        out.bulk_string("keyword");
        out.bulk_string(range.follows);
        number("startfrom", range.last);
        search("find_keys", "range", 3);
        number("lastkey", 0);
        number("keystep", 1);
        number("limit", 0);
        return;
    }
    if (range.first < 0) {
        search("begin_search", "unknown", 0);
        search("find_keys", "unknown", 0);
        return;
    }
    if (range.find != nullptr) {
        search("begin_search", "keyword", 2);
        out.bulk_string("keyword");
        out.bulk_string(range.behind);
        number("startfrom", range.first);
        search("find_keys", "range", 3);
        number("lastkey", -1);
        number("keystep", 1);
        number("limit", 2); // the first half of what follows
        return;
    }
    search("begin_search", "index", 1);
    number("index", range.first);
    if (range.counted) {
        search("find_keys", "keynum", 3);
        number("keynumidx", 0);
        number("firstkey", 1);
        number("keystep", range.step);
        return;
    }
    search("find_keys", "range", 3);
    number("lastkey", range.last < 0 ? range.last : range.last - range.first);
    number("keystep", range.step);
    number("limit", 0);
}

void write_info(reply_writer& out, const qualified_command& one) {
    const command& row = *one.row;
    std::vector<std::string_view> flags;
    for (const auto& [flag, name] : flag_names)
        if (has(row.flags, flag)) flags.push_back(name);
    const key_range outer = outer_range(row);

    out.array(10);
    out.bulk_string(one.name());
    out.integer(row.arity);
    write_words(out, flags);
    out.integer(outer.first);
    out.integer(outer.last);
    out.integer(outer.step);
    write_words(out, categories_of(row));
    out.set(row.tips.size());
    for (const std::string_view tip : row.tips)
        out.bulk_string(tip);
    out.set(ranges_of(row).size());
    for (const key_range& range : ranges_of(row))
        write_key_spec(out, range);
    if (row.subcommands.empty())
        out.set(0);
    else
        out.array(row.subcommands.size());
    for (const command& subcommand : row.subcommands)
        write_info(out, {one.row, &subcommand});
}

} // namespace

// The categories of access control, in Redis's order: those that the row names, and those that its
// flags imply.
std::vector<std::string_view> categories_of(const command& row) {
    using category = acl_category;
    std::vector<std::string_view> names;
    const auto add_if = [&](bool belongs, std::string_view name) {
        if (belongs) names.push_back(name);
    };
    const auto add = [&](category one, std::string_view name) {
        add_if(has(row.categories, one), name);
    };
    add(category::keyspace, "@keyspace");
    add_if(has(row.flags, readonly) && !has(row.categories, category::scripting), "@read");
    add_if(has(row.flags, write), "@write");
    add(category::set, "@set");
    add(category::sortedset, "@sortedset");
    add(category::list, "@list");
    add(category::hash, "@hash");
    add(category::string, "@string");
    add(category::bitmap, "@bitmap");
    add(category::hyperloglog, "@hyperloglog");
    add(category::geo, "@geo");
    add(category::stream, "@stream");
    add_if(has(row.flags, pubsub), "@pubsub");
    add_if(has(row.flags, admin) || has(row.categories, category::admin), "@admin");
    add_if(has(row.flags, fast), "@fast");
    add_if(!has(row.flags, fast), "@slow");
    add_if(has(row.flags, blocking), "@blocking");
    add_if(has(row.flags, admin) || has(row.categories, category::dangerous), "@dangerous");
    add(category::connection, "@connection");
    add(category::transaction, "@transaction");
    add(category::scripting, "@scripting");
    return names;
}

std::span<const key_range> ranges_of(const command& row) {
    const auto end = std::find_if(row.keys.begin(), row.keys.end(),
                                  [](const key_range& range) { return range.first == 0; });
    return {row.keys.begin(), end};
}

void command_info_of_all(context& c) {
    c.reply.array(c.commands.all().size());
    for (const command* const row : c.commands.all())
        write_info(c.reply, {nullptr, row});
}

void command_info(context& c) {
    if (c.args.size() == 2) return command_info_of_all(c);
    c.reply.array(c.args.size() - 2);
    for (const std::string_view name : c.args.subspan(2)) {
        const qualified_command found = find_by_full_name(c.commands, name);
        if (found)
            write_info(c.reply, found);
        else
            c.reply.null();
    }
}

} // namespace mini_redis
