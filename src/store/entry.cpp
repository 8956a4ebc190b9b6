#include "store/entry.hpp"

#include <cstdlib>
#include <new>

namespace mini_redis {
namespace {

// Blocks are asked for in the steps in which common allocators hand them out (16 bytes, 8 of them
// the allocator's own), so that two sizes in one step are known to fit the same block.
constexpr std::size_t block_for(std::size_t bytes) noexcept {
    return ((bytes + 8 + 15) & ~std::size_t{15}) - 8;
}

} // namespace

std::string_view to_string(value_type type) noexcept {
    switch (type) {
    case value_type::string: return "string";
    case value_type::list: return "list";
    case value_type::set: return "set";
    case value_type::zset: return "zset";
    case value_type::hash: return "hash";
    case value_type::stream: return "stream";
    }
    return "none";
}

entry* entry::allocate(std::string_view key, std::size_t value_bytes,
                       std::optional<std::int64_t> expire_at, unsigned flags) {
    const bool wide = key.size() >= wide_key;
    if (wide) flags |= wide_flag;
    if (expire_at) flags |= expiry_flag;
    const std::size_t size =
        sizeof(entry) + (wide ? 8 : 0) + (expire_at ? 8 : 0) + key.size() + value_bytes;
    void* memory = std::malloc(block_for(size));
    if (memory == nullptr) throw std::bad_alloc{};

    entry* made = new (memory) entry;
    made->flags_ = static_cast<std::uint8_t>(flags);
    made->key_size_ = wide ? wide_key : static_cast<std::uint16_t>(key.size());
    if (wide) {
        const std::uint64_t key_size = key.size();
        std::memcpy(made->bytes() + sizeof(entry), &key_size, sizeof key_size);
    }
    if (expire_at) made->set_expire_at(*expire_at);
    if (!key.empty()) std::memcpy(made->bytes() + made->key_offset(), key.data(), key.size());
    return made;
}

entry_ptr entry::make_string(std::string_view key, std::string_view value,
                             std::optional<std::int64_t> expire_at, string_encoding encoding) {
    if (value.size() <= inline_limit) {
        entry_ptr made{allocate(key, value.size(), expire_at, 0)};
        made->value_size_ = static_cast<std::uint16_t>(value.size());
        made->set_encoding(encoding);
        if (!value.empty()) std::memcpy(made->value_data(), value.data(), value.size());
        return made;
    }
    auto stored = std::make_unique<std::string>(value);
    entry_ptr made{allocate(key, sizeof(std::string*), expire_at, outside_flag)};
    std::string* pointer = stored.release();
    std::memcpy(made->value_data(), &pointer, sizeof pointer);
    made->set_encoding(encoding);
    return made;
}

bool entry::assign_in_place(std::string_view value) noexcept {
    if ((flags_ & outside_flag) != 0 || value.size() > inline_limit) return false;
    const std::size_t fixed = key_offset() + key_size();
    if (block_for(fixed + value.size()) != block_for(fixed + value_size_)) return false;
    // The value may come from this very entry (COPY onto itself, GETRANGE results): memmove.
    if (!value.empty()) std::memmove(value_data(), value.data(), value.size());
    value_size_ = static_cast<std::uint16_t>(value.size());
    set_encoding(string_encoding::automatic);
    return true;
}

entry_ptr entry::remake(entry& old, std::string_view key, std::optional<std::int64_t> expire_at) {
    const bool is_outside = (old.flags_ & outside_flag) != 0;
    const std::size_t value_bytes = is_outside ? sizeof(std::string*) : old.value_size_;
    entry_ptr made{allocate(key, value_bytes, expire_at, old.flags_ & (type_mask | encoding_mask))};
    if (value_bytes != 0) std::memcpy(made->value_data(), old.value_data(), value_bytes);
    made->value_size_ = old.value_size_;
    std::memcpy(made->access_, old.access_, sizeof access_);
    if (is_outside) { // what lives outside changes its owner
        made->flags_ |= outside_flag;
        old.flags_ &= static_cast<std::uint8_t>(~outside_flag);
    }
    old.value_size_ = 0;
    return made;
}

entry_ptr entry::clone(const entry& original, std::string_view key,
                       std::optional<std::int64_t> expire_at) {
    entry_ptr made = make_string(key, original.string(), expire_at, original.encoding());
    std::memcpy(made->access_, original.access_, sizeof access_);
    return made;
}

std::size_t entry::block_size() const noexcept {
    const std::size_t value_bytes =
        (flags_ & outside_flag) != 0 ? sizeof(std::string*) : value_size_;
    return block_for(key_offset() + key_size() + value_bytes);
}

std::size_t entry::memory() const noexcept {
    std::size_t total = block_size();
    if ((flags_ & outside_flag) != 0) total += sizeof(std::string) + outside()->capacity() + 1;
    return total;
}

void entry_deleter::operator()(entry* doomed) const noexcept {
    if ((doomed->flags_ & entry::outside_flag) != 0) delete doomed->outside();
    std::free(doomed);
}

} // namespace mini_redis
