// COMMAND DOCS: rows, as people want them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "commands/argument_tree.hpp"
#include "commands/introspection.hpp"

namespace mini_redis {
namespace {

/// Numbers the keys among a command's arguments by the key ranges they stand in.
class key_numbers {
public:
    explicit key_numbers(const qualified_command& one)
        : ranges_{ranges_of(*one.row)},
          word_{one.container == nullptr ? 1 : 2} {}

    /// The range of the key that is the next word; `token` stands before it, if any does.
    std::size_t of_next_word(std::string_view token) const {
        const auto holds_word = [&](const key_range& range) {
            if (!range.follows.empty()) return range.follows == token;
            return range.first > 0 && word_ >= range.first &&
                   (range.last < 0 || word_ <= range.last);
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
        out.integer(static_cast<std::int64_t>(numbers.of_next_word(one.token)));
    }
    if (!one.token.empty()) field("token", one.token);
    if (!flags.empty()) {
        out.bulk_string("flags");
        write_words(out, flags);
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

void write_docs(reply_writer& out, const qualified_command& one) {
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

} // namespace

void command_docs(context& c) {
    std::vector<qualified_command> wanted;
    if (c.args.size() == 2)
        for (const command* const row : c.commands.all())
            wanted.push_back({nullptr, row});
    for (const std::string_view name : c.args.subspan(2))
        if (const qualified_command found = find_by_full_name(c.commands, name))
            wanted.push_back(found);
    c.reply.map(wanted.size());
    for (const qualified_command& one : wanted)
        write_docs(c.reply, one);
}

} // namespace mini_redis
