// LCS: the longest common subsequence of two strings.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"

namespace mini_redis {
namespace {

struct lcs_options {
    bool length_only = false;
    bool indexes = false;
    bool with_lengths = false;
    std::int64_t least = 0;
};

// Replies with an error and returns nothing if the options are wrong.
std::optional<lcs_options> parse_options(context& c) {
    lcs_options options;
    for (std::size_t i = 3; i < c.args.size(); ++i) {
        const std::string_view word = c.args[i];
        if (equals_ignoring_case(word, "idx")) {
            options.indexes = true;
        } else if (equals_ignoring_case(word, "len")) {
            options.length_only = true;
        } else if (equals_ignoring_case(word, "withmatchlen")) {
            options.with_lengths = true;
        } else if (equals_ignoring_case(word, "minmatchlen") && i + 1 < c.args.size()) {
            const std::optional<std::int64_t> least = integer_argument(c, c.args[++i]);
            if (!least) return std::nullopt;
            options.least = std::max<std::int64_t>(*least, 0);
        } else {
            c.reply.error(replies::syntax_error);
            return std::nullopt;
        }
    }
    if (options.length_only && options.indexes) {
        c.reply.error("ERR If you want both the length and indexes, please just use IDX.");
        return std::nullopt;
    }
    return options;
}

// Cell (i, j) is the length for the first i bytes of `a` and the first j of `b`; row by row.
class length_table {
public:
    length_table(std::string_view a, std::string_view b)
        : width_{b.size() + 1},
          cells_((a.size() + 1) * width_) {
        for (std::size_t i = 1; i <= a.size(); ++i)
            fill_row(a[i - 1], b, &cells_[(i - 1) * width_], &cells_[i * width_]);
    }

    std::uint32_t at(std::size_t i, std::size_t j) const noexcept { return cells_[i * width_ + j]; }

    static void fill_row(char byte, std::string_view b, const std::uint32_t* above,
                         std::uint32_t* row) noexcept {
        std::uint32_t left = 0;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::uint32_t otherwise = std::max(above[j], left);
            left = b[j - 1] == byte ? above[j - 1] + 1 : otherwise;
            row[j] = left;
        }
    }

private:
    std::size_t width_;
    std::vector<std::uint32_t> cells_;
};

// The length alone needs two rows of the table.
std::uint32_t common_length(std::string_view a, std::string_view b) {
    if (a.size() < b.size()) std::swap(a, b);
    std::vector<std::uint32_t> above(b.size() + 1);
    std::vector<std::uint32_t> row(b.size() + 1);
    for (const char byte : a) {
        length_table::fill_row(byte, b, above.data(), row.data());
        above.swap(row);
    }
    return above.back();
}

// Bytes that are common one after the other in both strings.
struct run {
    std::size_t in_a;
    std::size_t in_b;
    std::size_t length;
};

// The runs of the subsequence from its end to its beginning: where there are several ways, the one
// that Redis goes.
std::vector<run> common_runs(std::string_view a, std::string_view b, const length_table& lengths) {
    std::vector<run> runs;
    std::size_t i = a.size();
    std::size_t j = b.size();
    std::size_t length = 0;
    const auto close = [&] {
        if (length != 0) runs.push_back({i, j, length});
        length = 0;
    };
    while (i > 0 && j > 0) {
        if (a[i - 1] == b[j - 1]) {
            --i;
            --j;
            ++length;
            continue;
        }
        close();
        if (lengths.at(i - 1, j) > lengths.at(i, j - 1))
            --i;
        else
            --j;
    }
    close();
    return runs;
}

void reply_range(context& c, std::size_t begin, std::size_t length) {
    c.reply.array(2);
    c.reply.integer(static_cast<std::int64_t>(begin));
    c.reply.integer(static_cast<std::int64_t>(begin + length - 1));
}

void reply_indexes(context& c, const lcs_options& options, std::vector<run> runs,
                   std::uint32_t length) {
    std::erase_if(runs, [&](const run& one) {
        return one.length < static_cast<std::uint64_t>(options.least);
    });
    c.reply.map(2);
    c.reply.bulk_string("matches");
    c.reply.array(runs.size());
    for (const run& one : runs) {
        c.reply.array(options.with_lengths ? 3 : 2);
        reply_range(c, one.in_a, one.length);
        reply_range(c, one.in_b, one.length);
        if (options.with_lengths) c.reply.integer(static_cast<std::int64_t>(one.length));
    }
    c.reply.bulk_string("len");
    c.reply.integer(length);
}

void lcs(context& c) {
    std::array<std::string_view, 2> texts;
    for (std::size_t i = 0; i < 2; ++i) {
        const located found = c.read(c.keys[i]);
        if (found && found->type() != value_type::string)
            return c.reply.error("ERR The specified keys must contain string values");
        if (found) texts[i] = found->string();
    }
    const auto [a, b] = texts;
    const std::optional<lcs_options> options = parse_options(c);
    if (!options) return;

    const auto most = static_cast<std::uint64_t>(
        c.server.configuration().max_bulk_bytes.load(std::memory_order_relaxed));
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(a.size() + 1, b.size() + 1, &bytes) ||
        __builtin_mul_overflow(bytes, sizeof(std::uint32_t), &bytes) || bytes > most)
        return c.reply.error(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    if (options->length_only) return c.reply.integer(common_length(a, b));

    const length_table lengths{a, b};
    const std::uint32_t length = lengths.at(a.size(), b.size());
    std::vector<run> runs = common_runs(a, b, lengths);
    if (options->indexes) return reply_indexes(c, *options, std::move(runs), length);
    std::string common;
    common.reserve(length);
    for (auto one = runs.rbegin(); one != runs.rend(); ++one)
        common += a.substr(one->in_a, one->length);
    c.reply.bulk_string(common);
}

using enum command_flag;

constexpr command rows[] = {
    {.name = "lcs",
     .handler = lcs,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::string,
     .keys = {{{1, 2, 1, "RO access"}}},
     .group = "string",
     .since = "7.0.0",
     .complexity = "O(N*M) in the lengths of the strings",
     .syntax = "key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]",
     .summary = "Finds the longest bytes, in order but not side by side, that two strings share."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> lcs_commands() {
    return rows;
}

} // namespace mini_redis
