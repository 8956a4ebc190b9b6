// Memory that runs out at a chosen moment. A test program that asks links scarce_memory.cpp, which
// replaces operator new, with the linker's option --wrap for malloc and realloc.
#pragma once

#include <cstddef>

namespace mini_redis::test {

/// While it lives, this thread gets so many blocks of memory, and no more after them.
class scarce_memory {
public:
    explicit scarce_memory(std::size_t blocks) noexcept;
    ~scarce_memory();

    scarce_memory(const scarce_memory&) = delete;
    scarce_memory& operator=(const scarce_memory&) = delete;
};

} // namespace mini_redis::test
