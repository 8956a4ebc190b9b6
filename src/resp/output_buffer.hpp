// Bytes on their way out: a growing array that is never zero-filled and gives its memory back.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace mini_redis {

/// Append at the end, consume from the front.
///
/// Invariant: begin_ <= end_ <= capacity_; the bytes [begin_, end_) are what is held.
class output_buffer {
public:
    output_buffer() = default;

    output_buffer(output_buffer&& other) noexcept { swap(other); }

    output_buffer& operator=(output_buffer&& other) noexcept {
        output_buffer moved{std::move(other)};
        swap(moved);
        return *this;
    }

    std::size_t size() const noexcept { return end_ - begin_; }

    bool empty() const noexcept { return begin_ == end_; }

    std::size_t capacity() const noexcept { return capacity_; }

    const char* data() const noexcept { return data_.get() + begin_; }

    char* data() noexcept { return data_.get() + begin_; }

    std::string_view view() const noexcept { return {data(), size()}; }

    /// At least `n` writable bytes at the end; commit() makes the written ones part of the buffer.
    char* prepare(std::size_t n) {
        if (capacity_ - end_ < n) [[unlikely]]
            make_room(n);
        return data_.get() + end_;
    }

    /// How many bytes prepare() gives without growing.
    std::size_t room() const noexcept { return capacity_ - end_; }

    void commit(std::size_t n) noexcept { end_ += n; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return; // memcpy wants no null pointers, not even for nothing
        char* out = prepare(bytes.size());
        std::memcpy(out, bytes.data(), bytes.size());
        commit(bytes.size());
    }

    void push_back(char byte) {
        *prepare(1) = byte;
        commit(1);
    }

    /// Drops the first `n` bytes.
    void consume(std::size_t n) noexcept {
        begin_ += n;
        if (begin_ == end_) begin_ = end_ = 0;
    }

    /// Drops what lies behind the first `size` bytes.
    void truncate(std::size_t size) noexcept { end_ = begin_ + size; }

    /// Empties it and keeps the memory.
    void clear() noexcept { begin_ = end_ = 0; }

    /// Empties it and frees the memory.
    void release() noexcept {
        data_.reset();
        begin_ = end_ = capacity_ = 0;
    }

    void swap(output_buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        std::swap(capacity_, other.capacity_);
    }

private:
    struct free_memory {
        void operator()(char* memory) const noexcept { std::free(memory); }
    };

    void make_room(std::size_t n);

    std::unique_ptr<char, free_memory> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace mini_redis
