// Names of commands, which may come in upper or lower case.
#pragma once

#include <cstddef>
#include <string_view>

namespace mini_redis {

/// Whether `word` is `upper`, which is in upper case; only ASCII counts.
inline bool is_same_word(std::string_view word, std::string_view upper) noexcept {
    if (word.size() != upper.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const char c = word[i];
        if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) return false;
    }
    return true;
}

} // namespace mini_redis
