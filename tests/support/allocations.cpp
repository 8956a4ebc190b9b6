#include "support/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local mini_redis::test::allocation_count counted;

} // namespace

mini_redis::test::allocation_count mini_redis::test::allocations() noexcept {
    return counted;
}

namespace {

void* take(std::size_t size) noexcept {
    ++counted.calls;
    counted.bytes += size;
    return std::malloc(size ? size : 1);
}

} // namespace

// All the forms, though the default ones call each other: a sanitizer brings its own. Only those
// for over-aligned types are left alone.
void* operator new(std::size_t size) {
    if (void* const memory = take(size)) return memory;
    throw std::bad_alloc{};
}

void* operator new[](std::size_t size) {
    return operator new(size);
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return take(size);
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return take(size);
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

void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
