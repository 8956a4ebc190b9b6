#include "store/counted_memory.hpp"

#include <cstdlib>
#include <new>

#ifdef __APPLE__
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

namespace mini_redis::counted {
namespace {

constexpr std::int64_t header = sizeof(void*); // what common allocators need for a block

std::int64_t size_of(void* block) noexcept {
#ifdef __APPLE__
    return static_cast<std::int64_t>(malloc_size(block));
#else
    return static_cast<std::int64_t>(malloc_usable_size(block)) + header;
#endif
}

} // namespace

void* allocate(std::size_t size) {
    void* const block = std::malloc(size);
    if (block == nullptr) throw std::bad_alloc{};
    bytes += size_of(block);
    return block;
}

void* reallocate(void* block, std::size_t size) {
    const std::int64_t before = block != nullptr ? size_of(block) : 0;
    void* const moved = std::realloc(block, size);
    if (moved == nullptr) throw std::bad_alloc{};
    bytes += size_of(moved) - before;
    return moved;
}

void release(void* block) noexcept {
    if (block == nullptr) return;
    bytes -= size_of(block);
    std::free(block);
}

} // namespace mini_redis::counted
