// Memory for the small things of a Lua state, of which each run of a script makes some and forgets
// them: tables, strings, closures. Kept by their sizes for the next one, they cost a few
// instructions instead of two calls of the allocator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>

namespace mini_redis {

/// *Thread safety*: none; belongs to its state.
class small_blocks {
public:
    /// Larger blocks, and what there is no room for, are somebody else's.
    static constexpr std::size_t largest = 128;

    bool owns(const void* block) const noexcept {
        return static_cast<std::size_t>(static_cast<const char*>(block) - room_.get()) < size;
    }

    /// Null if there is no room.
    void* allocate(std::size_t bytes) noexcept {
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

    void release(void* block, std::size_t bytes) noexcept {
        free_block*& first = free_[step_of(bytes)];
        auto* const freed = static_cast<free_block*>(block);
        freed->next = first;
        first = freed;
    }

    /// Whether blocks of both sizes are the same.
    static bool are_alike(std::size_t left, std::size_t right) noexcept {
        return step_of(left) == step_of(right);
    }

private:
    static constexpr std::size_t step = 16;
    static constexpr std::size_t size = std::size_t{512} * 1024; // touched only as it is used

    struct free_block {
        free_block* next;
    };

    struct free_room {
        void operator()(char* room) const noexcept { std::free(room); }
    };

    static std::size_t step_of(std::size_t bytes) noexcept { return (bytes - 1) / step; }

    std::unique_ptr<char, free_room> room_{static_cast<char*>(std::malloc(size))};
    std::size_t used_ = 0;
    std::array<free_block*, largest / step> free_{};
};

} // namespace mini_redis
