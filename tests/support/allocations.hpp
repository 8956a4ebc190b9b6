// Counts what this thread takes from operator new. A test program that asks links allocations.cpp,
// which replaces the operator.
#pragma once

#include <cstddef>

namespace mini_redis::test {

struct allocation_count {
    std::size_t calls = 0;
    std::size_t bytes = 0;
};

/// Since the thread began.
allocation_count allocations() noexcept;

/// What `work` allocates.
template <typename Work>
allocation_count allocations_in(Work&& work) {
    const allocation_count before = allocations();
    work();
    const allocation_count after = allocations();
    return {after.calls - before.calls, after.bytes - before.bytes};
}

} // namespace mini_redis::test
