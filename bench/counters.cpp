// Definitions in a program come before those of the shared C library, for the shared libraries that
// it uses as well. Each here counts and goes on to the library's own.
//
// That none is missed was seen with `strace -c -f`, for each kind of mode at two numbers of calls:
// its sum for these system calls was this file's and the dozen that the loader makes before main().
#undef _FORTIFY_SOURCE // its inline wrappers have the same names

#include "counters.hpp"

#include <cstddef>
#include <cstdlib> // tells of the C library

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MINI_REDIS_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MINI_REDIS_IS_SANITIZED 1
#endif
#endif

// A sanitizer has put itself in between already.
#if defined(__linux__) && defined(__GLIBC__) && !defined(MINI_REDIS_IS_SANITIZED)
#define MINI_REDIS_CAN_COUNT 1
#else
#define MINI_REDIS_CAN_COUNT 0
#endif

namespace {

counters counted;

} // namespace

const bool can_count = MINI_REDIS_CAN_COUNT;

counters counted_so_far() {
    return counted;
}

#if MINI_REDIS_CAN_COUNT

#include <cerrno>
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

// Of the C library, when `own` is this program's function of that name.
template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" {

// --- memory ---

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    ++counted.allocations;
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
    ++counted.allocations;
    return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) {
    ++counted.allocations;
    return __libc_realloc(memory, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    ++counted.allocations;
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++counted.allocations;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
    ++counted.allocations;
    void* const memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

// --- system calls ---

ssize_t read(int descriptor, void* to, std::size_t size) {
    static auto* const forward = next<ssize_t(int, void*, std::size_t)>("read");
    ++counted.system_calls;
    return forward(descriptor, to, size);
}

ssize_t write(int descriptor, const void* from, std::size_t size) {
    static auto* const forward = next<ssize_t(int, const void*, std::size_t)>("write");
    ++counted.system_calls;
    return forward(descriptor, from, size);
}

ssize_t readv(int descriptor, const iovec* to, int count) {
    static auto* const forward = next<ssize_t(int, const iovec*, int)>("readv");
    ++counted.system_calls;
    return forward(descriptor, to, count);
}

ssize_t writev(int descriptor, const iovec* from, int count) {
    static auto* const forward = next<ssize_t(int, const iovec*, int)>("writev");
    ++counted.system_calls;
    return forward(descriptor, from, count);
}

ssize_t recv(int descriptor, void* to, std::size_t size, int flags) {
    static auto* const forward = next<ssize_t(int, void*, std::size_t, int)>("recv");
    ++counted.system_calls;
    return forward(descriptor, to, size, flags);
}

ssize_t send(int descriptor, const void* from, std::size_t size, int flags) {
    static auto* const forward = next<ssize_t(int, const void*, std::size_t, int)>("send");
    ++counted.system_calls;
    return forward(descriptor, from, size, flags);
}

ssize_t recvmsg(int descriptor, msghdr* to, int flags) {
    static auto* const forward = next<ssize_t(int, msghdr*, int)>("recvmsg");
    ++counted.system_calls;
    return forward(descriptor, to, flags);
}

ssize_t sendmsg(int descriptor, const msghdr* from, int flags) {
    static auto* const forward = next<ssize_t(int, const msghdr*, int)>("sendmsg");
    ++counted.system_calls;
    return forward(descriptor, from, flags);
}

int poll(pollfd* descriptors, nfds_t count, int time_out) {
    static auto* const forward = next<int(pollfd*, nfds_t, int)>("poll");
    ++counted.system_calls;
    return forward(descriptors, count, time_out);
}

int ppoll(pollfd* descriptors, nfds_t count, const timespec* time_out, const sigset_t* signals) {
    static auto* const forward =
        next<int(pollfd*, nfds_t, const timespec*, const sigset_t*)>("ppoll");
    ++counted.system_calls;
    return forward(descriptors, count, time_out, signals);
}

int epoll_wait(int epoll, epoll_event* events, int count, int time_out) {
    static auto* const forward = next<int(int, epoll_event*, int, int)>("epoll_wait");
    ++counted.system_calls;
    return forward(epoll, events, count, time_out);
}

int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
    static auto* const forward = next<int(int, int, int, epoll_event*)>("epoll_ctl");
    ++counted.system_calls;
    return forward(epoll, operation, descriptor, event);
}

int timerfd_settime(int timer, int flags, const itimerspec* to, itimerspec* before) noexcept {
    static auto* const forward =
        next<int(int, int, const itimerspec*, itimerspec*)>("timerfd_settime");
    ++counted.system_calls;
    return forward(timer, flags, to, before);
}
}

#endif
