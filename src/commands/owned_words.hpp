// The words of a request, copied out of the buffer that they were read into: for what is executed
// later, after MULTI or when a blocked client is served.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace mini_redis {

/// One block of bytes and the views into it, which stay right when it is moved.
class owned_words {
public:
    explicit owned_words(std::span<const std::string_view> words);

    std::span<const std::string_view> words() const noexcept { return words_; }

    /// What it occupies on the heap.
    std::size_t memory() const noexcept {
        return size_ + words_.capacity() * sizeof(std::string_view);
    }

private:
    std::size_t size_ = 0;
    std::unique_ptr<char[]> bytes_;
    std::vector<std::string_view> words_;
};

} // namespace mini_redis
