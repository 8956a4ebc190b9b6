#include "commands/owned_words.hpp"

#include <algorithm>

namespace mini_redis {

owned_words::owned_words(std::span<const std::string_view> words) {
    for (const std::string_view word : words)
        size_ += word.size();
    bytes_.reset(new char[size_]); // not make_unique, which would fill it with zeros
    words_.reserve(words.size());
    char* at = bytes_.get();
    for (const std::string_view word : words) {
        words_.emplace_back(at, word.size());
        at = std::copy(word.begin(), word.end(), at);
    }
}

} // namespace mini_redis
