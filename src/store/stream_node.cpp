#include "store/stream_node.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

namespace mini_redis {
namespace {

constexpr std::size_t unknown_count = 0xffff;

std::uint64_t load(const char* at, std::size_t bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i > 0; --i)
        value = value << 8 | static_cast<unsigned char>(at[i - 1]);
    return value;
}

void put(char* at, std::uint64_t value, std::size_t bytes) noexcept {
    for (std::size_t i = 0; i < bytes; ++i)
        at[i] = static_cast<char>(value >> (8 * i));
}

// What a listpack of these words needs at most.
std::size_t room_for(stream_node::words pairs) noexcept {
    constexpr std::size_t numbers = 5; // of an entry, besides its words
    std::size_t bytes = numbers * listpack_element_overhead;
    for (const std::string_view word : pairs)
        bytes += word.size() + listpack_element_overhead;
    return bytes;
}

// Blocks are asked for in the steps in which allocators hand them out.
constexpr std::size_t block_for(std::size_t bytes) noexcept {
    return ((bytes + 8 + 15) & ~std::size_t{15}) - 8;
}

} // namespace

stream_node::stream_node(stream_id first, words pairs) : id_{first} {
    reallocate(header + 2 * room_for(pairs) + 1);
    char* at = block_.get() + header;
    at = listpack_writing::integer(at, 0); // entries
    at = listpack_writing::integer(at, 0); // deleted ones
    at = listpack_writing::integer(at, static_cast<std::int64_t>(pairs.size() / 2));
    for (std::size_t i = 0; i < pairs.size(); i += 2)
        at = listpack_writing::text(at, pairs[i]);
    at = listpack_writing::integer(at, 0);
    *at++ = static_cast<char>(listpack_end);
    set_size(static_cast<std::size_t>(at - block_.get()));
    put(block_.get() + 4, 0, 2);
    count_elements(4 + pairs.size() / 2);
}

stream_node::stream_node(stream_id first, std::string_view listpack) : id_{first} {
    reallocate(listpack.size() + spare);
    std::memcpy(block_.get(), listpack.data(), listpack.size());
}

std::size_t stream_node::size() const noexcept {
    return static_cast<std::size_t>(load(block_.get(), 4));
}

void stream_node::set_size(std::size_t size) noexcept {
    put(block_.get(), size, 4);
}

void stream_node::count_elements(std::size_t added) noexcept {
    const auto before = static_cast<std::size_t>(load(block_.get() + 4, 2));
    put(block_.get() + 4, std::min(before + added, unknown_count), 2);
}

std::size_t stream_node::entries() const noexcept {
    return static_cast<std::size_t>(listpack_element{block_.get() + header}.number());
}

std::size_t stream_node::deleted() const noexcept {
    const listpack_element entries{block_.get() + header};
    return static_cast<std::size_t>(listpack_element{entries.end()}.number());
}

void stream_node::reallocate(std::size_t bytes) {
    bytes = block_for(bytes);
    auto* const moved = static_cast<char*>(counted::reallocate(block_.get(), bytes));
    static_cast<void>(block_.release());
    block_.reset(moved);
    capacity_ = bytes;
}

void stream_node::reserve(std::size_t bytes) {
    if (bytes <= capacity_) return;
    reallocate(std::max(bytes, capacity_ + capacity_ / 2));
}

void stream_node::make_room(words pairs) {
    reserve(size() + counter_room + room_for(pairs));
}

void stream_node::make_room(words pairs, std::size_t likely) {
    reserve(likely + counter_room + room_for(pairs));
}

void stream_node::shrink_to_fit() noexcept {
    if (block_for(size() + spare) + size() / 16 >= capacity_) return; // no use for so little
    try {
        reallocate(size() + spare);
    } catch (const std::bad_alloc&) { // it stays as large as it is
    }
}

// There is room for what the integer grows by.
void stream_node::replace_integer(std::size_t offset, std::int64_t value) noexcept {
    char* const at = block_.get() + offset;
    char written[listpack_element_overhead];
    const auto width =
        static_cast<std::size_t>(listpack_writing::integer(written, value) - written);
    const listpack_element old{at};
    const auto old_width = static_cast<std::size_t>(old.end() - at);
    if (width != old_width) {
        const std::size_t size = this->size();
        std::memmove(at + width, at + old_width, size - offset - old_width);
        set_size(size + width - old_width);
    }
    std::memcpy(at, written, width);
}

// Whether the master has the fields of these pairs.
bool stream_node::has_fields(words pairs) const noexcept {
    const listpack_element entries{block_.get() + header};
    const listpack_element deleted{entries.end()};
    const listpack_element count{deleted.end()};
    if (count.number() != static_cast<std::int64_t>(pairs.size() / 2)) return false;
    const char* at = count.end();
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
        const listpack_element name{at};
        if (!name.equals(pairs[i])) return false;
        at = name.end();
    }
    return true;
}

void stream_node::append(stream_id id, words pairs) noexcept {
    const bool same_fields = has_fields(pairs);
    replace_integer(header, static_cast<std::int64_t>(entries()) + 1);
    char* const begin = block_.get();
    char* at = begin + size() - 1;
    at = listpack_writing::integer(at, same_fields ? stream_entry::master_fields_flag : 0);
    at = listpack_writing::integer(at, static_cast<std::int64_t>(id.ms - id_.ms));
    at = listpack_writing::integer(at, static_cast<std::int64_t>(id.seq - id_.seq));
    const std::size_t fields = pairs.size() / 2;
    if (!same_fields) at = listpack_writing::integer(at, static_cast<std::int64_t>(fields));
    for (std::size_t i = same_fields ? 1 : 0; i < pairs.size(); i += same_fields ? 2 : 1)
        at = listpack_writing::text(at, pairs[i]);
    const std::size_t elements = same_fields ? 3 + fields : 4 + 2 * fields;
    at = listpack_writing::integer(at, static_cast<std::int64_t>(elements));
    *at++ = static_cast<char>(listpack_end);
    set_size(static_cast<std::size_t>(at - begin));
    count_elements(elements + 1);
}

void stream_node::set_counts(std::size_t entries, std::size_t deleted) noexcept {
    replace_integer(header, static_cast<std::int64_t>(entries));
    const listpack_element count{block_.get() + header};
    replace_integer(static_cast<std::size_t>(count.end() - block_.get()),
                    static_cast<std::int64_t>(deleted));
}

void stream_node::mark_deleted(const stream_entry& doomed) noexcept {
    // The flags take one byte, whatever they are.
    block_.get()[doomed.begin_ - block_.get()] =
        static_cast<char>(doomed.flags_ | stream_entry::deleted_flag);
}

void stream_node::count_marked(std::size_t marked) noexcept {
    set_counts(entries() - marked, deleted() + marked);
}

// -- Reading ----------------------------------------------------------------------------------

stream_node_reader::stream_node_reader(const stream_node& node) noexcept : master_{node.id()} {
    const std::string_view bytes = node.bytes();
    const listpack_element entries{bytes.data() + stream_node::header};
    const listpack_element deleted{entries.end()};
    const listpack_element count{deleted.end()};
    master_fields_ = static_cast<std::size_t>(count.number());
    names_ = count.end();
    const char* at = names_;
    for (std::size_t i = 0; i <= master_fields_; ++i) // and the zero behind them
        at = listpack_element{at}.end();
    first_ = behind_ = at;
    ahead_ = end_ = bytes.data() + bytes.size() - 1;
}

stream_id stream_node::last_id() const noexcept {
    stream_node_reader reader{*this};
    const stream_entry* const last = reader.previous();
    return last != nullptr ? last->id() : id_;
}

void stream_node_reader::read(const char* at) noexcept {
    const listpack_element flags{at};
    const listpack_element ms{flags.end()};
    const listpack_element seq{ms.end()};
    here_.begin_ = at;
    here_.flags_ = static_cast<unsigned>(flags.number());
    here_.id_ = {master_.ms + static_cast<std::uint64_t>(ms.number()),
                 master_.seq + static_cast<std::uint64_t>(seq.number())};
    here_.names_ = names_;
    here_.contents_ = seq.end();
    here_.fields_ = master_fields_;
    if (here_.has_master_fields()) return;
    const listpack_element count{seq.end()};
    here_.fields_ = static_cast<std::size_t>(count.number());
    here_.contents_ = count.end();
}

const stream_entry* stream_node_reader::next() noexcept {
    if (behind_ == end_) return nullptr;
    read(behind_);
    const char* at = here_.contents_;
    for (std::size_t left = here_.has_master_fields() ? here_.fields_ : 2 * here_.fields_; left > 0;
         --left)
        at = listpack_element{at}.end();
    behind_ = listpack_element{at}.end();
    return &here_;
}

const stream_entry* stream_node_reader::previous() noexcept {
    if (ahead_ == first_) return nullptr;
    const char* at = listpack_element::before(ahead_);
    for (std::int64_t left = listpack_element{at}.number(); left > 0; --left)
        at = listpack_element::before(at);
    ahead_ = at;
    read(at);
    return &here_;
}

// -- What comes from outside ------------------------------------------------------------------

namespace {

// Goes through a listpack that may be anything.
class suspicious_reader {
public:
    explicit suspicious_reader(std::string_view listpack) noexcept
        : at_{listpack.data() + 6},
          end_{listpack.data() + listpack.size() - 1} {}

    bool at_end() const noexcept { return at_ == end_; }

    // The next element, if it is a whole one and its length stands behind it.
    std::optional<listpack_element> next() noexcept {
        const auto left = static_cast<std::size_t>(end_ - at_);
        if (left == 0) return std::nullopt;
        const auto first = static_cast<unsigned char>(*at_);
        if (first > 0xf4) return std::nullopt;
        if (left < least_size(first)) return std::nullopt;
        const std::size_t whole = whole_size(first);
        const std::size_t behind = back_length_size(whole);
        if (whole > left || behind > left - whole) return std::nullopt;
        char written[listpack_element_overhead];
        listpack_writing::back_length(written, whole);
        if (std::memcmp(at_ + whole, written, behind) != 0) return std::nullopt;
        const listpack_element element{at_};
        at_ = element.end();
        ++elements_;
        return element;
    }

    // An integer that is not negative.
    std::optional<std::uint64_t> count() noexcept {
        const auto element = next();
        if (!element || !element->is_integer() || element->number() < 0) return std::nullopt;
        return static_cast<std::uint64_t>(element->number());
    }

    bool skip(std::uint64_t count) noexcept {
        for (; count > 0; --count)
            if (!next()) return false;
        return true;
    }

    std::size_t elements() const noexcept { return elements_; }

private:
    // How much has to be there for the size to be known.
    static std::size_t least_size(unsigned char first) noexcept {
        if (first == 0xf0) return 5;
        return first >= 0xe0 && first < 0xf0 ? 2 : 1;
    }

    std::size_t whole_size(unsigned char first) const noexcept {
        if (first < 0x80) return 1;
        if (first < 0xc0) return 1 + (first & 0x3fu);
        if (first < 0xe0) return 2;
        if (first < 0xf0) return 2 + ((first & 0x0fu) << 8 | static_cast<unsigned char>(at_[1]));
        if (first == 0xf0) return 5 + static_cast<std::size_t>(load(at_ + 1, 4));
        return first == 0xf4 ? 9 : 1 + (first - 0xf1u) + 2;
    }

    const char* at_;
    const char* end_;
    std::size_t elements_ = 0;
};

} // namespace

bool is_sound_stream_node(stream_id id, std::string_view listpack) noexcept {
    if (listpack.size() < 7 || load(listpack.data(), 4) != listpack.size() ||
        static_cast<unsigned char>(listpack.back()) != listpack_end)
        return false;
    suspicious_reader in{listpack};
    const auto entries = in.count();
    const auto deleted = in.count();
    const auto master_fields = in.count();
    if (!entries || !deleted || !master_fields || !in.skip(*master_fields)) return false;
    if (in.count() != 0) return false;
    std::uint64_t there = 0;
    std::uint64_t marked = 0;
    std::optional<stream_id> last;
    while (!in.at_end()) {
        const auto flags = in.next();
        const auto ms = in.next();
        const auto seq = in.next();
        // Written as Redis does it: they are changed where they stand.
        if (!flags || !flags->is_integer() || flags->number() < 0 || flags->number() > 3 ||
            flags->end() - flags->begin() != 2 || !ms || !ms->is_integer() || !seq ||
            !seq->is_integer())
            return false;
        const stream_id here{id.ms + static_cast<std::uint64_t>(ms->number()),
                             id.seq + static_cast<std::uint64_t>(seq->number())};
        const bool is_deleted = (flags->number() & 1) != 0;
        if (!is_deleted && (last ? here <= *last : here < id)) return false;
        if (!is_deleted) last = here;
        std::optional<std::uint64_t> fields = master_fields;
        const bool own_fields = (flags->number() & 2) == 0;
        if (own_fields) fields = in.count();
        if (!fields || *fields > listpack.size()) return false;
        const std::uint64_t words = own_fields ? 2 * *fields : *fields;
        if (!in.skip(words)) return false;
        if (in.count() != words + 3 + (own_fields ? 1 : 0)) return false;
        ++(is_deleted ? marked : there);
    }
    const auto count = static_cast<std::size_t>(load(listpack.data() + 4, 2));
    return there == *entries && marked == *deleted &&
           (count == unknown_count || count == in.elements());
}

} // namespace mini_redis
