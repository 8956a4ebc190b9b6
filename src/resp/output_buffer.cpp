#include "resp/output_buffer.hpp"

#include <algorithm>

namespace mini_redis {

void output_buffer::make_room(std::size_t n) {
    const std::size_t held = size();
    // Moving to the front is worth it only where it frees at least as much as it copies: a buffer
    // that is filled and drained in small steps would otherwise be moved again and again.
    if (begin_ >= held && capacity_ - held >= n) {
        std::memcpy(data_.get(), data_.get() + begin_, held);
        begin_ = 0;
        end_ = held;
        return;
    }
    if (n > static_cast<std::size_t>(-1) / 2 - held) throw std::bad_alloc{};
    const std::size_t capacity = std::max({held + n, held * 2, std::size_t{512}});
    if (begin_ == 0) {
        auto* const grown = static_cast<char*>(std::realloc(data_.get(), capacity));
        if (!grown) throw std::bad_alloc{};
        (void)data_.release();
        data_.reset(grown);
    } else {
        auto* const grown = static_cast<char*>(std::malloc(capacity));
        if (!grown) throw std::bad_alloc{};
        std::memcpy(grown, data_.get() + begin_, held);
        data_.reset(grown);
        begin_ = 0;
        end_ = held;
    }
    capacity_ = capacity;
}

} // namespace mini_redis
