// One key with its value, in one allocation wherever the value is small.
//
//   header (8 bytes) | key size (8, only if wide) | expiry (8, only if it has one) | key | value
//
// The value is bytes - a string's, or those of a small collection (store/packed.hpp,
// store/integer_set.hpp) - or a pointer to what lives outside: larger bytes, or a collection that
// is an object. A header of 8 bytes makes a 16-byte key with a 32-byte value fill a 64-byte malloc
// block exactly, and an expiry costs only those keys that have one.
//
// Invariant: an entry never changes its address in place; what outgrows its block is made anew, and
// the caller puts the new pointer where the old one was.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/counted_memory.hpp"

namespace mini_redis {

/// What TYPE tells.
enum class value_type : std::uint8_t { string, list, set, zset, hash, stream };

/// "string", "list" … as TYPE and SCAN … TYPE spell it.
std::string_view to_string(value_type type) noexcept;

/// Redis remembers whether a string was modified in place ("raw") or came whole; OBJECT ENCODING
/// shows it. `automatic` means int, embstr or raw by the look of the bytes.
enum class string_encoding : std::uint8_t { automatic, raw, not_integer };

/// How a list, set, sorted set or hash is kept.
enum class collection_encoding : std::uint8_t {
    packed,   ///< few small elements, one after the other in one block: store/packed.hpp
    integers, ///< a set of few integers in one block: store/integer_set.hpp
    object,   ///< many: an object of its own, see `collection`
};

/// A list, set, sorted set or hash that has outgrown a compact block.
class collection : public counted_new {
public:
    virtual ~collection() = default;

    /// How many elements, members or fields it has.
    virtual std::size_t size() const noexcept = 0;
    /// About how many bytes it takes, told from a few of its elements.
    virtual std::size_t memory() const noexcept = 0;
    virtual std::unique_ptr<collection> clone() const = 0;

protected:
    collection() = default;
    collection(const collection&) = default;
    collection& operator=(const collection&) = default;
};

class entry;

struct entry_deleter {
    void operator()(entry* doomed) const noexcept;
};

using entry_ptr = std::unique_ptr<entry, entry_deleter>;

/// *Thread safety*: none; the shard's mutex guards it.
class entry {
public:
    /// Bytes up to this size live inside the entry's own block, more of them outside.
    static constexpr std::size_t inline_limit = 1024;

    /// `expire_at` is Unix time in milliseconds.
    static entry_ptr make_string(std::string_view key, std::string_view value,
                                 std::optional<std::int64_t> expire_at,
                                 string_encoding encoding = string_encoding::automatic);

    /// As make_string(), without copying a large value.
    static entry_ptr adopt_string(std::string_view key, std::unique_ptr<counted_string> value,
                                  std::optional<std::int64_t> expire_at, string_encoding encoding);

    /// A collection in a compact block.
    static entry_ptr make_compact(value_type type, collection_encoding encoding,
                                  std::string_view key, std::string_view bytes,
                                  std::optional<std::int64_t> expire_at);

    /// A collection that is an object.
    static entry_ptr make_object(value_type type, std::string_view key,
                                 std::unique_ptr<collection> object,
                                 std::optional<std::int64_t> expire_at);

    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;

    value_type type() const noexcept { return static_cast<value_type>(flags_ & type_mask); }

    std::string_view key() const noexcept { return {key_data(), key_size()}; }

    bool has_expiry() const noexcept { return (flags_ & expiry_flag) != 0; }

    /// Unix milliseconds; only if has_expiry().
    std::int64_t expire_at() const noexcept {
        std::int64_t at;
        std::memcpy(&at, expiry_data(), sizeof at);
        return at;
    }

    std::optional<std::int64_t> expiry() const noexcept {
        return has_expiry() ? std::optional{expire_at()} : std::nullopt;
    }

    /// Changes the time of an entry that has one already.
    void set_expire_at(std::int64_t at) noexcept { std::memcpy(expiry_data(), &at, sizeof at); }

    string_encoding encoding() const noexcept {
        return static_cast<string_encoding>((flags_ & encoding_mask) >> encoding_shift);
    }

    void set_encoding(string_encoding encoding) noexcept {
        flags_ = static_cast<std::uint8_t>((flags_ & ~encoding_mask) |
                                           (static_cast<unsigned>(encoding) << encoding_shift));
    }

    /// How a value that is not a string is kept.
    collection_encoding kept_as() const noexcept {
        return static_cast<collection_encoding>((flags_ & encoding_mask) >> encoding_shift);
    }

    bool is_object() const noexcept {
        return type() != value_type::string && kept_as() == collection_encoding::object;
    }

    /// The bytes of a string.
    std::string_view string() const noexcept {
        if ((flags_ & outside_flag) != 0) [[unlikely]]
            return *outside<counted_string>();
        return {value_data(), value_size_};
    }

    /// The bytes of a string or of a compact collection.
    std::string_view bytes() const noexcept { return string(); }

    /// The same, to change them where they stand. Their number stays.
    std::span<char> mutable_bytes() noexcept {
        if ((flags_ & outside_flag) != 0) return *outside<counted_string>();
        return {value_data(), value_size_};
    }

    /// A collection that is an object.
    template <class Collection>
    Collection& object() const noexcept {
        return static_cast<Collection&>(*outside<collection>());
    }

    /// Puts `inserted` in the place of `erased` bytes at `at`; false if the block is of another
    /// size than that needs. What is inserted must not be bytes of this entry.
    bool splice_in_place(std::size_t at, std::size_t erased, std::string_view inserted);

    /// As splice_in_place(), whatever the size of the block, where no more is inserted than erased.
    void shrink_in_place(std::size_t at, std::size_t erased, std::string_view inserted) noexcept;

    /// A new entry of the same key and expiry, whose bytes are those of `old` with `inserted` in
    /// the place of `erased` bytes at `at`.
    static entry_ptr splice(const entry& old, std::size_t at, std::size_t erased,
                            std::string_view inserted);

    /// Overwrites the string where it stands; false if the block is of another size than it needs.
    bool assign_in_place(std::string_view value) noexcept;

    /// The string's growing storage if it lives outside, else null. Its size must stay above
    /// inline_limit.
    counted_string* outside_string() noexcept {
        return (flags_ & outside_flag) != 0 ? outside<counted_string>() : nullptr;
    }

    /// The same value under another key or with another expiry. The value moves over: `old` is left
    /// with an empty string.
    static entry_ptr remake(entry& old, std::string_view key,
                            std::optional<std::int64_t> expire_at);

    /// A copy of the value under another key (COPY).
    static entry_ptr clone(const entry& original, std::string_view key,
                           std::optional<std::int64_t> expire_at);

    /// Seconds, modulo 2^24, of the last access.
    std::uint32_t last_access() const noexcept {
        return access_[0] | (access_[1] << 8) | (static_cast<std::uint32_t>(access_[2]) << 16);
    }

    void touch(std::uint32_t seconds) noexcept {
        // Written only when it differs, so that reading does not dirty the cache line each time.
        if (last_access() == (seconds & 0xffffff)) return;
        access_[0] = static_cast<std::uint8_t>(seconds);
        access_[1] = static_cast<std::uint8_t>(seconds >> 8);
        access_[2] = static_cast<std::uint8_t>(seconds >> 16);
    }

    /// Bytes that its blocks take, as requested from the allocator; of an object, about.
    std::size_t memory() const noexcept;

    /// Whether freeing it takes so long that it should be done elsewhere.
    bool is_slow_to_free() const noexcept;

private:
    friend struct entry_deleter;

    static constexpr unsigned type_mask = 0x07;
    static constexpr unsigned encoding_shift = 3;
    static constexpr unsigned encoding_mask = 0x18;
    static constexpr unsigned expiry_flag = 0x20;
    static constexpr unsigned outside_flag = 0x40;
    static constexpr unsigned wide_flag = 0x80;
    static constexpr std::uint16_t wide_key = 0xffff;

    entry() = default;

    static entry* allocate(std::string_view key, std::size_t value_bytes,
                           std::optional<std::int64_t> expire_at, unsigned flags);

    std::size_t key_size() const noexcept {
        if ((flags_ & wide_flag) != 0) [[unlikely]] {
            std::uint64_t size;
            std::memcpy(&size, block() + sizeof(entry), sizeof size);
            return size;
        }
        return key_size_;
    }

    const char* block() const noexcept { return reinterpret_cast<const char*>(this); }

    char* block() noexcept { return reinterpret_cast<char*>(this); }

    std::size_t expiry_offset() const noexcept {
        return sizeof(entry) + ((flags_ & wide_flag) != 0 ? 8 : 0);
    }

    std::size_t key_offset() const noexcept { return expiry_offset() + (has_expiry() ? 8 : 0); }

    const char* expiry_data() const noexcept { return block() + expiry_offset(); }

    char* expiry_data() noexcept { return block() + expiry_offset(); }

    const char* key_data() const noexcept { return block() + key_offset(); }

    const char* value_data() const noexcept { return key_data() + key_size(); }

    char* value_data() noexcept { return block() + key_offset() + key_size(); }

    std::size_t block_size() const noexcept;
    void splice_inside(std::size_t at, std::size_t erased, std::string_view inserted) noexcept;

    template <class Value>
    Value* outside() const noexcept {
        Value* value;
        std::memcpy(&value, value_data(), sizeof value);
        return value;
    }

    template <class Value>
    static entry_ptr make_outside(std::string_view key, std::unique_ptr<Value> value,
                                  std::optional<std::int64_t> expire_at, unsigned flags);
    static entry_ptr make(std::string_view key, std::string_view bytes,
                          std::optional<std::int64_t> expire_at, unsigned flags);

    std::uint8_t flags_ = 0;
    std::uint8_t access_[3] = {};
    std::uint16_t key_size_ = 0;
    std::uint16_t value_size_ = 0; // of a string inside; 0 otherwise
};

static_assert(sizeof(entry) == 8);

} // namespace mini_redis
