// HyperLogLogs: strings from which one can tell about how many different elements were added.
//
//   value    = "HYLL" encoding 0 0 0 count registers
//   encoding = 0: dense, 1: sparse
//   count    = 8 bytes, the lowest first: the estimate, or the highest bit: it is not known now
//   dense    = 16384 registers of 6 bits, the lowest bits first
//   sparse   = { 00nnnnnn            n + 1 registers are 0
//              | 01nnnnnn nnnnnnnn   the same, the high bits first
//              | 1vvvvvnn }          n + 1 registers are v + 1
//
// An element's hash chooses a register, which becomes the largest of the numbers that the rest of
// the hashes of its elements give. Both forms are Redis's, to the byte. As they are strings,
// clients can write anything into them: nothing here trusts the bytes, and what is wrong is called
// corrupt.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mini_redis::hyperloglog {

inline constexpr std::size_t register_count = 16384;

/// The registers by themselves, a byte each.
using registers = std::array<std::uint8_t, register_count>;

/// What an element does: the register of that number becomes at least `value`, which is from 1 to
/// 51.
struct observation {
    std::uint32_t index = 0;
    std::uint8_t value = 0;
};

observation observe(std::string_view element) noexcept;

/// A value to which nothing was added.
std::string_view empty() noexcept;

/// Whether a string may be a HyperLogLog, by its header and size. What stands here below wants one.
bool has_form(std::string_view bytes) noexcept;

bool is_sparse(std::string_view bytes) noexcept;

/// The estimate that the header has, if it is still right.
std::optional<std::uint64_t> known_count(std::string_view bytes) noexcept;
void note_count(std::span<char> bytes, std::uint64_t count) noexcept;
void forget_count(std::span<char> bytes) noexcept;

/// About how many elements there are; nothing if the value is corrupt.
std::optional<std::uint64_t> count(std::string_view bytes) noexcept;
std::uint64_t count(const registers& all) noexcept;

/// Raises each register to what the value has there. False if that is corrupt.
bool merge(registers& into, std::string_view bytes) noexcept;

/// What a register of a dense value has.
std::uint8_t dense_register(std::string_view bytes, std::size_t index) noexcept;

/// Returns whether that was more than the register of a dense value had.
bool raise_dense(std::span<char> bytes, observation seen) noexcept;

/// How a sparse value takes an element in.
struct sparse_change {
    enum class kind : std::uint8_t {
        none,    ///< the register has that value already, or a larger one
        edit,    ///< `inserted` goes into the place of `erased` bytes at `offset`
        promote, ///< it has to become dense for it
        corrupt,
    };

    std::string_view inserted() const noexcept { return {bytes.data(), size}; }

    kind what = kind::none;
    std::size_t offset = 0;
    std::size_t erased = 0;
    std::array<char, 32> bytes{};
    std::size_t size = 0; ///< of `bytes` in use
};

/// `most` is the size that a sparse value may have: hll-sparse-max-bytes.
sparse_change raise_sparse(std::string_view bytes, observation seen, std::size_t most) noexcept;

/// A sparse value in the dense form; nothing if it is corrupt.
std::optional<std::string> to_dense(std::string_view bytes);

/// No sparse value that is right is larger.
inline constexpr std::size_t largest_sparse = 16 + 2 * register_count;

/// A sparse value's runs in words: "Z:16383 v:2,1", as PFDEBUG DECODE gives them.
std::string describe(std::string_view bytes);

} // namespace mini_redis::hyperloglog
