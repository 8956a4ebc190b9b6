// The checksum of Redis's serialized values: CRC-64 of Jones, reflected, beginning with 0.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mini_redis {

namespace crc64_tables {

/// Of the bits as they stand in a byte, the lowest first.
inline constexpr std::uint64_t polynomial = 0x95ac9329ac4bc9b5; // 0xad93d23594c935a9 reversed

/// Table k: what a byte does to the sum when k more bytes have followed it.
inline constexpr auto tables = [] {
    std::array<std::array<std::uint64_t, 256>, 8> made{};
    for (std::uint64_t byte = 0; byte < 256; ++byte) {
        std::uint64_t sum = byte;
        for (int bit = 0; bit < 8; ++bit)
            sum = (sum & 1) != 0 ? sum >> 1 ^ polynomial : sum >> 1;
        made[0][byte] = sum;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t byte = 0; byte < 256; ++byte)
            made[k][byte] = made[0][made[k - 1][byte] & 0xff] ^ made[k - 1][byte] >> 8;
    return made;
}();

} // namespace crc64_tables

constexpr std::uint64_t crc64(std::string_view bytes) noexcept {
    using crc64_tables::tables;
    std::uint64_t sum = 0;
    while (bytes.size() >= 8) {
        for (std::size_t i = 0; i < 8; ++i)
            sum ^= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
        std::uint64_t next = 0;
        for (std::size_t i = 0; i < 8; ++i)
            next ^= tables[7 - i][sum >> (8 * i) & 0xff];
        sum = next;
        bytes.remove_prefix(8);
    }
    for (const char c : bytes)
        sum = tables[0][(sum ^ static_cast<unsigned char>(c)) & 0xff] ^ sum >> 8;
    return sum;
}

static_assert(crc64("123456789") == 0xe9c6d914c4b8d9ca);

} // namespace mini_redis
