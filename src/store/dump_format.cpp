#include "store/dump_format.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "resp/number.hpp"
#include "store/byte_reader.hpp"
#include "store/crc64.hpp"
#include "store/dump_pieces.hpp"
#include "store/lzf.hpp"
#include "store/stream_dump.hpp"

namespace mini_redis {
namespace {

constexpr std::uint64_t written_version = 10; // Redis 7.0 reads it
constexpr std::uint64_t newest_version = 11;
constexpr std::size_t footer = 10;
// As Redis does it by default (rdbcompression).
constexpr std::size_t least_compressed = 21; // bytes of a string
constexpr std::size_t least_saved = 4;

// A number of things, or, marked, how a string is encoded.
// In front of each library.
constexpr std::uint8_t library_opcode = 245;

struct length_or_encoding {
    std::uint64_t value = 0;
    bool is_encoding = false;
};

length_or_encoding take_length_or_encoding(byte_reader& in) {
    const unsigned first = in.byte();
    switch (first >> 6) {
    case 0: return {first};
    case 1: {
        const std::uint64_t high = (first & 0x3f) << 8;
        return {high | in.byte()};
    }
    case 3: return {first & 0x3f, true};
    default: break;
    }
    if (first == 0x80) return {in.big_endian(4)};
    if (first == 0x81) return {in.big_endian(8)};
    in.refuse();
    return {};
}

} // namespace

std::uint64_t take_length(byte_reader& in) {
    const length_or_encoding length = take_length_or_encoding(in);
    if (length.is_encoding) in.refuse();
    return length.value;
}

std::string take_string(byte_reader& in) {
    const length_or_encoding length = take_length_or_encoding(in);
    if (!length.is_encoding) return std::string{in.take(length.value)};
    if (length.value < 3) {
        char digits[integer_digits];
        const std::int64_t number = in.little_endian_signed(std::size_t{1} << length.value);
        return {digits, format_integer(number, digits)};
    }
    if (length.value != 3) {
        in.refuse();
        return {};
    }
    const std::uint64_t compressed = take_length(in);
    const std::uint64_t size = take_length(in);
    const std::string_view bytes = in.take(compressed);
    std::optional<std::string> text =
        in.broken() ? std::nullopt : lzf_decompress(bytes, static_cast<std::size_t>(size));
    if (!text) {
        in.refuse();
        return {};
    }
    return std::move(*text);
}

namespace {

double take_score_text(byte_reader& in) {
    const std::uint8_t length = in.byte();
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (length == 254) return infinite;
    if (length == 255) return -infinite;
    if (length == 253) return std::numeric_limits<double>::quiet_NaN();
    const std::optional<double> score = parse_real(in.take(length));
    if (!score) in.refuse();
    return score.value_or(0);
}

void take_strings(byte_reader& in, std::uint64_t count, std::vector<std::string>& elements) {
    for (; count > 0 && !in.broken(); --count)
        elements.push_back(take_string(in));
}

void take_scored(byte_reader& in, bool as_text, dumped_value& value) {
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count) {
        value.elements.push_back(take_string(in));
        value.scores.push_back(as_text ? take_score_text(in)
                                       : std::bit_cast<double>(in.little_endian(8)));
    }
}

using read_block = bool (*)(std::string_view, std::vector<std::string>&);

void take_block(byte_reader& in, read_block read, std::vector<std::string>& elements) {
    const std::string block = take_string(in);
    if (in.broken() || !read(block, elements)) in.refuse();
}

// Member, score, member, score …
void take_scored_block(byte_reader& in, read_block read, dumped_value& value) {
    std::vector<std::string> words;
    take_block(in, read, words);
    if (words.size() % 2 != 0) return in.refuse();
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::optional<double> score = parse_real(words[i + 1]);
        if (!score) return in.refuse();
        value.elements.push_back(std::move(words[i]));
        value.scores.push_back(*score);
    }
}

void take_nodes(byte_reader& in, bool as_listpacks, dumped_value& value) {
    constexpr std::uint64_t plain = 1;
    constexpr std::uint64_t packed_node = 2;
    for (std::uint64_t count = take_length(in); count > 0 && !in.broken(); --count) {
        const std::uint64_t kind = as_listpacks ? take_length(in) : packed_node;
        if (kind == plain)
            value.elements.push_back(take_string(in));
        else if (kind == packed_node)
            take_block(in, as_listpacks ? read_listpack : read_ziplist, value.elements);
        else
            in.refuse();
    }
}

value_type type_of(dump_type type) {
    switch (type) {
    case dump_type::list:
    case dump_type::list_ziplist:
    case dump_type::list_of_ziplists:
    case dump_type::list_of_listpacks: return value_type::list;
    case dump_type::set:
    case dump_type::set_intset:
    case dump_type::set_listpack: return value_type::set;
    case dump_type::zset_text:
    case dump_type::zset:
    case dump_type::zset_ziplist:
    case dump_type::zset_listpack: return value_type::zset;
    case dump_type::hash:
    case dump_type::hash_zipmap:
    case dump_type::hash_ziplist:
    case dump_type::hash_listpack: return value_type::hash;
    case dump_type::stream_without_counts:
    case dump_type::stream:
    case dump_type::stream_with_activity: return value_type::stream;
    default: return value_type::string;
    }
}

void take_value(byte_reader& in, dump_type type, dumped_value& value) {
    std::vector<std::string>& elements = value.elements;
    switch (type) {
    case dump_type::string: value.text = take_string(in); return;
    case dump_type::list:
    case dump_type::set: return take_strings(in, take_length(in), elements);
    case dump_type::hash: {
        const std::uint64_t pairs = take_length(in);
        if (pairs > in.left().size()) return in.refuse();
        return take_strings(in, pairs * 2, elements);
    }
    case dump_type::zset_text: return take_scored(in, true, value);
    case dump_type::zset: return take_scored(in, false, value);
    case dump_type::hash_zipmap: return take_block(in, read_zipmap, elements);
    case dump_type::list_ziplist:
    case dump_type::hash_ziplist: return take_block(in, read_ziplist, elements);
    case dump_type::set_intset: return take_block(in, read_intset, elements);
    case dump_type::set_listpack:
    case dump_type::hash_listpack: return take_block(in, read_listpack, elements);
    case dump_type::zset_ziplist: return take_scored_block(in, read_ziplist, value);
    case dump_type::zset_listpack: return take_scored_block(in, read_listpack, value);
    case dump_type::list_of_ziplists: return take_nodes(in, false, value);
    case dump_type::list_of_listpacks: return take_nodes(in, true, value);
    case dump_type::stream_without_counts:
    case dump_type::stream:
    case dump_type::stream_with_activity: value.object = take_stream(in, type); return;
    }
    in.refuse();
}

bool are_unique(const std::vector<std::string>& elements, std::size_t step) {
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < elements.size(); i += step)
        if (!seen.insert(elements[i]).second) return false;
    return true;
}

bool is_sound(const dumped_value& value) {
    if (value.type == value_type::string || value.type == value_type::stream) return true;
    if (value.elements.empty()) return false;
    if (value.type == value_type::list) return true;
    const bool is_hash = value.type == value_type::hash;
    if (is_hash && value.elements.size() % 2 != 0) return false;
    for (const double score : value.scores)
        if (std::isnan(score)) return false;
    return are_unique(value.elements, is_hash ? 2 : 1);
}

} // namespace

bool has_right_footer(std::string_view dump) noexcept {
    if (dump.size() < footer) return false;
    byte_reader in{dump.substr(dump.size() - footer)};
    if (in.little_endian(2) > newest_version) return false;
    return in.little_endian(8) == crc64(dump.substr(0, dump.size() - 8));
}

std::optional<std::vector<std::string>> read_library_dump(std::string_view dump) {
    byte_reader in{dump.substr(0, dump.size() - footer)};
    std::vector<std::string> texts;
    while (!in.broken() && !in.left().empty()) {
        if (in.byte() != library_opcode) return std::nullopt;
        texts.push_back(take_string(in));
    }
    if (in.broken()) return std::nullopt;
    return texts;
}

std::optional<dumped_value> read_dump(std::string_view dump) {
    if (dump.size() <= footer) return std::nullopt;
    byte_reader in{dump.substr(0, dump.size() - footer)};
    const auto type = static_cast<dump_type>(in.byte());
    dumped_value value;
    value.type = type_of(type);
    take_value(in, type, value);
    if (in.broken() || !is_sound(value)) return std::nullopt;
    return value;
}

void dump_writer::length(std::uint64_t value) {
    if (value < 64) {
        out_.push_back(static_cast<char>(value));
    } else if (value < 16'384) {
        append_big_endian(out_, 0x4000 | value, 2);
    } else if (value <= std::numeric_limits<std::uint32_t>::max()) {
        out_.push_back(static_cast<char>(0x80));
        append_big_endian(out_, value, 4);
    } else {
        out_.push_back(static_cast<char>(0x81));
        append_big_endian(out_, value, 8);
    }
}

void dump_writer::string(std::string_view bytes) {
    constexpr std::size_t most_digits = 11; // of 32 bits
    const std::optional<std::int64_t> number =
        bytes.size() <= most_digits ? parse_integer(bytes) : std::nullopt;
    for (unsigned encoding = 0; number && encoding < 3; ++encoding) {
        const std::size_t width = std::size_t{1} << encoding;
        const std::int64_t half = std::int64_t{1} << (width * 8 - 1);
        if (*number < -half || *number >= half) continue;
        out_.push_back(static_cast<char>(0xc0 | encoding));
        return append_little_endian(out_, static_cast<std::uint64_t>(*number), width);
    }
    if (bytes.size() >= least_compressed) {
        if (const auto compressed = lzf_compress(bytes, bytes.size() - least_saved)) {
            out_.push_back(static_cast<char>(0xc3));
            length(compressed->size());
            length(bytes.size());
            out_ += *compressed;
            return;
        }
    }
    length(bytes.size());
    out_ += bytes;
}

void dump_writer::score(double value) {
    fixed(std::bit_cast<std::uint64_t>(value));
}

void dump_writer::fixed(std::uint64_t value) {
    append_little_endian(out_, value, 8);
}

void dump_writer::library(std::string_view text) {
    out_.push_back(static_cast<char>(library_opcode));
    string(text);
}

std::string dump_writer::finish() {
    append_little_endian(out_, written_version, 2);
    append_little_endian(out_, crc64(out_), 8);
    return std::move(out_);
}

void list_dump_writer::append(std::string_view element) {
    constexpr std::size_t most_bytes = 8192; // of a node, unless one element is larger
    constexpr std::size_t overhead = 11;
    if (node_.count() != 0 && node_.size() + element.size() + overhead > most_bytes) close_node();
    node_.append(element);
}

void list_dump_writer::close_node() {
    nodes_.push_back(node_.finish());
}

const std::vector<std::string>& list_dump_writer::nodes() {
    if (node_.count() != 0) close_node();
    return nodes_;
}

std::string list_dump_writer::finish() {
    constexpr std::uint64_t packed_node = 2;
    nodes();
    dump_writer out{dump_type::list_of_listpacks};
    out.length(nodes_.size());
    for (const std::string& node : nodes_) {
        out.length(packed_node);
        out.string(node);
    }
    return out.finish();
}

std::string score_text(double score) {
    char digits[real_digits];
    return {digits, format_real(score, digits)};
}

} // namespace mini_redis
