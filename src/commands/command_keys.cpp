// COMMAND GETKEYS and GETKEYSANDFLAGS: the keys of a request.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/executor.hpp"
#include "commands/introspection.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

// By the words of a request.
qualified_command find_by_request(const registry& commands,
                                  std::span<const std::string_view> words) {
    const command* const first = commands.find(words[0]);
    if (first == nullptr || first->subcommands.empty() || words.size() < 2) return {nullptr, first};
    return {first, find_subcommand(*first, words[1])};
}

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

// Where numbers that are wrong are no error, but mean that there are no keys.
bool may_lack_keys(const command& row) noexcept {
    return has(row.flags, command_flag::no_mandatory_keys);
}

// The row that COMMAND GETKEYS's request means; replies with an error and returns null if it has no
// keys or is no request.
const command* row_with_keys(context& c, std::span<const std::string_view> request) {
    const qualified_command found = find_by_request(c.commands, request);
    if (!found) {
        c.reply.error("ERR Invalid command specified");
    } else if (!found.row->has_keys()) {
        c.reply.error("ERR The command has no key arguments");
    } else if (!arity_fits(*found.row, request.size())) {
        c.reply.error("ERR Invalid number of arguments specified for command");
    } else if (!counts_fit(*found.row, request) && !may_lack_keys(*found.row)) {
        c.reply.error("ERR Invalid arguments specified for command");
    } else {
        return found.row;
    }
    return nullptr;
}

// The keys that the row's ranges cannot tell.
std::vector<std::string_view> planned_keys(const command& row,
                                           std::span<const std::string_view> request) {
    lock_plan plan;
    if (row.plan != nullptr) row.plan(client_state{}, request, plan);
    return plan.keys;
}

// How a request uses its keys of a range. What SET does depends on its options.
std::string_view access_of(const key_range& range, std::span<const std::string_view> request) {
    if (range.access.find("variable_flags") == std::string_view::npos) return range.access;
    const bool reads = std::any_of(request.begin() + 3, request.end(), [](std::string_view word) {
        return equals_ignoring_case(word, "get");
    });
    return reads ? "RW access update" : "OW update";
}

} // namespace

void command_getkeys(context& c) {
    const std::span<const std::string_view> request = c.args.subspan(2);
    const command* const row = row_with_keys(c, request);
    if (row == nullptr) return;
    if (!counts_fit(*row, request)) return c.reply.array(0);
    std::vector<std::string_view> keys;
    for_each_key(*row, request, [&](std::size_t at) { keys.push_back(request[at]); });
    const std::vector<std::string_view> planned = planned_keys(*row, request);
    keys.insert(keys.end(), planned.begin(), planned.end());
    if (keys.empty() && !may_lack_keys(*row))
        return c.reply.error("ERR Invalid arguments specified for command");
    c.reply.array(keys.size());
    for (const std::string_view key : keys)
        c.reply.bulk_string(key);
}

void command_getkeysandflags(context& c) {
    const std::span<const std::string_view> request = c.args.subspan(2);
    const command* const row = row_with_keys(c, request);
    if (row == nullptr) return;
    if (!counts_fit(*row, request)) return c.reply.array(0);
    std::size_t count = 0;
    for_each_key(*row, request, [&](std::size_t) { ++count; });
    const std::vector<std::string_view> planned = planned_keys(*row, request);
    c.reply.array(count + planned.size());
    for (const key_range& range : ranges_of(*row)) {
        command single = *row;
        single.keys = {range};
        for_each_key(single, request, [&](std::size_t at) {
            c.reply.array(2);
            c.reply.bulk_string(request[at]);
            write_words(c.reply, split_words(access_of(range, request)));
        });
    }
    for (const std::string_view key : planned) {
        c.reply.array(2);
        c.reply.bulk_string(key);
        write_words(c.reply, split_words(ranges_of(*row).back().access));
    }
}

} // namespace mini_redis
