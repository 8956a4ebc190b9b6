#include "store/chunked_list.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <utility>

namespace mini_redis {
namespace {

constexpr std::size_t most_bytes = list_chunk::most_bytes;
constexpr std::size_t first_bytes = 512; // of a chunk of a small list

/// How large a chunk may become; whole elements, if they have a width.
std::size_t limit_of(std::size_t width) noexcept {
    if (width == 0) return most_bytes;
    constexpr std::size_t most = list_chunk::most_uniform_bytes;
    return width >= most ? width : most / width * width;
}

} // namespace

list_chunk_ptr chunked_list::allocate(std::size_t capacity, std::size_t width) {
    auto* const made = new (counted::allocate(sizeof(list_chunk) + capacity)) list_chunk;
    made->capacity = capacity;
    made->width = width;
    return list_chunk_ptr{made};
}

// Puts the elements into a block of another capacity, all of whose room is at one end.
void chunked_list::move_to(list_chunk_ptr& chunk, std::size_t capacity, list_end room_at) {
    const std::size_t used = chunk->used();
    const std::size_t begin = room_at == list_end::tail ? 0 : capacity - used;
    if (capacity == chunk->capacity) {
        std::memmove(chunk->data() + begin, chunk->data() + chunk->begin, used);
    } else {
        list_chunk_ptr made = allocate(capacity, chunk->width);
        std::memcpy(made->data() + begin, chunk->data() + chunk->begin, used);
        chunk = std::move(made);
    }
    chunk->begin = begin;
    chunk->end = begin + used;
}

// Gives back what a chunk, to which nothing more will be added, has left over.
void chunked_list::seal(slot& full) {
    if (full.chunk->capacity - full.chunk->used() > full.chunk->capacity / 8)
        move_to(full.chunk, full.chunk->used(), list_end::tail);
}

void chunked_list::count_in(std::string_view text) noexcept {
    ++size_;
    bytes_ += text.size();
    listpack_bytes_ += listpack_size_of(text);
}

void chunked_list::count_out(std::string_view text) noexcept {
    --size_;
    bytes_ -= text.size();
    listpack_bytes_ -= listpack_size_of(text);
}

// -- The ends ---------------------------------------------------------------------------------

chunked_list::slot& chunked_list::add_slot(list_end where, slot added) {
    if (where == list_end::head) {
        if (first_ == 0) {
            const std::size_t old = slots_.size();
            const std::size_t gap = old / 4 + 1;
            slots_.resize(old + gap);
            std::move_backward(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(old),
                               slots_.end());
            first_ = gap;
        }
        return slots_[--first_] = std::move(added);
    }
    if (slots_.size() == slots_.capacity()) {
        if (first_ > slots_.size() / 4) { // room left by chunks that are gone
            slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        } else {
            slots_.reserve(slots_.size() + slots_.size() / 4 + 1);
        }
    }
    return slots_.emplace_back(std::move(added));
}

void chunked_list::remove_slot(list_end where) noexcept {
    if (where == list_end::head)
        slots_[first_++].chunk.reset();
    else
        slots_.pop_back();
    if (!has_chunks()) {
        slots_.clear();
        first_ = 0;
    }
}

void chunked_list::open_chunk(list_end where, std::size_t length) {
    if (has_chunks()) seal(where == list_end::head ? slots_[first_] : slots_.back());
    // A list that is still small shall not take more than it needs; a large one takes whole chunks.
    const std::size_t need = length == 0 ? list_chunk::with_lengths(0) : length;
    std::size_t capacity = std::clamp(bytes_ / 4, first_bytes, list_chunk::most_uniform_bytes);
    if (length != 0) capacity = capacity / length * length;
    capacity = std::clamp(capacity, need, std::max(need, limit_of(length)));
    list_chunk_ptr made = allocate(capacity, length);
    if (where == list_end::head) made->begin = made->end = capacity;
    add_slot(where, {std::move(made), 0});
}

// False if an element of that length should go into a new chunk.
bool chunked_list::make_room(slot& edge, list_end where, std::size_t length) {
    list_chunk* chunk = edge.chunk.get();
    if (chunk->width != 0 && chunk->width != length) {
        const std::size_t size = with_lengths(edge);
        const std::size_t need = list_chunk::with_lengths(length);
        if (chunk->used() > most_bytes / 2 || size + need > most_bytes) return false;
        list_chunk_ptr mixed = allocate(std::clamp(2 * size, size + need, most_bytes), 0);
        if (where == list_end::head) mixed->begin = mixed->end = mixed->capacity - size;
        for (std::size_t offset = chunk->begin; offset != chunk->end; offset += chunk->width)
            mixed->put(list_end::tail, {chunk->data() + offset, chunk->width});
        edge.chunk = std::move(mixed);
        return true;
    }
    const std::size_t need = chunk->need_of(length);
    if (chunk->room(where) >= need) return true;
    const std::size_t used = chunk->used();
    const std::size_t limit = limit_of(chunk->width);
    if (used + need > limit) return false;
    if (used + need <= chunk->capacity && used <= chunk->capacity / 2) {
        move_to(edge.chunk, chunk->capacity, where);
        return true;
    }
    if (chunk->capacity >= limit) return false; // not worth moving all of them
    std::size_t capacity = 2 * chunk->capacity;
    if (chunk->width != 0) capacity = capacity / chunk->width * chunk->width;
    move_to(edge.chunk, std::clamp(capacity, used + need, limit), where);
    return true;
}

void chunked_list::push(list_end where, std::string_view text) {
    const auto edge = [&]() -> slot& {
        return where == list_end::head ? slots_[first_] : slots_.back();
    };
    if (!has_chunks() || !make_room(edge(), where, text.size())) open_chunk(where, text.size());
    slot& to = edge();
    to.chunk->put(where, text);
    ++to.count;
    count_in(text);
}

void chunked_list::drop(list_end where, std::size_t count) noexcept {
    while (count > 0) {
        slot& edge = where == list_end::head ? slots_[first_] : slots_.back();
        list_chunk& chunk = *edge.chunk;
        for (; count > 0 && edge.count > 0; --count, --edge.count) {
            const bool head = where == list_end::head;
            const list_chunk::element gone = head ? chunk.at(chunk.begin) : chunk.before(chunk.end);
            count_out(gone.text);
            if (head)
                chunk.begin = gone.end;
            else
                chunk.end = gone.begin;
        }
        if (edge.count == 0) remove_slot(where);
    }
}

// -- In the middle ----------------------------------------------------------------------------

chunked_list::place chunked_list::seek(std::size_t index) const noexcept {
    std::size_t at;
    if (index < size_ / 2) {
        for (at = first_; index >= slots_[at].count; ++at)
            index -= slots_[at].count;
    } else {
        std::size_t behind = size_ - index; // elements from this one to the end
        for (at = slots_.size() - 1; behind > slots_[at].count; --at)
            behind -= slots_[at].count;
        index = slots_[at].count - behind;
    }
    const list_chunk& chunk = *slots_[at].chunk;
    if (chunk.width != 0) return {at, index, chunk.begin + index * chunk.width};
    std::size_t offset;
    if (index <= slots_[at].count / 2) {
        offset = chunk.begin;
        for (std::size_t i = 0; i < index; ++i)
            offset = chunk.at(offset).end;
    } else {
        offset = chunk.end;
        for (std::size_t i = slots_[at].count; i > index; --i)
            offset = chunk.before(offset).begin;
    }
    return {at, index, offset};
}

std::string_view chunked_list::at(std::size_t index) const noexcept {
    const place found = seek(index);
    return slots_[found.slot].chunk->at(found.offset).text;
}

void chunked_list::collect(const slot& from, texts& out) {
    const list_chunk& chunk = *from.chunk;
    for (std::size_t offset = chunk.begin; offset != chunk.end;) {
        const list_chunk::element each = chunk.at(offset);
        out.push_back(each.text);
        offset = each.end;
    }
}

// What a chunk takes if lengths are, or were, stored.
std::size_t chunked_list::with_lengths(const slot& one) noexcept {
    const std::size_t width = one.chunk->width;
    return width == 0 ? one.chunk->used() : one.count * list_chunk::with_lengths(width);
}

// Makes chunks of elements, as few as hold them.
void chunked_list::build(std::span<const std::string_view> elements, slots& out) {
    std::size_t size = 0;
    std::size_t width = elements[0].size();
    for (const std::string_view each : elements) {
        size += list_chunk::with_lengths(each.size());
        if (each.size() != width) width = 0;
    }
    if (width != 0) size = elements.size() * width;
    if (size > limit_of(width) && elements.size() > 1) {
        build(elements.first(elements.size() / 2), out);
        return build(elements.subspan(elements.size() / 2), out);
    }
    slot made{allocate(size, width), static_cast<std::uint32_t>(elements.size())};
    for (const std::string_view each : elements)
        made.chunk->put(list_end::tail, each);
    out.push_back(std::move(made));
}

// Puts chunks of these elements, some of which may be in that chunk, in its place.
void chunked_list::rebuild(std::size_t at, texts& elements) {
    slots made;
    std::size_t replaced = 1;
    if (!elements.empty()) {
        std::size_t size = 0;
        for (const std::string_view each : elements)
            size += list_chunk::with_lengths(each.size());
        if (at + 1 < slots_.size() && size + with_lengths(slots_[at + 1]) < most_bytes / 2) {
            collect(slots_[at + 1], elements); // two small neighbours become one
            replaced = 2;
        }
        build(elements, made);
    }
    slots_.reserve(slots_.size() + made.size());
    const auto begin = slots_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto after = slots_.erase(begin, begin + static_cast<std::ptrdiff_t>(replaced));
    slots_.insert(after, std::make_move_iterator(made.begin()),
                  std::make_move_iterator(made.end()));
    if (!has_chunks()) {
        slots_.clear();
        first_ = 0;
    }
}

void chunked_list::set(std::size_t index, std::string_view text) {
    const place found = seek(index);
    slot& in = slots_[found.slot];
    const std::string_view old = in.chunk->at(found.offset).text;
    const std::size_t bytes = bytes_ - old.size() + text.size();
    const std::size_t listpack_bytes =
        listpack_bytes_ - listpack_size_of(old) + listpack_size_of(text);
    if (old.size() != text.size()) {
        texts elements;
        collect(in, elements);
        elements[found.number] = text;
        rebuild(found.slot, elements);
    } else if (!text.empty()) {
        std::memcpy(in.chunk->data() + (old.data() - in.chunk->data()), text.data(), text.size());
    }
    bytes_ = bytes;
    listpack_bytes_ = listpack_bytes;
}

void chunked_list::insert(std::size_t index, std::string_view text) {
    const place found = seek(index);
    texts elements;
    collect(slots_[found.slot], elements);
    elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(found.number), text);
    rebuild(found.slot, elements);
    count_in(text);
}

std::size_t chunked_list::remove(list_end from, std::size_t most, std::string_view text) {
    std::size_t removed = 0;
    const bool forward = from == list_end::head;
    texts elements;
    for (std::size_t at = forward ? first_ : slots_.size();
         removed < most && (forward ? at < slots_.size() : at > first_);) {
        if (!forward) --at;
        elements.clear();
        collect(slots_[at], elements);
        const std::size_t before = elements.size();
        const std::size_t chunks = slots_.size();
        const auto goes = [&](std::string_view each) {
            return removed < most && each == text && ++removed != 0;
        };
        if (forward) {
            std::erase_if(elements, goes);
        } else {
            const auto kept = std::remove_if(elements.rbegin(), elements.rend(), goes);
            elements.erase(elements.begin(), kept.base());
        }
        if (elements.size() == before) {
            at += forward;
            continue;
        }
        const std::size_t gone = before - elements.size();
        // Where the chunk is gone, or has become one with the next, the same number is another
        // chunk: on the way forward it is looked at next, or once more. Small as they are, that is
        // cheap, and there is nothing left to remove in those already seen.
        rebuild(at, elements);
        for (std::size_t i = 0; i < gone; ++i)
            count_out(text);
        if (forward && slots_.size() == chunks) ++at;
        if (!has_chunks()) break;
    }
    return removed;
}

// -- All of it --------------------------------------------------------------------------------

std::size_t chunked_list::memory() const noexcept {
    const std::size_t chunks = slots_.size() - first_;
    const std::size_t looked_at = std::min<std::size_t>(chunks, 8);
    std::size_t total = 0;
    for (std::size_t i = 0; i < looked_at; ++i)
        total += sizeof(list_chunk) + slots_[first_ + i].chunk->capacity;
    if (looked_at != 0) total = total * chunks / looked_at;
    return sizeof *this + slots_.capacity() * sizeof(slot) + total;
}

std::unique_ptr<collection> chunked_list::clone() const {
    auto copy = std::make_unique<chunked_list>();
    copy->slots_.reserve(slots_.size() - first_);
    for (std::size_t i = first_; i < slots_.size(); ++i) {
        const list_chunk& chunk = *slots_[i].chunk;
        list_chunk_ptr made = allocate(chunk.used(), chunk.width);
        std::memcpy(made->data(), chunk.data() + chunk.begin, chunk.used());
        made->end = chunk.used();
        copy->slots_.push_back({std::move(made), slots_[i].count});
    }
    copy->size_ = size_;
    copy->bytes_ = bytes_;
    copy->listpack_bytes_ = listpack_bytes_;
    copy->quicklist_ = quicklist_;
    return copy;
}

} // namespace mini_redis
