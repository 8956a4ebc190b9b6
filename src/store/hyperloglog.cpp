#include "store/hyperloglog.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "store/hyperloglog_runs.hpp"

namespace mini_redis::hyperloglog {
namespace {

constexpr std::string_view magic = "HYLL";
constexpr std::size_t encoding_at = 4;
constexpr std::size_t count_at = 8;
constexpr char dense = 0;
constexpr char sparse = 1;
constexpr std::size_t dense_size = header_size + register_count * 6 / 8;

constexpr unsigned index_bits = 14;
constexpr unsigned rest_bits = 64 - index_bits; // of a hash: registers go up to one more

std::uint64_t word_at(const char* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

// Austin Appleby's MurmurHash64A, which has no rights reserved, with the seed that Redis gives it:
// values are exchanged between servers, so that all have to hash alike.
std::uint64_t murmur_hash(std::string_view text) noexcept {
    constexpr std::uint64_t seed = 0xadc83b19;
    constexpr std::uint64_t factor = 0xc6a4a7935bd1e995;
    constexpr unsigned shift = 47;
    std::uint64_t hash = seed ^ (text.size() * factor);
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word = word_at(at) * factor;
        word ^= word >> shift;
        hash = (hash ^ (word * factor)) * factor;
    }
    if (left != 0) {
        std::uint64_t tail = 0;
        for (std::size_t i = left; i-- > 0;)
            tail = tail << 8 | static_cast<unsigned char>(at[i]);
        hash = (hash ^ tail) * factor;
    }
    hash = (hash ^ (hash >> shift)) * factor;
    return hash ^ (hash >> shift);
}

// -- Dense registers --------------------------------------------------------------------------

// Four registers take three bytes.
template <class Visit>
void for_each_dense(std::string_view bytes, Visit&& visit) noexcept {
    const char* at = bytes.data() + header_size;
    for (std::size_t i = 0; i < register_count; i += 4, at += 3) {
        const auto byte = [at](int n) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(at[n]));
        };
        const std::uint32_t four = byte(0) | byte(1) << 8 | byte(2) << 16;
        for (std::size_t n = 0; n < 4; ++n)
            visit(i + n, static_cast<std::uint8_t>(four >> (6 * n) & 63));
    }
}

struct dense_place {
    std::size_t at;
    unsigned shift;
    bool across; // it goes on in the next byte
};

dense_place place_of(std::size_t index) noexcept {
    const std::size_t bit = index * 6;
    return {header_size + bit / 8, static_cast<unsigned>(bit % 8), bit % 8 > 2};
}

void set_dense(char* bytes, std::size_t index, std::uint8_t value) noexcept {
    const dense_place place = place_of(index);
    const auto put = [&](std::size_t at, unsigned mask, unsigned bits) {
        const auto old = static_cast<unsigned char>(bytes[at]);
        bytes[at] = static_cast<char>((old & ~mask) | bits);
    };
    put(place.at, 63u << place.shift & 0xff, static_cast<unsigned>(value) << place.shift & 0xff);
    if (place.across)
        put(place.at + 1, 63u >> (8 - place.shift),
            static_cast<unsigned>(value) >> (8 - place.shift));
}

// -- The estimate -----------------------------------------------------------------------------

// How many registers have which value.
using histogram = std::array<std::uint32_t, 64>;

// The two functions of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches" (arXiv:1702.01284), for the registers that are 0 and those that are full. The order of
// the operations is Redis's: the estimates have to be the same.
double sigma(double x) noexcept {
    if (x == 1) return std::numeric_limits<double>::infinity();
    double weight = 1;
    double sum = x;
    for (double before = -1; sum != before;) {
        x *= x;
        before = sum;
        sum += x * weight;
        weight += weight;
    }
    return sum;
}

double tau(double x) noexcept {
    if (x == 0 || x == 1) return 0;
    double weight = 1;
    double sum = 1 - x;
    for (double before = -1; sum != before;) {
        x = std::sqrt(x);
        before = sum;
        weight *= 0.5;
        sum -= (1 - x) * (1 - x) * weight;
    }
    return sum / 3;
}

std::uint64_t estimate(const histogram& seen) noexcept {
    constexpr auto m = static_cast<double>(register_count);
    constexpr double alpha = 0.721347520444481703680; // 1 / (2 ln 2)
    double z = m * tau((m - seen[rest_bits + 1]) / m);
    for (std::size_t i = rest_bits; i >= 1; --i)
        z = (z + seen[i]) * 0.5;
    z += m * sigma(seen[0] / m);
    return static_cast<std::uint64_t>(std::llround(alpha * m * m / z));
}

} // namespace

observation observe(std::string_view element) noexcept {
    const std::uint64_t hash = murmur_hash(element);
    const std::uint64_t rest = hash >> index_bits | std::uint64_t{1} << rest_bits;
    return {static_cast<std::uint32_t>(hash & (register_count - 1)),
            static_cast<std::uint8_t>(std::countr_zero(rest) + 1)};
}

std::string_view empty() noexcept {
    static constexpr std::string_view value{"HYLL\1\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18};
    return value;
}

bool has_form(std::string_view bytes) noexcept {
    if (bytes.size() < header_size || !bytes.starts_with(magic)) return false;
    const char encoding = bytes[encoding_at];
    return encoding == sparse || (encoding == dense && bytes.size() == dense_size);
}

bool is_sparse(std::string_view bytes) noexcept {
    return bytes[encoding_at] == sparse;
}

std::optional<std::uint64_t> known_count(std::string_view bytes) noexcept {
    const std::uint64_t count = word_at(bytes.data() + count_at);
    if (count >> 63 != 0) return std::nullopt;
    return count;
}

void note_count(std::span<char> bytes, std::uint64_t count) noexcept {
    for (std::size_t i = 0; i < 8; ++i)
        bytes[count_at + i] = static_cast<char>(count >> (8 * i) & 0xff);
}

void forget_count(std::span<char> bytes) noexcept {
    char& highest = bytes[count_at + 7];
    highest = static_cast<char>(static_cast<unsigned char>(highest) | 0x80u);
}

std::optional<std::uint64_t> count(std::string_view bytes) noexcept {
    histogram seen{};
    if (is_sparse(bytes)) {
        std::size_t registers_seen = 0;
        for (const run each : runs_of(bytes)) {
            seen[each.value] += each.length;
            registers_seen += each.length;
        }
        if (registers_seen != register_count) return std::nullopt;
    } else {
        for_each_dense(bytes, [&](std::size_t, std::uint8_t value) { ++seen[value]; });
    }
    return estimate(seen);
}

std::uint64_t count(const registers& all) noexcept {
    histogram seen{};
    for (const std::uint8_t value : all)
        ++seen[value];
    return estimate(seen);
}

bool merge(registers& into, std::string_view bytes) noexcept {
    if (is_sparse(bytes)) {
        std::size_t index = 0;
        for (const run each : runs_of(bytes)) {
            if (each.value != 0) {
                if (index + each.length > register_count) return false;
                for (std::size_t i = index; i < index + each.length; ++i)
                    into[i] = std::max(into[i], each.value);
            }
            index += each.length;
        }
        return index == register_count;
    }
    for_each_dense(bytes, [&](std::size_t index, std::uint8_t value) {
        into[index] = std::max(into[index], value);
    });
    return true;
}

std::uint8_t dense_register(std::string_view bytes, std::size_t index) noexcept {
    const dense_place place = place_of(index);
    unsigned value = static_cast<unsigned char>(bytes[place.at]) >> place.shift;
    if (place.across)
        value |= static_cast<unsigned>(static_cast<unsigned char>(bytes[place.at + 1]))
                 << (8 - place.shift);
    return static_cast<std::uint8_t>(value & 63);
}

bool raise_dense(std::span<char> bytes, observation seen) noexcept {
    if (dense_register({bytes.data(), bytes.size()}, seen.index) >= seen.value) return false;
    set_dense(bytes.data(), seen.index, seen.value);
    return true;
}

std::optional<std::string> to_dense(std::string_view bytes) {
    registers all{};
    if (!merge(all, bytes)) return std::nullopt;
    std::string made(dense_size, '\0');
    bytes.copy(made.data(), header_size);
    made[encoding_at] = dense;
    for (std::size_t i = 0; i < register_count; ++i)
        if (all[i] != 0) set_dense(made.data(), i, all[i]);
    return made;
}

} // namespace mini_redis::hyperloglog
