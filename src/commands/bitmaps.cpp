// Strings as arrays of bits: bit 0 is the highest of the first byte.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/bit_offset.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/growing_string.hpp"
#include "commands/type_checks.hpp"

namespace mini_redis {
namespace {

std::uint64_t word_at(const char* bytes) noexcept {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

// -- SETBIT and GETBIT ------------------------------------------------------------------------

void setbit(context& c) {
    const std::optional<std::uint64_t> offset = bit_offset_argument(c, c.args[2]);
    if (!offset) return;
    const std::string_view value = c.args[3];
    if (value != "0" && value != "1")
        return c.reply.error("ERR bit is not an integer or out of range");
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_string(c, found)) return;

    const auto at = static_cast<std::size_t>(*offset >> 3);
    const bool grows = !found || found->string().size() <= at;
    const located held = grow_string(c, key, found, at + 1);
    char& byte = held->mutable_bytes()[at];
    const auto mask = static_cast<unsigned char>(0x80u >> (*offset & 7));
    const bool was = (static_cast<unsigned char>(byte) & mask) != 0;
    const bool is = value == "1";
    if (grows || was != is) {
        byte = static_cast<char>(is ? static_cast<unsigned char>(byte) | mask
                                    : static_cast<unsigned char>(byte) & ~mask);
        c.db.changed(key, nullptr);
        c.notify(event_class::string, "setbit", key);
    }
    c.reply.integer(was ? 1 : 0);
}

void getbit(context& c) {
    const std::optional<std::uint64_t> offset = bit_offset_argument(c, c.args[2]);
    if (!offset) return;
    const located found = c.read(c.keys[0]);
    if (!is_string(c, found)) return;
    const std::string_view bytes = found ? found->string() : std::string_view{};
    const auto at = static_cast<std::size_t>(*offset >> 3);
    if (at >= bytes.size()) return c.reply.integer(0);
    c.reply.integer((static_cast<unsigned char>(bytes[at]) >> (7 - (*offset & 7))) & 1);
}

// -- BITCOUNT and BITPOS ----------------------------------------------------------------------

// Bits from `begin` up to and not including `end`.
struct bit_range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    bool empty() const noexcept { return begin >= end; }
};

// The range that indexes, negative ones counted from the end, mean in a string of so many bytes.
bit_range range_of(std::int64_t first, std::int64_t last, std::size_t bytes, bool in_bits) {
    const auto units = static_cast<std::int64_t>(in_bits ? bytes * 8 : bytes);
    const std::int64_t begin = std::max<std::int64_t>(first < 0 ? first + units : first, 0);
    const std::int64_t end =
        std::min(std::max<std::int64_t>(last < 0 ? last + units : last, 0), units - 1);
    if (begin > end) return {};
    const std::uint64_t width = in_bits ? 1 : 8;
    return {static_cast<std::uint64_t>(begin) * width, static_cast<std::uint64_t>(end + 1) * width};
}

// Whether a range is counted in bits; replies with an error and returns nothing for another word.
std::optional<bool> unit_argument(context& c, std::string_view word) {
    if (equals_ignoring_case(word, "bit")) return true;
    if (equals_ignoring_case(word, "byte")) return false;
    c.reply.error(replies::syntax_error);
    return std::nullopt;
}

// Always inlined, so that it is compiled for the instructions of its caller.
[[gnu::always_inline]] inline std::uint64_t add_up_ones(std::string_view bytes) noexcept {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t sums[4] = {};
    for (; left >= 32; left -= 32, at += 32)
        for (std::size_t i = 0; i < 4; ++i) {
            std::uint64_t word;
            std::memcpy(&word, at + 8 * i, sizeof word);
            sums[i] += static_cast<std::uint64_t>(__builtin_popcountll(word));
        }
    for (; left > 0; --left, ++at)
        sums[0] += static_cast<std::uint64_t>(__builtin_popcount(static_cast<unsigned char>(*at)));
    return sums[0] + sums[1] + sums[2] + sums[3];
}

#if defined(__x86_64__)
[[gnu::target("popcnt")]] std::uint64_t count_by_instruction(std::string_view bytes) noexcept {
    return add_up_ones(bytes);
}
#endif

std::uint64_t count_ones(std::string_view bytes) noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt")) return count_by_instruction(bytes);
#endif
    return add_up_ones(bytes);
}

unsigned byte_at(std::string_view bytes, std::uint64_t bit) noexcept {
    return static_cast<unsigned char>(bytes[static_cast<std::size_t>(bit >> 3)]);
}

std::uint64_t count_ones(std::string_view bytes, bit_range range) noexcept {
    if (range.empty()) return 0;
    const auto first = static_cast<std::size_t>(range.begin >> 3);
    const auto end = static_cast<std::size_t>((range.end + 7) >> 3);
    std::uint64_t ones = count_ones(bytes.substr(first, end - first));
    if (const unsigned before = range.begin & 7)
        ones -= static_cast<unsigned>(std::popcount(byte_at(bytes, range.begin) >> (8 - before)));
    if (const unsigned inside = range.end & 7)
        ones -= static_cast<unsigned>(std::popcount(byte_at(bytes, range.end) & (0xffu >> inside)));
    return ones;
}

void bitcount(context& c) {
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.integer(0);
    if (!is_string(c, found)) return;
    const std::string_view bytes = found->string();
    bit_range range{0, bytes.size() * 8};
    if (c.args.size() == 4 || c.args.size() == 5) {
        const std::optional<std::int64_t> first = integer_argument(c, c.args[2]);
        if (!first) return;
        const std::optional<std::int64_t> last = integer_argument(c, c.args[3]);
        if (!last) return;
        // Unlike BITPOS, and before the unit is looked at.
        if (*first < 0 && *last < 0 && *first > *last) return c.reply.integer(0);
        const std::optional<bool> in_bits =
            c.args.size() == 5 ? unit_argument(c, c.args[4]) : std::optional{false};
        if (!in_bits) return;
        range = range_of(*first, *last, bytes.size(), *in_bits);
    } else if (c.args.size() != 2) {
        return c.reply.error(replies::syntax_error);
    }
    c.reply.integer(static_cast<std::int64_t>(count_ones(bytes, range)));
}

// The first bit of the range that is `wanted`, or the range's end.
std::uint64_t find_bit(std::string_view bytes, bool wanted, bit_range range) noexcept {
    const unsigned flip = wanted ? 0 : 0xff; // then it is always a one that is looked for
    std::uint64_t at = range.begin;
    const auto look_into_byte = [&] {
        const unsigned ones = (byte_at(bytes, at) ^ flip) & (0xffu >> (at & 7));
        at = ones != 0
                 ? (at & ~std::uint64_t{7}) +
                       static_cast<unsigned>(std::countl_zero(static_cast<std::uint8_t>(ones)))
                 : (at | 7) + 1;
        return ones != 0;
    };
    if ((at & 7) != 0 && look_into_byte()) return std::min(at, range.end);
    const std::uint64_t nothing = wanted ? 0 : ~std::uint64_t{0};
    for (; at + 512 <= range.end; at += 512) { // a cache line's worth of words at once
        const char* const here = bytes.data() + (at >> 3);
        std::uint64_t differing = 0;
        for (std::size_t i = 0; i < 64; i += 8)
            differing |= word_at(here + i) ^ nothing;
        if (differing != 0) break;
    }
    while (at + 64 <= range.end && word_at(bytes.data() + (at >> 3)) == nothing)
        at += 64;
    while (at < range.end)
        if (look_into_byte()) return std::min(at, range.end);
    return range.end;
}

void bitpos(context& c) {
    const std::optional<std::int64_t> bit = integer_argument(c, c.args[2]);
    if (!bit) return;
    if (*bit != 0 && *bit != 1) return c.reply.error("ERR The bit argument must be 1 or 0.");
    const located found = c.read(c.keys[0]);
    if (!found) return c.reply.integer(*bit == 1 ? -1 : 0);
    if (!is_string(c, found)) return;
    const std::size_t words = c.args.size();
    if (words > 6) return c.reply.error(replies::syntax_error);

    const std::string_view bytes = found->string();
    const bool has_end = words > 4;
    std::int64_t first = 0;
    std::int64_t last = static_cast<std::int64_t>(bytes.size()) - 1;
    bool in_bits = false;
    if (words > 3) {
        const std::optional<std::int64_t> given = integer_argument(c, c.args[3]);
        if (!given) return;
        first = *given;
    }
    if (words == 6) {
        const std::optional<bool> unit = unit_argument(c, c.args[5]);
        if (!unit) return;
        in_bits = *unit;
    }
    if (has_end) {
        const std::optional<std::int64_t> given = integer_argument(c, c.args[4]);
        if (!given) return;
        last = *given;
    }
    if (bytes.empty()) return c.reply.integer(-1);
    const bit_range range = range_of(first, last, bytes.size(), in_bits);
    if (range.empty()) return c.reply.integer(-1);
    const std::uint64_t at = find_bit(bytes, *bit == 1, range);
    // Behind a string there are zeros without end, unless the request has set one.
    const bool none = at == range.end && (*bit == 1 || has_end);
    c.reply.integer(none ? -1 : static_cast<std::int64_t>(at));
}

// -- BITOP ------------------------------------------------------------------------------------

enum class operation { conjunction, disjunction, exclusive, negation };

std::optional<operation> parse_operation(std::string_view word) {
    if (equals_ignoring_case(word, "and")) return operation::conjunction;
    if (equals_ignoring_case(word, "or")) return operation::disjunction;
    if (equals_ignoring_case(word, "xor")) return operation::exclusive;
    if (equals_ignoring_case(word, "not")) return operation::negation;
    return std::nullopt;
}

// Lets `combine` make each word, then each byte, of `into` out of itself and the one of `from`.
template <class Combine>
void combine_words(char* into, const char* from, std::size_t size, Combine combine) noexcept {
    const auto one_word = [&](std::size_t at) {
        const std::uint64_t made = combine(word_at(into + at), word_at(from + at));
        std::memcpy(into + at, &made, sizeof made);
    };
    std::size_t at = 0;
    for (; at + 32 <= size; at += 32) {
        one_word(at);
        one_word(at + 8);
        one_word(at + 16);
        one_word(at + 24);
    }
    for (; at < size; ++at)
        into[at] = static_cast<char>(
            combine(static_cast<unsigned char>(into[at]), static_cast<unsigned char>(from[at])));
}

// What is missing of `from` counts as zeros.
void combine(std::span<char> into, std::string_view from, operation how) noexcept {
    const std::size_t size = from.size();
    using word = std::uint64_t;
    switch (how) {
    case operation::conjunction:
        combine_words(into.data(), from.data(), size, [](word a, word b) { return a & b; });
        std::memset(into.data() + size, 0, into.size() - size);
        return;
    case operation::disjunction:
        return combine_words(into.data(), from.data(), size, [](word a, word b) { return a | b; });
    case operation::exclusive:
        return combine_words(into.data(), from.data(), size, [](word a, word b) { return a ^ b; });
    case operation::negation: // of `from`, which is as long
        return combine_words(into.data(), from.data(), size, [](word, word b) { return ~b; });
    }
}

// Piece by piece, so that each stays in the processor's cache until all sources are in it.
counted_string combine_all(std::span<const std::string_view> sources, std::size_t size,
                           operation how) {
    constexpr std::size_t most = 16 * 1024;
    counted_string result;
    result.reserve(size);
    for (std::size_t at = 0; at < size; at += most) {
        const std::size_t end = std::min(size, at + most);
        const auto piece_of = [&](std::string_view source) {
            return source.substr(std::min(at, source.size()), end - at);
        };
        result.append(piece_of(sources[0]));
        result.resize(end, '\0');
        const std::span<char> piece = std::span{result}.subspan(at);
        if (how == operation::negation) combine(piece, piece_of(sources[0]), how);
        for (const std::string_view source : sources.subspan(1))
            combine(piece, piece_of(source), how);
    }
    return result;
}

// A large result is not copied once more: the key gets a short one, and that changes places with
// it.
void put_result(context& c, const hashed_key& key, located old, counted_string& result) {
    const std::string_view first = std::string_view{result}.substr(0, entry::inline_limit + 1);
    c.db.put_string(key, old, first, std::nullopt, string_encoding::raw);
    if (first.size() < result.size()) c.db.find(key)->outside_string()->swap(result);
}

void bitop(context& c) {
    const std::optional<operation> how = parse_operation(c.args[1]);
    if (!how) return c.reply.error(replies::syntax_error);
    const std::span<const hashed_key> sources = c.keys.subspan(1);
    if (*how == operation::negation && sources.size() != 1)
        return c.reply.error("ERR BITOP NOT must be called with a single source key.");
    std::size_t size = 0;
    for (const hashed_key& key : sources) {
        const located found = c.read(key);
        if (!is_string(c, found)) return;
        if (found) size = std::max(size, found->string().size());
    }
    std::vector<std::string_view> strings; // only now: finding one expired may move the others
    for (const hashed_key& key : sources) {
        const located found = c.db.find(key);
        strings.push_back(found ? found->string() : std::string_view{});
    }
    counted_string result = combine_all(strings, size, *how);

    const hashed_key& target = c.keys[0];
    const located old = c.db.find(target);
    if (size != 0) {
        put_result(c, target, old, result);
        c.notify(event_class::string, "set", target);
    } else if (old) {
        c.db.erase(target, old);
        c.notify(event_class::generic, "del", target);
    }
    c.reply.integer(static_cast<std::int64_t>(size));
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "bitcount",
     .handler = bitcount,
     .arity = -2,
     .flags = readonly,
     .categories = acl_category::bitmap,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "bitmap",
     .since = "2.6.0",
     .complexity = "O(N) in the length of the range",
     .syntax = "key [index: start:integer end:integer [index_unit: BYTE | BIT]]",
     .summary = "Counts the ones in a string or a part of it."},
    {.name = "bitop",
     .handler = bitop,
     .arity = -4,
     .flags = write | denyoom,
     .categories = acl_category::bitmap,
     .keys = {{{2, 2, 1, "OW update"}, {3, -1, 1, "RO access"}}},
     .group = "bitmap",
     .since = "2.6.0",
     .complexity = "O(N) in the lengths of the strings together",
     .syntax = "operation destkey:key key [key ...]",
     .summary = "Stores what AND, OR or XOR make of strings, or NOT of one."},
    {.name = "bitpos",
     .handler = bitpos,
     .arity = -3,
     .flags = readonly,
     .categories = acl_category::bitmap,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "bitmap",
     .since = "2.8.7",
     .complexity = "O(N) in the length of the range",
     .syntax =
         "key bit:integer [index: start:integer [end_index: end:integer [index_unit: BYTE | BIT]]]",
     .summary = "Finds the first one or zero in a string or a part of it."},
    {.name = "getbit",
     .handler = getbit,
     .arity = 3,
     .flags = readonly | fast,
     .categories = acl_category::bitmap,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "bitmap",
     .since = "2.2.0",
     .complexity = "O(1)",
     .syntax = "key offset:integer",
     .summary = "Gives one bit of a string."},
    {.name = "setbit",
     .handler = setbit,
     .arity = 4,
     .flags = write | denyoom,
     .categories = acl_category::bitmap,
     .keys = {{{1, 1, 1, "RW access update"}}},
     .group = "bitmap",
     .since = "2.2.0",
     .complexity = "O(1)",
     .syntax = "key offset:integer value:integer",
     .summary = "Sets one bit of a string, which grows as it needs, and gives what it was."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> bitmap_commands() {
    return rows;
}

} // namespace mini_redis
