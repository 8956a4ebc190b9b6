#include "store/lzf.hpp"

namespace mini_redis {

std::optional<std::string> lzf_decompress(std::string_view bytes, std::size_t size) {
    std::string out;
    std::size_t at = 0;
    const auto next = [&] { return static_cast<unsigned char>(bytes[at++]); };
    while (at < bytes.size()) {
        const unsigned control = next();
        std::size_t length = control >> 5;
        if (length == 0) {
            length = control + 1;
            if (length > bytes.size() - at || length > size - out.size()) return std::nullopt;
            out.append(bytes, at, length);
            at += length;
            continue;
        }
        if (bytes.size() - at < (length == 7 ? 2u : 1u)) return std::nullopt;
        if (length == 7) length += next();
        length += 2;
        const std::size_t distance = ((control & 0x1f) << 8 | next()) + 1;
        if (distance > out.size() || length > size - out.size()) return std::nullopt;
        // What is copied may reach into what the copying writes.
        for (std::size_t from = out.size() - distance; length > 0; --length)
            out.push_back(out[from++]);
    }
    if (out.size() != size) return std::nullopt;
    return out;
}

} // namespace mini_redis
