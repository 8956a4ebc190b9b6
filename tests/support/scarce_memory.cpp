#include "support/scarce_memory.hpp"

#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr std::size_t plenty = std::numeric_limits<std::size_t>::max();
thread_local std::size_t left = plenty;

bool take_block() noexcept {
    if (left == plenty) return true;
    if (left == 0) return false;
    --left;
    return true;
}

void* allocate(std::size_t size, std::size_t alignment) {
    void* const memory =
        alignment <= alignof(std::max_align_t) ? std::malloc(size == 0 ? 1 : size)
        : take_block()
            ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
            : nullptr;
    if (memory == nullptr) throw std::bad_alloc{};
    return memory;
}

} // namespace

mini_redis::test::scarce_memory::scarce_memory(std::size_t blocks) noexcept {
    left = blocks;
}

mini_redis::test::scarce_memory::~scarce_memory() {
    left = plenty;
}

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_realloc(void* old, std::size_t size);

void* __wrap_malloc(std::size_t size) {
    return take_block() ? __real_malloc(size) : nullptr;
}

void* __wrap_realloc(void* old, std::size_t size) {
    return take_block() ? __real_realloc(old, size) : nullptr;
}
}

void* operator new(std::size_t size) {
    return allocate(size, 1);
}

void* operator new[](std::size_t size) {
    return allocate(size, 1);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete[](void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
