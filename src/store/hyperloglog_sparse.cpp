// Sparse HyperLogLogs: how an element changes their runs, and the runs in words.
//
// The bytes have to be those that Redis would have after the same elements, so that what is joined,
// and what is not though it could be, follows it step by step.
#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

#include "store/hyperloglog.hpp"
#include "store/hyperloglog_runs.hpp"

namespace mini_redis::hyperloglog {
namespace {

// Where a register is: its run, and the one before it.
struct run_place {
    run found;
    std::size_t at = 0;
    std::size_t before = 0;  // where the run before it begins; its own place if there is none
    std::uint32_t first = 0; // the number of its first register
    bool there = false;
};

// Some runs together.
struct stride {
    std::uint32_t length = 0; // in registers
    std::uint32_t bytes = 0;
    std::uint32_t last = 0; // where the last of them begins
};

// The runs in eight bytes: all of them, or up to the first that takes two bytes, the ninth of which
// may be one. A value of some hundred elements is walked over for each that is added, and which
// kind of run comes next nobody can foretell: so there is no branch for that.
stride take_stride(const char* at) noexcept {
    constexpr std::uint64_t each_byte = 0x0101010101010101;
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    const std::uint64_t values = word >> 7 & each_byte;
    const std::uint64_t long_zeros = word >> 6 & each_byte & ~values;
    // The bytes below the first long run: eight if there is none.
    const auto before = static_cast<std::uint32_t>(std::countr_zero(long_zeros)) / 8;
    const std::uint64_t below =
        long_zeros == 0 ? ~std::uint64_t{0} : (long_zeros & -long_zeros) - 1;
    const std::uint64_t lengths = word & (0x3f * each_byte - values * 0x3c) & below; // less one
    constexpr std::uint64_t even_bytes = 0x00ff00ff00ff00ff;
    const std::uint64_t pairs = (lengths & even_bytes) + (lengths >> 8 & even_bytes);
    const auto sum = static_cast<std::uint32_t>(pairs * 0x0001000100010001 >> 48) + before;
    const auto high = static_cast<unsigned char>(at[before & 7]) & 0x3fu;
    const auto low = static_cast<unsigned char>(at[(before & 7) + 1]);
    return long_zeros == 0 ? stride{sum, 8, 7}
                           : stride{sum + (high << 8 | low) + 1, before + 2, before};
}

run_place find_run(std::string_view runs, std::uint32_t index) noexcept {
    run_place place;
    std::size_t at = 0;
    while (at + 9 <= runs.size()) {
        const stride next = take_stride(runs.data() + at);
        if (index < place.first + next.length) break;
        place.first += next.length;
        place.before = at + next.last;
        at += next.bytes;
    }
    while (at < runs.size()) {
        const run here = run_at(runs, at);
        if (index < place.first + here.length) {
            place.found = here;
            place.at = at;
            place.there = true;
            return place;
        }
        place.first += here.length;
        place.before = at;
        at += here.bytes;
    }
    return place;
}

// Gathers the bytes that take the place of old ones.
class run_writer {
public:
    explicit run_writer(sparse_change& to) noexcept : to_{to} {}

    void zeros(std::uint32_t length) noexcept {
        if (length == 0) return;
        if (length > longest_short_zeros) {
            byte(0x40u | (length - 1) >> 8);
            byte((length - 1) & 0xff);
        } else {
            byte(length - 1);
        }
    }

    void values(std::uint8_t value, std::uint32_t length) noexcept {
        if (length != 0) byte(0x80u | (value - 1u) << 2 | (length - 1));
    }

    void copy(std::string_view old) noexcept {
        old.copy(to_.bytes.data() + to_.size, old.size());
        to_.size += old.size();
    }

private:
    void byte(unsigned value) noexcept { to_.bytes[to_.size++] = static_cast<char>(value); }

    sparse_change& to_;
};

// Joins runs of the same value in the first five steps of what has changed. Redis looks no further.
void join_values(sparse_change& change) noexcept {
    char* const bytes = change.bytes.data();
    const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    std::size_t at = 0;
    for (int steps = 5; steps > 0 && at < change.size; --steps) {
        const unsigned char here = byte_at(at);
        if (is_values(here) && at + 1 < change.size && is_values(byte_at(at + 1)) &&
            (here & 0x7c) == (byte_at(at + 1) & 0x7c)) {
            const std::uint32_t together = (here & 3u) + (byte_at(at + 1) & 3u) + 2;
            if (together <= longest_values) {
                bytes[at] = static_cast<char>((here & ~3u) | (together - 1));
                std::copy(bytes + at + 2, bytes + change.size, bytes + at + 1);
                --change.size;
                continue; // the joined run may join the next one
            }
        }
        at += is_long_zeros(here) ? 2 : 1;
    }
}

} // namespace

sparse_change raise_sparse(std::string_view bytes, observation seen, std::size_t most) noexcept {
    using kind = sparse_change::kind;
    sparse_change change;
    if (seen.value > largest_sparse_value) {
        change.what = kind::promote;
        return change;
    }
    const std::string_view runs = bytes.substr(header_size);
    const run_place place = find_run(runs, seen.index);
    const run old = place.found;
    // A run of two bytes of which the second is missing is found by Redis, and written over its
    // end.
    if (!place.there || place.at + old.bytes > runs.size()) {
        change.what = kind::corrupt;
        return change;
    }
    if (old.value >= seen.value) return change;

    // The run before it comes along, and as many bytes behind it as the joining may look at.
    constexpr std::size_t looked_at = 12;
    run_writer write{change};
    write.copy(runs.substr(place.before, place.at - place.before));
    const std::size_t begin = change.size;
    const std::uint32_t left = seen.index - place.first;
    const std::uint32_t right = old.length - 1 - left;
    const auto old_part = [&](std::uint32_t length) {
        old.value == 0 ? write.zeros(length) : write.values(old.value, length);
    };
    old_part(left);
    write.values(seen.value, 1);
    old_part(right);
    const std::size_t written = change.size - begin;
    if (written > old.bytes && bytes.size() + written - old.bytes > most) {
        change.what = kind::promote;
        return change;
    }
    const std::string_view behind = runs.substr(place.at + old.bytes).substr(0, looked_at);
    write.copy(behind);
    change.what = kind::edit;
    change.offset = header_size + place.before;
    change.erased = place.at - place.before + old.bytes + behind.size();
    join_values(change);
    return change;
}

std::string describe(std::string_view bytes) {
    std::string text;
    for (const run each : runs_of(bytes)) {
        if (!text.empty()) text += ' ';
        if (each.value != 0)
            fmt::format_to(std::back_inserter(text), "v:{},{}", each.value, each.length);
        else
            fmt::format_to(std::back_inserter(text), "{}:{}", each.bytes == 2 ? 'Z' : 'z',
                           each.length);
    }
    return text;
}

} // namespace mini_redis::hyperloglog
