// What this process has asked of the system so far: memory, and the system calls of its sockets and
// its loop.
//
// Whoever links counters.cpp has the C library's functions for these counted, in libraries too: the
// same for C, C++ and whatever Asio uses. Not atomic, so for programs of one thread.
#pragma once

#include <cstdint>

/// Sums since the program began.
struct counters {
    std::uint64_t allocations = 0; // malloc and its kin, realloc included; new is malloc
    std::uint64_t system_calls = 0;

    friend counters operator-(counters to, const counters& from) {
        to.allocations -= from.allocations;
        to.system_calls -= from.system_calls;
        return to;
    }
};

/// False where the functions cannot be put in between: all counts stay 0.
extern const bool can_count;

counters counted_so_far();
