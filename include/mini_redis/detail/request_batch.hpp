// Requests that are written out before they are sent. Not for applications.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mini_redis {

class request_batch {
public:
    request_batch() = default;

    /// One that is written out already.
    explicit request_batch(std::string request) : bytes_{std::move(request)}, size_{1} {}

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

    /// Whether all of them are; see request_traits.
    bool are_allowed() const noexcept { return are_allowed_; }

    /// Whether one of them may wait for an element.
    bool block() const noexcept { return block_; }

    /// How long all of them may at most; zero: without limit.
    std::chrono::milliseconds wait() const noexcept {
        return has_limit_ ? wait_ : std::chrono::milliseconds{0};
    }

private:
    std::string bytes_;
    std::string fallback_;
    std::size_t size_ = 0;
    bool are_allowed_ = true;
    bool block_ = false;
    bool has_limit_ = true;
    std::chrono::milliseconds wait_{0};
};

} // namespace mini_redis
