#include "store/list_value.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace mini_redis {
namespace {

// A packed list is walked to get to its tail, and moved to get rid of its head: both are to stay
// cheaper than what a request costs anyway.
constexpr std::size_t most_packed_elements = 128;
constexpr std::size_t most_packed_bytes = 1000;

std::string& scratch() {
    thread_local std::string bytes;
    bytes.clear();
    return bytes;
}

// As packed stores it.
std::size_t packed_size_of(std::string_view text) noexcept {
    std::size_t size = text.size() + 1;
    for (std::size_t rest = text.size(); rest >= 0x80; rest >>= 7)
        ++size;
    return size;
}

void append_packed(std::string& out, list_end where, std::span<const std::string_view> texts) {
    if (where == list_end::tail) {
        for (const std::string_view each : texts)
            packed::append(out, each);
    } else { // each goes in front of those before
        for (std::size_t i = texts.size(); i > 0; --i)
            packed::append(out, texts[i - 1]);
    }
}

bool fits(std::size_t count, std::size_t bytes, const listpack_limit& limit) noexcept {
    return count <= most_packed_elements && bytes <= most_packed_bytes && count <= limit.elements();
}

struct list_sizes {
    std::size_t bytes = 0;  ///< the elements' own
    std::size_t packed = 0; ///< with their lengths
};

list_sizes sizes_of(std::span<const std::string_view> texts) noexcept {
    list_sizes sizes;
    for (const std::string_view each : texts) {
        sizes.bytes += each.size();
        sizes.packed += packed_size_of(each);
    }
    return sizes;
}

} // namespace

entry_ptr make_list(std::string_view key, list_end where, std::span<const std::string_view> texts,
                    const listpack_limit& limit) {
    const list_sizes sizes = sizes_of(texts);
    if (fits(texts.size(), packed::header + sizes.packed, limit)) {
        std::string& block = scratch();
        block.append(packed::header, '\0');
        append_packed(block, where, texts);
        packed::set_size(block.data(), texts.size());
        return entry::make_compact(value_type::list, collection_encoding::packed, key, block,
                                   std::nullopt);
    }
    auto made = std::make_unique<chunked_list>();
    made->expect(sizes.bytes, texts.size(), limit);
    for (const std::string_view each : texts)
        made->push(where, each);
    return entry::make_object(value_type::list, key, std::move(made), std::nullopt);
}

// Makes a packed list an object.
void list_editor::enlarge() {
    auto made = std::make_unique<chunked_list>();
    for (const packed_element& each : packed{at_->bytes()})
        made->push(list_end::tail, each.text);
    db_.put(key_, at_,
            entry::make_object(value_type::list, key_.name, std::move(made), at_->expiry()));
}

// Before elements come: true if the list stays packed with them, which take `size` bytes so.
bool list_editor::make_room(std::size_t added, std::size_t bytes, std::size_t size) {
    if (!at_->is_object()) {
        const std::string_view block = at_->bytes();
        if (fits(packed{block}.size() + added, block.size() + size, limit_)) return true;
        enlarge();
    }
    large().expect(bytes, added, limit_);
    return false;
}

// After elements have gone: true if it was all of them.
bool list_editor::settle() {
    if (!at_->is_object()) {
        if (!packed{at_->bytes()}.empty()) return false;
        db_.erase(key_, at_);
        return true;
    }
    chunked_list& list = large();
    if (list.size() == 0) {
        db_.erase(key_, at_);
        return true;
    }
    list.note_shrinking(limit_);
    // Half of what it may be: so that it is not made anew with every element that comes and goes.
    if (list.is_quicklist() || list.size() > most_packed_elements / 2 ||
        list.bytes() > most_packed_bytes / 2) {
        db_.changed(key_, &*at_);
        return false;
    }
    try {
        std::string& block = scratch();
        block.append(packed::header, '\0');
        list.for_each(0, list.size(), [&](std::string_view each) { packed::append(block, each); });
        packed::set_size(block.data(), list.size());
        db_.put(key_, at_,
                entry::make_compact(value_type::list, collection_encoding::packed, key_.name, block,
                                    at_->expiry()));
    } catch (const std::bad_alloc&) { // then it stays an object
        db_.changed(key_, &*at_);
    }
    return false;
}

void list_editor::push(list_end where, std::span<const std::string_view> texts) {
    const auto [bytes, size] = sizes_of(texts);
    if (!at_) return db_.put(key_, at_, make_list(key_.name, where, texts, limit_));
    if (make_room(texts.size(), bytes, size)) {
        std::string& inserted = scratch();
        append_packed(inserted, where, texts);
        const std::string_view block = at_->bytes();
        const std::size_t offset = where == list_end::head ? packed::header : block.size();
        return db_.splice_packed(key_, at_, offset, 0, inserted,
                                 packed{block}.size() + texts.size());
    }
    for (const std::string_view each : texts)
        large().push(where, each);
    db_.changed(key_, &*at_);
}

// Leaves only these elements of a packed list.
void list_editor::shorten_packed(std::size_t first, std::size_t count) {
    const std::string_view block = at_->bytes();
    packed::iterator here = packed{block}.begin();
    for (std::size_t i = 0; i < first; ++i)
        ++here;
    const std::size_t begin = here->begin;
    for (std::size_t i = 0; i < count; ++i)
        ++here;
    const std::size_t end = here->begin;
    if (end != block.size())
        db_.splice_packed(key_, at_, end, block.size() - end, {}, first + count);
    if (begin != packed::header)
        db_.splice_packed(key_, at_, packed::header, begin - packed::header, {}, count);
}

bool list_editor::drop(list_end where, std::size_t count) {
    const std::size_t size = list_view{*at_}.size();
    if (count == size) {
        db_.erase(key_, at_);
        return true;
    }
    if (at_->is_object())
        large().drop(where, count);
    else
        shorten_packed(where == list_end::head ? count : 0, size - count);
    return settle();
}

bool list_editor::pop(list_end where, std::string_view text) {
    if (at_->is_object()) return drop(where, 1);
    const std::string_view block = at_->bytes();
    const std::size_t left = packed{block}.size() - 1;
    if (left == 0) {
        db_.erase(key_, at_);
        return true;
    }
    const std::size_t size = packed_size_of(text);
    const std::size_t offset = where == list_end::head ? packed::header : block.size() - size;
    db_.splice_packed(key_, at_, offset, size, {}, left);
    return false;
}

bool list_editor::keep(std::size_t first, std::size_t count) {
    const std::size_t size = list_view{*at_}.size();
    if (count == 0) {
        db_.erase(key_, at_);
        return true;
    }
    if (at_->is_object()) {
        large().drop(list_end::tail, size - first - count);
        large().drop(list_end::head, first);
    } else if (count == size) {
        db_.changed(key_, &*at_); // as Redis says it, though nothing is
    } else {
        shorten_packed(first, count);
    }
    return settle();
}

void list_editor::set(std::size_t index, std::string_view text) {
    if (make_room(1, text.size(), packed_size_of(text))) { // Redis also counts the old one
        const packed list{at_->bytes()};
        const packed_element old = list.at(index);
        std::string& inserted = scratch();
        packed::append(inserted, text);
        return db_.splice_packed(key_, at_, old.begin, old.end - old.begin, inserted, list.size());
    }
    large().set(index, text);
    settle();
}

void list_editor::insert(std::size_t index, std::string_view text) {
    if (make_room(1, text.size(), packed_size_of(text))) {
        const packed list{at_->bytes()};
        std::string& inserted = scratch();
        packed::append(inserted, text);
        return db_.splice_packed(key_, at_, list.at(index).begin, 0, inserted, list.size() + 1);
    }
    large().insert(index, text);
    db_.changed(key_, &*at_);
}

std::size_t list_editor::remove(list_end from, std::size_t most, std::string_view text) {
    if (at_->is_object()) {
        const std::size_t removed = large().remove(from, most, text);
        if (removed != 0) settle();
        return removed;
    }
    std::vector<packed_element> kept;
    for (const packed_element& each : packed{at_->bytes()})
        kept.push_back(each);
    const std::size_t before = kept.size();
    std::size_t removed = 0;
    const auto goes = [&](const packed_element& each) {
        return removed < most && each.text == text && ++removed != 0;
    };
    if (from == list_end::head)
        std::erase_if(kept, goes);
    else
        kept.erase(kept.begin(), std::remove_if(kept.rbegin(), kept.rend(), goes).base());
    if (kept.size() == before) return 0;
    std::string& block = scratch();
    for (const packed_element& each : kept)
        packed::append(block, each.text);
    db_.splice_packed(key_, at_, packed::header, at_->bytes().size() - packed::header, block,
                      kept.size());
    settle();
    return removed;
}

// Where it stands: the bytes stay as many.
void list_editor::rotate_packed(list_end from, std::string_view text) {
    const std::span<char> bytes = at_->mutable_bytes();
    const std::size_t size = packed_size_of(text);
    std::string& element = scratch();
    packed::append(element, text);
    char* const first = bytes.data() + packed::header;
    const std::size_t others = bytes.size() - packed::header - size;
    if (from == list_end::head) {
        std::memmove(first, first + size, others);
        std::memcpy(first + others, element.data(), size);
    } else {
        std::memmove(first + size, first, others);
        std::memcpy(first, element.data(), size);
    }
    db_.changed(key_, &*at_);
}

void list_editor::rotate(list_end from, list_end to, std::string_view text) {
    const list_view list{*at_};
    if (from == to || list.size() == 1) return db_.changed(key_, &*at_);
    if (!at_->is_object()) return rotate_packed(from, text);
    const std::string moved{text}; // pushing may move it
    large().push(to, moved);
    large().drop(from, 1);
    settle();
}

} // namespace mini_redis
