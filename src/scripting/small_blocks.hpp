// Memory for a Lua state. Of small things each run of a script makes some and forgets them: tables,
// strings, closures. Kept by their sizes for the next one, they cost a few instructions instead of
// two calls of the allocator, which has the larger ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace mini_redis {

/// *Thread safety*: none; belongs to its state.
class small_blocks {
public:
    /// As std::realloc(), but that blocks are freed by a new size of 0 and that the old size has to
    /// be right.
    void* reallocate(void* block, std::size_t old_size, std::size_t new_size) noexcept {
        const bool ours = block != nullptr && owns(block);
        if (new_size == 0) {
            if (ours)
                put_back(block, old_size);
            else
                std::free(block);
            return nullptr;
        }
        if (ours && step_of(old_size) == step_of(new_size)) return block;
        if (block != nullptr && !ours) return std::realloc(block, new_size);
        void* made = new_size <= largest ? take(new_size) : nullptr;
        if (made == nullptr) made = std::malloc(new_size);
        if (made != nullptr && ours) {
            std::memcpy(made, block, std::min(old_size, new_size));
            put_back(block, old_size);
        }
        return made;
    }

private:
    static constexpr std::size_t step = 16;
    static constexpr std::size_t largest = 128;
    static constexpr std::size_t size = std::size_t{512} * 1024; // touched only as it is used

    struct free_block {
        free_block* next;
    };

    struct free_room {
        void operator()(char* room) const noexcept { std::free(room); }
    };

    static std::size_t step_of(std::size_t bytes) noexcept { return (bytes - 1) / step; }

    bool owns(const void* block) const noexcept {
        return reinterpret_cast<std::uintptr_t>(block) -
                   reinterpret_cast<std::uintptr_t>(room_.get()) <
               size;
    }

    void* take(std::size_t bytes) noexcept {
        free_block*& first = free_[step_of(bytes)];
        if (first != nullptr) {
            free_block* const taken = first;
            first = taken->next;
            return taken;
        }
        const std::size_t rounded = (step_of(bytes) + 1) * step;
        if (!room_ || size - used_ < rounded) return nullptr;
        used_ += rounded;
        return room_.get() + used_ - rounded;
    }

    void put_back(void* block, std::size_t bytes) noexcept {
        free_block*& first = free_[step_of(bytes)];
        auto* const freed = static_cast<free_block*>(block);
        freed->next = first;
        first = freed;
    }

    std::unique_ptr<char, free_room> room_{static_cast<char*>(std::malloc(size))};
    std::size_t used_ = 0;
    std::array<free_block*, largest / step> free_{};
};

} // namespace mini_redis
