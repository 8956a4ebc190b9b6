// How much memory a keyspace takes, counted where it is asked for and given back.
//
// Each thread counts in a number of its own, which costs no synchronisation. What it counts while a
// memory_scope lives belongs to that scope's account; whoever holds a shard's lock has one for the
// store. What is counted outside of any scope belongs to nobody.
//
// A block counts with what the allocator rounds it up to and needs for itself: that is what the
// process grows by.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mini_redis {

namespace counted {

/// What this thread has allocated, less what it has freed.
inline thread_local constinit std::int64_t bytes = 0;

/// As std::malloc, std::realloc and std::free, but allocate() and reallocate() throw
/// std::bad_alloc, and reallocate() leaves the block as it was if it does.
void* allocate(std::size_t size);
void* reallocate(void* block, std::size_t size);
void release(void* block) noexcept;

} // namespace counted

/// For containers.
template <class T>
struct counted_allocator {
    using value_type = T;

    counted_allocator() = default;

    template <class U>
    counted_allocator(const counted_allocator<U>&) noexcept {} // allocators convert

    T* allocate(std::size_t n) {
        if (n > SIZE_MAX / sizeof(T)) throw std::bad_array_new_length{};
        return static_cast<T*>(counted::allocate(n * sizeof(T)));
    }

    void deallocate(T* block, std::size_t) noexcept { counted::release(block); }

    friend bool operator==(const counted_allocator&, const counted_allocator&) = default;
};

/// The base of classes whose objects are counted when they are made by `new`.
struct counted_new {
    static void* operator new(std::size_t size) { return counted::allocate(size); }

    static void operator delete(void* block) noexcept { counted::release(block); }
};

/// A string that is counted, with what it points to.
struct counted_string final
    : std::basic_string<char, std::char_traits<char>, counted_allocator<char>>,
      counted_new {
    using basic_string::basic_string;
    using basic_string::operator=;
};

/// The sum of what scopes have counted.
///
/// *Thread safety*: every function may be called from any thread.
class memory_account {
public:
    /// May be a little less than nothing for a moment: who frees may be done before who allocates.
    std::int64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

    void add(std::int64_t more) noexcept { bytes_.fetch_add(more, std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> bytes_{0};
};

/// Adds what the thread allocates and frees during its life to an account. Scopes may be nested:
/// each has what is not within another one.
class memory_scope {
public:
    explicit memory_scope(memory_account& account) noexcept
        : account_{&account},
          outer_{counted::bytes} {
        counted::bytes = 0;
    }

    ~memory_scope() {
        if (counted::bytes != 0) account_->add(counted::bytes);
        counted::bytes = outer_;
    }

    memory_scope(const memory_scope&) = delete;
    memory_scope& operator=(const memory_scope&) = delete;

private:
    memory_account* account_;
    std::int64_t outer_;
};

} // namespace mini_redis
