// A value as bytes that Redis can read, and that Redis has written: DUMP and RESTORE.
//
//   type (1 byte) | the value | version (2 bytes, little-endian) | checksum (8 bytes, as well)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/entry.hpp"
#include "store/listpack.hpp"

namespace mini_redis {

/// The first byte: what the value is and how it is written.
enum class dump_type : std::uint8_t {
    string = 0,
    list = 1,
    set = 2,
    zset_text = 3, ///< scores as text
    hash = 4,
    zset = 5,
    hash_zipmap = 9,
    list_ziplist = 10,
    set_intset = 11,
    zset_ziplist = 12,
    hash_ziplist = 13,
    list_of_ziplists = 14,
    hash_listpack = 16,
    zset_listpack = 17,
    list_of_listpacks = 18,
    stream_without_counts = 15, ///< as Redis wrote it up to 6.2
    stream = 19,
    set_listpack = 20,
    stream_with_activity = 21, ///< as Redis has written it since 7.2
};

struct dumped_value {
    value_type type = value_type::string;
    std::string text;                   ///< of a string
    std::vector<std::string> elements;  ///< in order; of a hash field, value, field, value …
    std::vector<double> scores;         ///< of a sorted set, one a member
    std::unique_ptr<collection> object; ///< of a stream, which is nothing else
};

/// Whether the bytes end in a version that can be read and in their checksum.
bool has_right_footer(std::string_view dump) noexcept;

/// The value in a dump with the right footer; nothing if it is none. What should be unique is, and
/// no collection is empty.
std::optional<dumped_value> read_dump(std::string_view dump);

/// The texts of the libraries in a dump with the right footer, as FUNCTION DUMP has them; nothing
/// if it is none.
std::optional<std::vector<std::string>> read_library_dump(std::string_view dump);

/// Writes a dump piece by piece, as its type wants it.
class dump_writer {
public:
    dump_writer() = default; ///< of libraries, each of which says so itself

    explicit dump_writer(dump_type type) { out_.push_back(static_cast<char>(type)); }

    void length(std::uint64_t value);
    void string(std::string_view bytes); ///< as an integer, or compressed, where that is shorter
    void score(double value);
    void library(std::string_view text);
    void fixed(std::uint64_t value); ///< eight bytes, the least significant first

    void raw(std::string_view bytes) { out_ += bytes; }

    /// The whole dump.
    std::string finish();

private:
    std::string out_;
};

/// Writes a list, element by element, as listpacks of limited size.
class list_dump_writer {
public:
    void append(std::string_view element);
    std::string finish();

    /// The listpacks of all elements, also when not finished yet.
    const std::vector<std::string>& nodes();

private:
    void close_node();

    listpack_builder node_;
    std::vector<std::string> nodes_;
};

/// How many bytes of a dump are the value itself.
constexpr std::size_t dumped_size(std::size_t dump) noexcept {
    constexpr std::size_t type_and_footer = 11;
    return dump - type_and_footer;
}

/// A score as it stands in a listpack.
std::string score_text(double score);

} // namespace mini_redis
