// Requests that are written out before they are sent. Not for applications.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mini_redis {

class request_batch {
public:
    void add(std::span<const std::string_view> words);

    void add(std::string_view command) { add({&command, 1}); }

    /// How many there are.
    std::size_t size() const noexcept { return size_; }

    /// As they go over the wire.
    std::string_view bytes() const noexcept { return bytes_; }

    /// What was added so far is sent only if the server answers that it does not know the script of
    /// the one request that is added next.
    void make_fallback() noexcept {
        fallback_ = std::move(bytes_);
        bytes_.clear();
        size_ = 0;
    }

    const std::string& fallback() const noexcept { return fallback_; }

    /// The first one's command.
    std::string_view command() const noexcept;

    bool have_one_reply_each() const noexcept { return have_one_reply_each_; }

private:
    std::string bytes_;
    std::string fallback_;
    std::size_t size_ = 0;
    bool have_one_reply_each_ = true;
};

} // namespace mini_redis
