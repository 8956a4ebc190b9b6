#include "commands/arguments.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <new>
#include <random>
#include <string>

#include "commands/argument_tree.hpp"
#include "commands/context.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

std::string in_upper_case(std::string_view text) {
    std::string upper{text};
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return upper;
}

} // namespace

std::optional<std::int64_t> integer_argument(context& c, std::string_view word) {
    const std::optional<std::int64_t> value = parse_integer(word);
    if (!value) c.reply.error(replies::not_an_integer);
    return value;
}

std::optional<std::size_t> database_argument(context& c, std::string_view word) {
    const std::optional<std::int64_t> index = integer_argument(c, word);
    if (!index) return std::nullopt;
    using limits = std::numeric_limits<std::int32_t>;
    if (*index < limits::min() || *index > limits::max()) {
        c.reply.error(fmt::format("ERR value is out of range, value must between {} and {}",
                                  limits::min(), limits::max()));
        return std::nullopt;
    }
    if (*index < 0 || static_cast<std::size_t>(*index) >= c.store.databases()) {
        c.reply.error(replies::db_index_out_of_range);
        return std::nullopt;
    }
    return static_cast<std::size_t>(*index);
}

std::optional<std::int64_t> timeout_argument(context& c, std::string_view word) {
    const std::optional<long double> seconds = parse_long_real(word);
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    if (!seconds) return refuse("ERR timeout is not a float or out of range");
    const long double milliseconds = std::ceil(*seconds * 1000);
    if (milliseconds > static_cast<long double>(std::numeric_limits<std::int64_t>::max()))
        return refuse("ERR timeout is out of range");
    if (milliseconds < 0) return refuse("ERR timeout is negative");
    if (milliseconds == 0) return never;
    std::int64_t until = 0;
    if (__builtin_add_overflow(c.now_ms(), static_cast<std::int64_t>(milliseconds), &until))
        return refuse("ERR timeout is out of range");
    return until;
}

std::uint64_t random_number() noexcept {
    thread_local std::mt19937_64 source{(std::uint64_t{std::random_device{}()} << 32) ^
                                        std::random_device{}()};
    return source();
}

void limit_reply(const context& c) {
    constexpr std::size_t most = std::size_t{1} << 29;
    if (c.reply.buffer().size() > most) throw std::bad_alloc{};
}

bool is_client_text(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

std::string in_lower_case(std::string_view text) {
    std::string lower{text};
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

bool same_ignoring_case(std::string_view left, std::string_view right) noexcept {
    return std::equal(
        left.begin(), left.end(), right.begin(), right.end(),
        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

std::string_view shown(std::string_view word, std::size_t most) noexcept {
    return word.substr(0, std::min(most, word.find('\0')));
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) return words;
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

void reply_wrong_arity(context& c) {
    c.reply.error(fmt::format("ERR wrong number of arguments for '{}' command", c.self.name));
}

void reply_subcommand_misuse(context& c) {
    c.reply.error(
        fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                    shown(c.args[1], 128), in_upper_case(c.args[0])));
}

void container_help(context& c) {
    const command& container = *c.commands.find(c.args[0]);
    c.reply.array(1 + 2 * container.subcommands.size());
    c.reply.simple_string(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                                      in_upper_case(container.name)));
    const auto tell = [&](const command& row) {
        const std::string usage = usage_of(row.syntax);
        c.reply.simple_string(in_upper_case(row.name) + (usage.empty() ? "" : ' ' + usage));
        c.reply.simple_string(fmt::format("    {}", row.summary));
    };
    for (const command& row : container.subcommands)
        if (&row != &c.self) tell(row);
    tell(c.self); // HELP comes last
}

} // namespace mini_redis
