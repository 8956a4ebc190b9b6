// The blocks in which Redis serializes small collections: listpacks, which it writes today, and
// ziplists, zipmaps and intsets, which it wrote once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// Makes a listpack.
class listpack_builder {
public:
    void append(std::string_view element);

    std::size_t count() const noexcept { return count_; }

    /// How long the listpack is so far.
    std::size_t size() const noexcept { return entries_.size() + 7; }

    /// The whole listpack; the builder is empty after it.
    std::string finish();

private:
    std::string entries_;
    std::size_t count_ = 0;
};

/// These append a block's elements, and return false if it is not such a block, whatever it is.
bool read_listpack(std::string_view block, std::vector<std::string>& elements);
bool read_ziplist(std::string_view block, std::vector<std::string>& elements);
bool read_zipmap(std::string_view block, std::vector<std::string>& elements);
bool read_intset(std::string_view block, std::vector<std::string>& elements);

} // namespace mini_redis
