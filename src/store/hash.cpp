#include "store/hash.hpp"

#include <bit>
#include <cstring>
#include <random>

namespace mini_redis {
namespace {

std::uint64_t load_le64(const char* bytes) noexcept {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

// As load_le64(), of fewer than eight bytes: two loads that overlap, or three bytes.
std::uint64_t load_few(const char* bytes, std::size_t size) noexcept {
    const auto half = [&](std::size_t at) {
        std::uint32_t word;
        std::memcpy(&word, bytes + at, sizeof word);
        if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
        return std::uint64_t{word} << (8 * at);
    };
    if (size >= 4) return half(0) | half(size - 4);
    if (size == 0) return 0;
    const auto one = [&](std::size_t at) {
        return std::uint64_t{static_cast<unsigned char>(bytes[at])} << (8 * at);
    };
    return one(0) | one(size / 2) | one(size - 1);
}

struct sip_state {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }

    void absorb(std::uint64_t word) noexcept {
        v3 ^= word;
        round();
        v0 ^= word;
    }
};

} // namespace

hash_seed hash_seed::random() {
    std::random_device device;
    const auto word = [&device] { return (std::uint64_t{device()} << 32) | device(); };
    const std::uint64_t low = word();
    return {low, word()};
}

std::uint64_t hash_bytes(std::string_view bytes, const hash_seed& seed) noexcept {
    sip_state state{seed.low ^ 0x736f6d6570736575, seed.high ^ 0x646f72616e646f6d,
                    seed.low ^ 0x6c7967656e657261, seed.high ^ 0x7465646279746573};
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8)
        state.absorb(load_le64(at));

    state.absorb(static_cast<std::uint64_t>(bytes.size()) << 56 | load_few(at, left));

    state.v2 ^= 0xff;
    state.round();
    state.round();
    state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t hash_key(std::string_view key) noexcept {
    static const hash_seed seed = hash_seed::random();
    return hash_bytes(key, seed);
}

} // namespace mini_redis
