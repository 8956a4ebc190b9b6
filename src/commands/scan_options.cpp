#include "commands/scan_options.hpp"

#include <charconv>
#include <limits>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "resp/number.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

// As strtoul reads it: nothing is 0, a sign and leading zeros are fine, and what does not fit into
// 64 bits is none.
std::optional<std::uint64_t> parse_cursor(std::string_view text) noexcept {
    text = shown(text);
    if (text.empty()) return 0;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return negative ? 0 - value : value;
}

} // namespace

std::optional<std::uint64_t> cursor_argument(context& c, std::string_view word) {
    const std::optional<std::uint64_t> cursor = parse_cursor(word);
    if (!cursor) c.reply.error("ERR invalid cursor");
    return cursor;
}

bool scan_options::wants(std::string_view name) const noexcept {
    return pattern == "*" || glob_matches(pattern, name);
}

std::uint64_t scan_options::most_buckets() const noexcept {
    const auto most = static_cast<std::uint64_t>(count);
    return most > std::numeric_limits<std::uint64_t>::max() / 10 ? most : most * 10;
}

std::optional<scan_options> parse_scan_options(context& c, std::size_t first, scan_of what) {
    scan_options options;
    for (std::size_t i = first; i < c.args.size(); i += 2) {
        const std::string_view name = c.args[i];
        const bool has_value = i + 1 < c.args.size();
        if (has_value && equals_ignoring_case(name, "count")) {
            const std::optional<std::int64_t> count = integer_argument(c, c.args[i + 1]);
            if (!count) return std::nullopt;
            if (*count < 1) {
                c.reply.error(replies::syntax_error);
                return std::nullopt;
            }
            options.count = *count;
        } else if (has_value && equals_ignoring_case(name, "match")) {
            options.pattern = c.args[i + 1];
        } else if (has_value && what == scan_of::keys && equals_ignoring_case(name, "type")) {
            options.type = c.args[i + 1];
        } else {
            c.reply.error(replies::syntax_error);
            return std::nullopt;
        }
    }
    return options;
}

scan_reply::scan_reply(context& c) noexcept : c_{&c}, list_{elements_, c.reply.protocol()} {}

void scan_reply::finish(std::uint64_t cursor) {
    char digits[integer_digits];
    c_->reply.array(2);
    c_->reply.bulk_string({digits, format_unsigned(cursor, digits)});
    c_->reply.array(size_);
    c_->reply.raw(elements_.view());
}

} // namespace mini_redis
