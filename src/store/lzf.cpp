#include "store/lzf.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace mini_redis {
namespace {

constexpr std::size_t shortest_match = 3;
constexpr std::size_t longest_match = 264;
constexpr std::size_t longest_run = 32;
constexpr std::size_t farthest_match = 8192;

/// Where three bytes stood last, by a hash of them.
class recent_places {
public:
    /// For so many bytes: clearing the whole table would take longer than compressing a few.
    explicit recent_places(std::size_t size) noexcept
        : bits_{static_cast<unsigned>(std::clamp<std::size_t>(
              static_cast<std::size_t>(std::bit_width(size)) + 3, 6, most_bits))} {
        std::fill_n(places_.begin(), std::size_t{1} << bits_, 0u);
    }

    /// How far back from `at` these bytes, or others with their hash, stood; 0 if nowhere. (At the
    /// very beginning counts as nowhere.) Now they stand at `at`.
    std::size_t replace(const char* bytes, std::size_t at) noexcept {
        const auto byte = [bytes](std::size_t i) -> std::uint32_t {
            return static_cast<unsigned char>(bytes[i]);
        };
        const std::uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
        std::uint32_t& place = places_[three * 0x9e3779b1u >> (32 - bits_)];
        const auto now = static_cast<std::uint32_t>(at); // only near ones are of use anyway
        const std::uint32_t distance = place == 0 ? 0 : now - place;
        place = now;
        return distance;
    }

private:
    static constexpr unsigned most_bits = 15;

    unsigned bits_;
    std::array<std::uint32_t, std::size_t{1} << most_bits> places_;
};

void append_run(std::string& out, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, longest_run);
        out.push_back(static_cast<char>(part.size() - 1));
        out += part;
        bytes.remove_prefix(part.size());
    }
}

void append_match(std::string& out, std::size_t length, std::size_t distance) {
    const std::size_t offset = distance - 1;
    length -= 2;
    out.push_back(static_cast<char>(std::min<std::size_t>(length, 7) << 5 | offset >> 8));
    if (length >= 7) out.push_back(static_cast<char>(length - 7));
    out.push_back(static_cast<char>(offset));
}

// How long a match may be with so many bytes left. What Redis writes leaves the last two out of
// most matches; doing so as well makes the same bytes of nearly all texts.
std::size_t longest_match_before(std::size_t left) noexcept {
    if (left == 19 || left == 20) return 19;
    return std::clamp(left - 2, shortest_match, longest_match);
}

std::size_t common_length(const char* a, const char* b, std::size_t most) noexcept {
    std::size_t length = 0;
    while (length < most && a[length] == b[length])
        ++length;
    return length;
}

} // namespace

std::optional<std::string> lzf_compress(std::string_view bytes, std::size_t most) {
    recent_places places{bytes.size()};
    std::string out;
    std::size_t at = 0;
    std::size_t run = 0; // where the bytes begin that are to be written as they are
    while (at + shortest_match <= bytes.size()) {
        const char* const here = bytes.data() + at;
        const std::size_t distance = places.replace(here, at);
        const std::size_t most_here = longest_match_before(bytes.size() - at);
        const std::size_t length = distance == 0 || distance > farthest_match
                                       ? 0
                                       : common_length(here - distance, here, most_here);
        if (length < shortest_match) {
            ++at;
            continue;
        }
        append_run(out, bytes.substr(run, at - run));
        append_match(out, length, distance);
        if (out.size() > most) return std::nullopt;
        at += length;
        run = at;
        // Of the places inside the match the last two are enough to go on from.
        for (std::size_t inside = at - 2; inside < at; ++inside)
            if (inside + shortest_match <= bytes.size())
                places.replace(bytes.data() + inside, inside);
    }
    append_run(out, bytes.substr(run));
    if (out.size() > most) return std::nullopt;
    return out;
}

std::optional<std::string> lzf_decompress(std::string_view bytes, std::size_t size) {
    constexpr std::size_t most_growth = longest_match / 3;
    if (size / most_growth > bytes.size())
        return std::nullopt; // and nobody has to make room for it
    std::string out(size, '\0');
    std::size_t made = 0;
    std::size_t at = 0;
    const auto next = [&] { return static_cast<unsigned char>(bytes[at++]); };
    while (at < bytes.size()) {
        const unsigned control = next();
        std::size_t length = control >> 5;
        if (length == 0) {
            length = control + 1;
            if (length > bytes.size() - at || length > size - made) return std::nullopt;
            std::memcpy(out.data() + made, bytes.data() + at, length);
            at += length;
            made += length;
            continue;
        }
        if (bytes.size() - at < (length == 7 ? 2u : 1u)) return std::nullopt;
        if (length == 7) length += next();
        length += 2;
        const std::size_t distance = ((control & 0x1f) << 8 | next()) + 1;
        if (distance > made || length > size - made) return std::nullopt;
        char* const to = out.data() + made;
        if (distance >= length)
            std::memcpy(to, to - distance, length);
        else // what is copied reaches into what the copying writes
            for (std::size_t i = 0; i < length; ++i)
                to[i] = (to - distance)[i];
        made += length;
    }
    if (made != size) return std::nullopt;
    return out;
}

} // namespace mini_redis
