// Requests that are written out before they are sent. Not for applications.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace mini_redis {

class request_batch {
public:
    void add(std::span<const std::string_view> words);

    void add(std::string_view command) { add({&command, 1}); }

    /// How many there are.
    std::size_t size() const noexcept { return size_; }

    /// As they go over the wire.
    std::string_view bytes() const noexcept { return bytes_; }

    bool have_one_reply_each() const noexcept { return have_one_reply_each_; }

private:
    std::string bytes_;
    std::size_t size_ = 0;
    bool have_one_reply_each_ = true;
};

} // namespace mini_redis
