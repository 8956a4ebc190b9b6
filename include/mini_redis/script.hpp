// A Lua script that a server is to run.
#pragma once

#include <string>

namespace mini_redis {

/// Its text, and the digest by which servers know it; c.eval(script, …) takes it.
///
///     const script compare_and_delete{R"(
///         if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
///         return 0)"};
///
/// *Thread safety*: it does not change.
class script {
public:
    explicit script(std::string text);

    const std::string& text() const noexcept { return text_; }

    /// 40 hexadecimal digits.
    const std::string& sha1() const noexcept { return sha1_; }

private:
    std::string text_;
    std::string sha1_;
};

} // namespace mini_redis
