// LZF, the compression of long strings in Redis's serialized values.
//
//   000LLLLL                    L + 1 bytes follow as they are
//   LLLooooo oooooooo           L + 2 bytes, copied from o + 1 bytes back
//   111ooooo LLLLLLLL oooooooo  L + 9 bytes, copied from o + 1 bytes back
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mini_redis {

/// The bytes compressed; nothing if that would take more than `most` bytes.
std::optional<std::string> lzf_compress(std::string_view bytes, std::size_t most);

/// What was compressed, which is known to be `size` bytes long; nothing if `bytes` are not that.
std::optional<std::string> lzf_decompress(std::string_view bytes, std::size_t size);

} // namespace mini_redis
