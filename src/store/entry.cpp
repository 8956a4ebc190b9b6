#include "store/entry.hpp"

#include <cstdlib>
#include <new>
#include <utility>

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
    entry* made = new (counted::allocate(block_for(size))) entry;
    made->flags_ = static_cast<std::uint8_t>(flags);
    made->key_size_ = wide ? wide_key : static_cast<std::uint16_t>(key.size());
    if (wide) {
        const std::uint64_t key_size = key.size();
        std::memcpy(made->block() + sizeof(entry), &key_size, sizeof key_size);
    }
    if (expire_at) made->set_expire_at(*expire_at);
    if (!key.empty()) std::memcpy(made->block() + made->key_offset(), key.data(), key.size());
    return made;
}

template <class Value>
entry_ptr entry::make_outside(std::string_view key, std::unique_ptr<Value> value,
                              std::optional<std::int64_t> expire_at, unsigned flags) {
    entry_ptr made{allocate(key, sizeof(Value*), expire_at, flags | outside_flag)};
    Value* const pointer = value.release();
    std::memcpy(made->value_data(), &pointer, sizeof pointer);
    return made;
}

entry_ptr entry::make(std::string_view key, std::string_view bytes,
                      std::optional<std::int64_t> expire_at, unsigned flags) {
    if (bytes.size() > inline_limit)
        return make_outside(key, std::make_unique<counted_string>(bytes), expire_at, flags);
    entry_ptr made{allocate(key, bytes.size(), expire_at, flags)};
    made->value_size_ = static_cast<std::uint16_t>(bytes.size());
    if (!bytes.empty()) std::memcpy(made->value_data(), bytes.data(), bytes.size());
    return made;
}

entry_ptr entry::make_string(std::string_view key, std::string_view value,
                             std::optional<std::int64_t> expire_at, string_encoding encoding) {
    return make(key, value, expire_at, static_cast<unsigned>(encoding) << encoding_shift);
}

entry_ptr entry::adopt_string(std::string_view key, std::unique_ptr<counted_string> value,
                              std::optional<std::int64_t> expire_at, string_encoding encoding) {
    if (value->size() <= inline_limit) return make_string(key, *value, expire_at, encoding);
    return make_outside(key, std::move(value), expire_at,
                        static_cast<unsigned>(encoding) << encoding_shift);
}

entry_ptr entry::make_compact(value_type type, collection_encoding encoding, std::string_view key,
                              std::string_view bytes, std::optional<std::int64_t> expire_at) {
    return make(key, bytes, expire_at,
                static_cast<unsigned>(type) | static_cast<unsigned>(encoding) << encoding_shift);
}

entry_ptr entry::make_object(value_type type, std::string_view key,
                             std::unique_ptr<collection> object,
                             std::optional<std::int64_t> expire_at) {
    constexpr auto encoding = static_cast<unsigned>(collection_encoding::object) << encoding_shift;
    return make_outside(key, std::move(object), expire_at, static_cast<unsigned>(type) | encoding);
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

bool entry::splice_in_place(std::size_t at, std::size_t erased, std::string_view inserted) {
    if ((flags_ & outside_flag) != 0) {
        outside<counted_string>()->replace(at, erased, inserted);
        return true;
    }
    const std::size_t size = value_size_ - erased + inserted.size();
    if (size > inline_limit) return false;
    const std::size_t fixed = key_offset() + key_size();
    if (block_for(fixed + size) != block_for(fixed + value_size_)) return false;
    splice_inside(at, erased, inserted);
    return true;
}

void entry::splice_inside(std::size_t at, std::size_t erased, std::string_view inserted) noexcept {
    char* const place = value_data() + at;
    std::memmove(place + inserted.size(), place + erased, value_size_ - at - erased);
    if (!inserted.empty()) std::memcpy(place, inserted.data(), inserted.size());
    value_size_ = static_cast<std::uint16_t>(value_size_ - erased + inserted.size());
}

void entry::shrink_in_place(std::size_t at, std::size_t erased,
                            std::string_view inserted) noexcept {
    if ((flags_ & outside_flag) != 0)
        outside<counted_string>()->replace(at, erased, inserted);
    else
        splice_inside(at, erased, inserted);
}

entry_ptr entry::splice(const entry& old, std::size_t at, std::size_t erased,
                        std::string_view inserted) {
    const std::string_view bytes = old.bytes();
    const std::string_view head = bytes.substr(0, at);
    const std::string_view tail = bytes.substr(at + erased);
    const std::size_t size = head.size() + inserted.size() + tail.size();
    const unsigned flags = old.flags_ & (type_mask | encoding_mask);
    entry_ptr made;
    if (size > inline_limit) {
        auto whole = std::make_unique<counted_string>();
        whole->reserve(size + size / 2); // it is growing
        whole->append(head).append(inserted).append(tail);
        made = make_outside(old.key(), std::move(whole), old.expiry(), flags);
    } else {
        made.reset(allocate(old.key(), size, old.expiry(), flags));
        char* out = made->value_data();
        for (const std::string_view part : {head, inserted, tail}) {
            if (!part.empty()) std::memcpy(out, part.data(), part.size());
            out += part.size();
        }
        made->value_size_ = static_cast<std::uint16_t>(size);
    }
    std::memcpy(made->access_, old.access_, sizeof access_);
    return made;
}

entry_ptr entry::remake(entry& old, std::string_view key, std::optional<std::int64_t> expire_at) {
    const bool is_outside = (old.flags_ & outside_flag) != 0;
    const std::size_t value_bytes = is_outside ? sizeof(void*) : old.value_size_;
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
    entry_ptr made =
        original.is_object()
            ? make_object(original.type(), key, original.object<collection>().clone(), expire_at)
            : make(key, original.bytes(), expire_at, original.flags_ & (type_mask | encoding_mask));
    std::memcpy(made->access_, original.access_, sizeof access_);
    return made;
}

std::size_t entry::block_size() const noexcept {
    const std::size_t value_bytes = (flags_ & outside_flag) != 0 ? sizeof(void*) : value_size_;
    return block_for(key_offset() + key_size() + value_bytes);
}

std::size_t entry::memory() const noexcept {
    if ((flags_ & outside_flag) == 0) return block_size();
    if (is_object()) return block_size() + outside<collection>()->memory();
    return block_size() + sizeof(counted_string) + outside<counted_string>()->capacity() + 1;
}

bool entry::is_slow_to_free() const noexcept {
    // Less than that is freed faster than it is handed over.
    constexpr std::size_t many_bytes = 64 * 1024;
    constexpr std::size_t many_elements = 256;
    if ((flags_ & outside_flag) == 0) [[likely]]
        return false;
    if (is_object()) return outside<collection>()->size() >= many_elements;
    return outside<counted_string>()->capacity() >= many_bytes;
}

void entry_deleter::operator()(entry* doomed) const noexcept {
    if ((doomed->flags_ & entry::outside_flag) != 0) {
        if (doomed->is_object())
            delete doomed->outside<collection>();
        else
            delete doomed->outside<counted_string>();
    }
    counted::release(doomed);
}

} // namespace mini_redis
