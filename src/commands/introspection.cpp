// COMMAND: what the server can do, told from the commands' own rows.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/argument_tree.hpp"
#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/executor.hpp" // for_each_key
#include "commands/families.hpp"
#include "commands/registry.hpp"
#include "resp/number.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

/// A command, and for a subcommand the one it belongs to.
struct qualified {
    const command* container = nullptr;
    const command* row = nullptr;

    explicit operator bool() const noexcept { return row != nullptr; }

    std::string name() const { return full_name(container, *row); }
};

// By "get" or "config|get".
qualified find_by_full_name(const registry& commands, std::string_view name) {
    const std::size_t bar = name.find('|');
    const command* const first = commands.find(name.substr(0, bar));
    if (first == nullptr || bar == std::string_view::npos) return {nullptr, first};
    return {first, find_subcommand(*first, name.substr(bar + 1))};
}

// By the words of a request.
qualified find_by_request(const registry& commands, std::span<const std::string_view> words) {
    const command* const first = commands.find(words[0]);
    if (first == nullptr || first->subcommands.empty() || words.size() < 2) return {nullptr, first};
    return {first, find_subcommand(*first, words[1])};
}

/// Calls `visit` with every command and subcommand.
template <class Visit>
void for_each_command(const registry& commands, Visit&& visit) {
    for (const command* const row : commands.all()) {
        visit(qualified{nullptr, row});
        for (const command& subcommand : row->subcommands)
            visit(qualified{row, &subcommand});
    }
}

// -- COMMAND INFO -----------------------------------------------------------------------------

using enum command_flag;

// In the order in which Redis lists them.
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
    {fast, "fast"},
    {no_auth, "no_auth"},
    {may_replicate, "may_replicate"},
    {no_mandatory_keys, "no_mandatory_keys"},
    {no_async_loading, "no_async_loading"},
    {no_multi, "no_multi"},
    {movablekeys, "movablekeys"},
    {allow_busy, "allow_busy"},
};

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
    add_if(has(row.flags, admin), "@admin");
    add_if(has(row.flags, fast), "@fast");
    add_if(!has(row.flags, fast), "@slow");
    add_if(has(row.flags, blocking), "@blocking");
    add_if(has(row.flags, admin) || has(row.categories, category::dangerous), "@dangerous");
    add(category::connection, "@connection");
    add(category::transaction, "@transaction");
    add(category::scripting, "@scripting");
    return names;
}

void write_simple_strings(reply_writer& out, std::span<const std::string_view> words) {
    out.set(words.size());
    for (const std::string_view word : words)
        out.simple_string(word);
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::span<const key_range> ranges_of(const command& row) {
    const auto end = std::find_if(row.keys.begin(), row.keys.end(),
                                  [](const key_range& range) { return range.first == 0; });
    return {row.keys.begin(), end};
}

// One range around all that are not counted, for clients that know no better.
key_range outer_range(const command& row) {
    key_range outer{0, 0, 0};
    for (const key_range& range : ranges_of(row)) {
        if (range.counted) continue;
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
    write_simple_strings(out, split(range.access));
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

void write_info(reply_writer& out, const qualified& one) {
    const command& row = *one.row;
    std::vector<std::string_view> flags;
    for (const auto& [flag, name] : flag_names)
        if (has(row.flags, flag)) flags.push_back(name);
    const key_range outer = outer_range(row);

    out.array(10);
    out.bulk_string(one.name());
    out.integer(row.arity);
    write_simple_strings(out, flags);
    out.integer(outer.first);
    out.integer(outer.last);
    out.integer(outer.step);
    write_simple_strings(out, categories_of(row));
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

void write_info_of_all(context& c) {
    c.reply.array(c.commands.all().size());
    for (const command* const row : c.commands.all())
        write_info(c.reply, {nullptr, row});
}

void command_alone(context& c) {
    write_info_of_all(c);
}

void command_info(context& c) {
    if (c.args.size() == 2) return write_info_of_all(c);
    c.reply.array(c.args.size() - 2);
    for (const std::string_view name : c.args.subspan(2)) {
        const qualified found = find_by_full_name(c.commands, name);
        if (found)
            write_info(c.reply, found);
        else
            c.reply.null();
    }
}

// -- COMMAND DOCS -----------------------------------------------------------------------------

/// Numbers the keys among a command's arguments by the key ranges they stand in.
class key_numbers {
public:
    explicit key_numbers(const qualified& one)
        : ranges_{ranges_of(*one.row)},
          word_{one.container == nullptr ? 1 : 2} {}

    /// The range of the key that is the next word.
    std::size_t of_next_word() const {
        const auto holds_word = [&](const key_range& range) {
            return word_ >= range.first && (range.last < 0 || word_ <= range.last);
        };
        const auto found = std::find_if(ranges_.begin(), ranges_.end(), holds_word);
        const auto index = static_cast<std::size_t>(found - ranges_.begin());
        return found == ranges_.end() && !ranges_.empty() ? ranges_.size() - 1 : index;
    }

    void pass_word() noexcept { ++word_; }

private:
    std::span<const key_range> ranges_;
    int word_;
};

void write_arguments(reply_writer& out, const std::vector<argument>& list, key_numbers& numbers);

void write_argument(reply_writer& out, const argument& one, key_numbers& numbers) {
    std::vector<std::string_view> flags;
    if (one.optional) flags.emplace_back("optional");
    if (one.multiple) flags.emplace_back("multiple");
    if (one.multiple_token) flags.emplace_back("multiple_token");
    const bool is_key = one.type == "key";
    const auto field = [&](std::string_view name, std::string_view value) {
        out.bulk_string(name);
        out.bulk_string(value);
    };

    out.map(2 + std::size_t{is_key} + std::size_t{!one.token.empty()} +
            std::size_t{!flags.empty()} + std::size_t{!one.arguments.empty()});
    field("name", one.name);
    field("type", one.type);
    if (!one.token.empty() && one.type != "pure-token") numbers.pass_word();
    if (is_key) {
        out.bulk_string("key_spec_index");
        out.integer(static_cast<std::int64_t>(numbers.of_next_word()));
    }
    if (!one.token.empty()) field("token", one.token);
    if (!flags.empty()) {
        out.bulk_string("flags");
        write_simple_strings(out, flags);
    }
    if (one.arguments.empty()) {
        numbers.pass_word();
    } else {
        out.bulk_string("arguments");
        write_arguments(out, one.arguments, numbers);
    }
}

void write_arguments(reply_writer& out, const std::vector<argument>& list, key_numbers& numbers) {
    out.array(list.size());
    for (const argument& one : list)
        write_argument(out, one, numbers);
}

void write_docs(reply_writer& out, const qualified& one) {
    const command& row = *one.row;
    const std::vector<argument> arguments = parse_syntax(row.syntax);
    const auto field = [&](std::string_view name, std::string_view value) {
        out.bulk_string(name);
        out.bulk_string(value);
    };
    out.bulk_string(one.name());
    out.map(4 + std::size_t{!arguments.empty()} + std::size_t{!row.subcommands.empty()});
    field("summary", row.summary);
    field("since", row.since);
    field("group", row.group);
    field("complexity", row.complexity);
    if (!arguments.empty()) {
        key_numbers numbers{one};
        out.bulk_string("arguments");
        write_arguments(out, arguments, numbers);
    }
    if (row.subcommands.empty()) return;
    out.bulk_string("subcommands");
    out.map(row.subcommands.size());
    for (const command& subcommand : row.subcommands)
        write_docs(out, {one.row, &subcommand});
}

void command_docs(context& c) {
    std::vector<qualified> wanted;
    if (c.args.size() == 2)
        for (const command* const row : c.commands.all())
            wanted.push_back({nullptr, row});
    for (const std::string_view name : c.args.subspan(2))
        if (const qualified found = find_by_full_name(c.commands, name)) wanted.push_back(found);
    c.reply.map(wanted.size());
    for (const qualified& one : wanted)
        write_docs(c.reply, one);
}

// -- The rest ---------------------------------------------------------------------------------

void command_count(context& c) {
    c.reply.integer(static_cast<std::int64_t>(c.commands.all().size()));
}

void command_list(context& c) {
    const bool filtered = c.args.size() == 5 && equals_ignoring_case(c.args[2], "filterby");
    const std::string_view by = filtered ? c.args[3] : std::string_view{};
    const bool by_module = equals_ignoring_case(by, "module");
    const bool by_category = equals_ignoring_case(by, "aclcat");
    const bool by_pattern = equals_ignoring_case(by, "pattern");
    if (c.args.size() != 2 && !by_module && !by_category && !by_pattern)
        return c.reply.error(replies::syntax_error);

    std::vector<std::string> names;
    for_each_command(c.commands, [&](const qualified& one) {
        if (by_module) return; // there are no modules
        if (by_pattern && !glob_matches(c.args[4], one.name(), true)) return;
        if (by_category) {
            const std::vector<std::string_view> categories = categories_of(*one.row);
            const auto is_wanted = [&](std::string_view category) {
                return same_ignoring_case(category.substr(1), c.args[4]);
            };
            if (std::none_of(categories.begin(), categories.end(), is_wanted)) return;
        }
        names.push_back(one.name());
    });
    c.reply.array(names.size());
    for (const std::string& name : names)
        c.reply.bulk_string(name);
}

// The row that COMMAND GETKEYS's request means; replies with an error and returns null if it has no
// keys or is no request.
// Whether the numbers in front of keys are such that there are keys.
bool counts_fit(const command& row, std::span<const std::string_view> request) {
    for (const key_range& range : ranges_of(row)) {
        if (!range.counted) continue;
        command single = row;
        single.keys = {range};
        std::int64_t keys = 0;
        for_each_key(single, request, [&](std::size_t) { ++keys; });
        if (keys == 0 || parse_integer(request[static_cast<std::size_t>(range.first)]) != keys)
            return false;
    }
    return true;
}

const command* row_with_keys(context& c, std::span<const std::string_view> request) {
    const qualified found = find_by_request(c.commands, request);
    if (!found) {
        c.reply.error("ERR Invalid command specified");
    } else if (!found.row->has_keys()) {
        c.reply.error("ERR The command has no key arguments");
    } else if (!arity_fits(*found.row, request.size())) {
        c.reply.error("ERR Invalid number of arguments specified for command");
    } else if (!counts_fit(*found.row, request)) {
        c.reply.error("ERR Invalid arguments specified for command");
    } else {
        return found.row;
    }
    return nullptr;
}

void command_getkeys(context& c) {
    const std::span<const std::string_view> request = c.args.subspan(2);
    const command* const row = row_with_keys(c, request);
    if (row == nullptr) return;
    std::vector<std::string_view> keys;
    for_each_key(*row, request, [&](std::size_t at) { keys.push_back(request[at]); });
    c.reply.array(keys.size());
    for (const std::string_view key : keys)
        c.reply.bulk_string(key);
}

// How a request uses its keys of a range. What SET does depends on its options.
std::string_view access_of(const key_range& range, std::span<const std::string_view> request) {
    if (range.access.find("variable_flags") == std::string_view::npos) return range.access;
    const bool reads = std::any_of(request.begin() + 3, request.end(), [](std::string_view word) {
        return equals_ignoring_case(word, "get");
    });
    return reads ? "RW access update" : "OW update";
}

void command_getkeysandflags(context& c) {
    const std::span<const std::string_view> request = c.args.subspan(2);
    const command* const row = row_with_keys(c, request);
    if (row == nullptr) return;
    std::size_t count = 0;
    for_each_key(*row, request, [&](std::size_t) { ++count; });
    c.reply.array(count);
    for (const key_range& range : ranges_of(*row)) {
        command single = *row;
        single.keys = {range};
        for_each_key(single, request, [&](std::size_t at) {
            c.reply.array(2);
            c.reply.bulk_string(request[at]);
            write_simple_strings(c.reply, split(access_of(range, request)));
        });
    }
}

using category = acl_category;

constexpr std::array<std::string_view, 1> any_order{"nondeterministic_output_order"};

constexpr command command_rows[] = {
    {.name = "count",
     .handler = command_count,
     .arity = 2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Counts the commands."},
    {.name = "docs",
     .handler = command_docs,
     .arity = -2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of commands asked for",
     .syntax = "[command-name ...]",
     .summary = "Documents commands for people.",
     .tips = any_order},
    {.name = "getkeys",
     .handler = command_getkeys,
     .arity = -4,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) in the number of arguments",
     .syntax = "command arg [arg ...]",
     .summary = "Finds the keys of a request."},
    {.name = "getkeysandflags",
     .handler = command_getkeysandflags,
     .arity = -4,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of arguments",
     .syntax = "command arg [arg ...]",
     .summary = "Finds the keys of a request, and what it does with them."},
    {.name = "help",
     .handler = container_help,
     .arity = 2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of COMMAND."},
    {.name = "info",
     .handler = command_info,
     .arity = -2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) in the number of commands asked for",
     .syntax = "[command-name ...]",
     .summary = "Describes commands for programs.",
     .tips = any_order},
    {.name = "list",
     .handler = command_list,
     .arity = -2,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N) in the number of commands",
     .syntax = "[filterby: FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
     .summary = "Lists the names of commands.",
     .tips = any_order},
};

constexpr command rows[] = {
    {.name = "command",
     .handler = command_alone,
     .arity = -1,
     .flags = loading | stale,
     .categories = category::connection,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N) in the number of commands",
     .summary = "Describes every command, for programs.",
     .tips = any_order,
     .subcommands = command_rows},
};

static_assert(arities_match(command_rows, 2));

} // namespace

std::span<const command> introspection_commands() {
    return rows;
}

} // namespace mini_redis
