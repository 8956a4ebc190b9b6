// BITFIELD: integers of 1 to 64 bits anywhere in a string, the highest bit first.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/bit_offset.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/growing_string.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

enum class action { get, set, increment };
enum class on_overflow { wrap, saturate, fail };

struct field {
    std::uint64_t offset = 0;
    unsigned bits = 0;
    bool is_signed = false;
};

struct operation {
    action what{};
    on_overflow policy{};
    field where;
    std::int64_t value = 0;
};

// More than 64 bits, for what overflows them.
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

// -- Fields in bytes --------------------------------------------------------------------------

// A field touches nine bytes at most; what lies behind the string is zeros.
constexpr std::size_t most_bytes = 9;

wide load(std::string_view bytes, field where) noexcept {
    const auto first = static_cast<std::size_t>(where.offset >> 3);
    const unsigned skipped = where.offset & 7;
    unsigned_wide window = 0;
    for (std::size_t i = first; i < first + most_bytes; ++i)
        window = window << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
    const auto raw = static_cast<std::uint64_t>(window >> (most_bytes * 8 - skipped - where.bits));
    const unsigned unused = 64 - where.bits;
    if (where.is_signed) return static_cast<std::int64_t>(raw << unused) >> unused;
    return (raw << unused) >> unused;
}

// The string must reach to the field's end.
void store(std::span<char> bytes, field where, wide value) noexcept {
    auto raw = static_cast<std::uint64_t>(value);
    std::uint64_t at = where.offset + where.bits; // from the last bit to the first
    for (unsigned left = where.bits; left > 0;) {
        const auto byte = static_cast<std::size_t>((at - 1) >> 3);
        const unsigned shift = (8 - (at & 7)) & 7;
        const unsigned taken = std::min(left, 8 - shift);
        const unsigned mask = ((1u << taken) - 1) << shift;
        const unsigned old = static_cast<unsigned char>(bytes[byte]);
        bytes[byte] = static_cast<char>((old & ~mask) |
                                        ((static_cast<unsigned>(raw & 0xff) << shift) & mask));
        raw >>= taken;
        at -= taken;
        left -= taken;
    }
}

wide least_of(field where) noexcept {
    return where.is_signed ? -(wide{1} << (where.bits - 1)) : wide{0};
}

wide most_of(field where) noexcept {
    return (wide{1} << (where.is_signed ? where.bits - 1 : where.bits)) - 1;
}

// What a number becomes in a field: nothing if it does not fit and must not be changed.
std::optional<wide> fit(wide exact, field where, on_overflow policy) noexcept {
    const wide least = least_of(where);
    const wide most = most_of(where);
    if (exact >= least && exact <= most) return exact;
    if (policy == on_overflow::fail) return std::nullopt;
    if (policy == on_overflow::saturate) return exact < least ? least : most;
    const wide period = most - least + 1;
    const wide past = (exact - least) % period;
    return least + (past < 0 ? past + period : past);
}

// -- The request ------------------------------------------------------------------------------

// "i16", "u8": replies with an error and returns nothing for anything else.
std::optional<field> parse_type(context& c, std::string_view word) {
    const bool is_signed = word.starts_with('i');
    const bool is_unsigned = word.starts_with('u');
    if (is_signed || is_unsigned) {
        const std::optional<std::int64_t> bits = parse_integer(word.substr(1));
        if (bits && *bits >= 1 && *bits <= (is_signed ? 64 : 63))
            return field{0, static_cast<unsigned>(*bits), is_signed};
    }
    c.reply.error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
                  "supported but i64 is.");
    return std::nullopt;
}

std::optional<on_overflow> parse_policy(context& c, std::string_view word) {
    if (equals_ignoring_case(word, "wrap")) return on_overflow::wrap;
    if (equals_ignoring_case(word, "sat")) return on_overflow::saturate;
    if (equals_ignoring_case(word, "fail")) return on_overflow::fail;
    c.reply.error("ERR Invalid OVERFLOW type specified");
    return std::nullopt;
}

std::optional<action> parse_action(std::string_view word) {
    if (equals_ignoring_case(word, "get")) return action::get;
    if (equals_ignoring_case(word, "set")) return action::set;
    if (equals_ignoring_case(word, "incrby")) return action::increment;
    return std::nullopt;
}

// Replies with an error and returns false if the request is wrong.
bool parse_operations(context& c, std::vector<operation>& operations) {
    on_overflow policy = on_overflow::wrap;
    for (std::size_t i = 2; i < c.args.size();) {
        const std::size_t following = c.args.size() - i - 1;
        if (equals_ignoring_case(c.args[i], "overflow") && following >= 1) {
            const std::optional<on_overflow> wanted = parse_policy(c, c.args[i + 1]);
            if (!wanted) return false;
            policy = *wanted;
            i += 2;
            continue;
        }
        const std::optional<action> what = parse_action(c.args[i]);
        const std::size_t needed = what == action::get ? 2 : 3;
        if (!what || following < needed) {
            c.reply.error(replies::syntax_error);
            return false;
        }
        std::optional<field> where = parse_type(c, c.args[i + 1]);
        if (!where) return false;
        const std::optional<std::uint64_t> offset =
            bit_offset_argument(c, c.args[i + 2], where->bits);
        if (!offset) return false;
        where->offset = *offset;
        std::int64_t value = 0;
        if (what != action::get) {
            const std::optional<std::int64_t> given = integer_argument(c, c.args[i + 3]);
            if (!given) return false;
            value = *given;
        }
        operations.push_back({*what, policy, *where, value});
        i += 1 + needed;
    }
    return true;
}

// Does it and replies; whether it has changed anything. In a string that has `grown` for it, any
// value is a change.
bool run(context& c, const operation& one, entry* held, bool grown) {
    const std::string_view bytes = held != nullptr ? held->string() : std::string_view{};
    const wide old = load(bytes, one.where);
    if (one.what == action::get) {
        c.reply.integer(static_cast<std::int64_t>(old));
        return false;
    }
    // A negative number for an unsigned field is taken as the large one with the same bits.
    const bool sets = one.what == action::set;
    const wide exact = !sets                 ? old + one.value
                       : one.where.is_signed ? wide{one.value}
                                             : wide{static_cast<std::uint64_t>(one.value)};
    std::optional<wide> made = fit(exact, one.where, one.policy);
    // Redis's distance to the largest value overflows if what is set is so small, and it saturates
    // there.
    constexpr wide farthest = std::numeric_limits<std::int64_t>::max();
    const wide most = most_of(one.where);
    if (sets && one.policy == on_overflow::saturate && one.where.is_signed &&
        most - exact > farthest && one.where.bits < 64)
        made = most;
    if (!made) {
        c.reply.null();
        return false;
    }
    store(held->mutable_bytes(), one.where, *made);
    c.reply.integer(static_cast<std::int64_t>(sets ? old : *made));
    return grown || *made != old;
}

bool reply_all(context& c, std::span<const operation> operations, entry* held, bool grown) {
    bool changed = false;
    c.reply.array(operations.size());
    for (const operation& one : operations)
        changed = run(c, one, held, grown) || changed;
    return changed;
}

void bitfield_generic(context& c, bool read_only) {
    thread_local std::vector<operation> operations;
    operations.clear();
    if (!parse_operations(c, operations)) return;
    std::uint64_t end = 0; // of what is written
    for (const operation& one : operations)
        if (one.what != action::get) end = std::max(end, one.where.offset + one.where.bits);
    if (end != 0 && read_only)
        return c.reply.error("ERR BITFIELD_RO only supports the GET subcommand");

    const hashed_key& key = c.keys[0];
    located found = end != 0 ? c.modify(key) : c.read(key);
    if (found && found->type() != value_type::string) return c.reply.error(replies::wrong_type);
    if (end == 0) {
        reply_all(c, operations, found ? &*found : nullptr, false);
        return;
    }

    const auto size = static_cast<std::size_t>((end + 7) >> 3);
    const bool grows = !found || found->string().size() < size;
    found = grow_string(c, key, found, size);
    // Nothing is told of a string that only grew, as all operations failed.
    if (!reply_all(c, operations, &*found, grows)) return;
    c.db.changed(key, nullptr);
    c.notify(event_class::string, "setbit", key);
}

void bitfield(context& c) {
    bitfield_generic(c, false);
}

void bitfield_ro(context& c) {
    bitfield_generic(c, true);
}

using enum command_flag;

constexpr command rows[] = {
    {.name = "bitfield",
     .handler = bitfield,
     .arity = -2,
     .flags = write | denyoom,
     .categories = acl_category::bitmap,
     .keys = {{{1, 1, 1, "RW access update variable_flags"}}},
     .group = "bitmap",
     .since = "3.2.0",
     .complexity = "O(1) for each operation",
     .syntax = "key [operation: GET encoding offset:integer | "
               "<write: [OVERFLOW <WRAP | SAT | FAIL>] <write_operation: "
               "SET encoding offset:integer value:integer | "
               "INCRBY encoding offset:integer increment:integer>> ...]",
     .summary = "Reads, sets and increments integers of any width within a string."},
    {.name = "bitfield_ro",
     .handler = bitfield_ro,
     .arity = -2,
     .flags = readonly | fast,
     .categories = acl_category::bitmap,
     .keys = {{{1, 1, 1, "RO access"}}},
     .group = "bitmap",
     .since = "6.0.0",
     .complexity = "O(1) for each operation",
     .syntax = "key [GET encoding offset:integer ...]",
     .summary = "Reads integers of any width within a string."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> bitfield_commands() {
    return rows;
}

} // namespace mini_redis
