// Glob patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them.
//
//   *       any bytes, or none
//   ?       any one byte
//   [abc]   one of these; [a-c] a range, [^abc] none of these; the end of the pattern closes it too
//   \x      the byte x itself
//
// The empty text matches the empty pattern only, not even a star: so it is in Redis, where KEYS and
// SCAN still show the empty key for "*", because they do not match that at all.
//
// The walk remembers only the last star it passed, which is enough because everything else matches
// exactly one byte; so the cost is at most pattern times text, whatever the pattern.
#pragma once

#include <string_view>

namespace mini_redis {

/// Whether the whole text matches, byte by byte; with `ignore_case`, ASCII letters match in either
/// case.
bool glob_matches(std::string_view pattern, std::string_view text,
                  bool ignore_case = false) noexcept;

/// Whether a pattern is a plain name: it has none of the characters above.
inline bool is_literal(std::string_view pattern) noexcept {
    return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

} // namespace mini_redis
