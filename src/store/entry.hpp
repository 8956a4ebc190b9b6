// One key with its value, in one allocation wherever the value is small.
//
//   header (8 bytes) | key size (8, only if wide) | expiry (8, only if it has one) | key | value
//
// The value is the string's bytes, or a pointer to what lives outside. A header of 8 bytes makes a
// 16-byte key with a 32-byte value fill a 64-byte malloc block exactly, and an expiry costs only
// those keys that have one.
//
// Invariant: an entry never changes its address in place; what outgrows its block is made anew, and
// the caller puts the new pointer where the old one was.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mini_redis {

/// What TYPE tells.
enum class value_type : std::uint8_t { string, list, set, zset, hash, stream };

/// "string", "list" … as TYPE and SCAN … TYPE spell it.
std::string_view to_string(value_type type) noexcept;

/// Redis remembers whether a string was modified in place ("raw") or came whole; OBJECT ENCODING
/// shows it. `automatic` means int, embstr or raw by the look of the bytes.
enum class string_encoding : std::uint8_t { automatic, raw, not_integer };

class entry;

struct entry_deleter {
    void operator()(entry* doomed) const noexcept;
};

using entry_ptr = std::unique_ptr<entry, entry_deleter>;

/// *Thread safety*: none; the shard's mutex guards it.
class entry {
public:
    /// Strings up to this size live inside the entry's own block, longer ones outside.
    static constexpr std::size_t inline_limit = 1024;

    /// `expire_at` is Unix time in milliseconds.
    static entry_ptr make_string(std::string_view key, std::string_view value,
                                 std::optional<std::int64_t> expire_at,
                                 string_encoding encoding = string_encoding::automatic);

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

    /// The bytes of a string.
    std::string_view string() const noexcept {
        if ((flags_ & outside_flag) != 0) [[unlikely]]
            return *outside();
        return {value_data(), value_size_};
    }

    /// Overwrites the string where it stands; false if the block is of another size than it needs.
    bool assign_in_place(std::string_view value) noexcept;

    /// The string's growing storage if it lives outside, else null. Its size must stay above
    /// inline_limit.
    std::string* outside_string() noexcept {
        return (flags_ & outside_flag) != 0 ? outside() : nullptr;
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

    /// Bytes that its blocks take, as requested from the allocator.
    std::size_t memory() const noexcept;

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
            std::memcpy(&size, bytes() + sizeof(entry), sizeof size);
            return size;
        }
        return key_size_;
    }

    const char* bytes() const noexcept { return reinterpret_cast<const char*>(this); }

    char* bytes() noexcept { return reinterpret_cast<char*>(this); }

    std::size_t expiry_offset() const noexcept {
        return sizeof(entry) + ((flags_ & wide_flag) != 0 ? 8 : 0);
    }

    std::size_t key_offset() const noexcept { return expiry_offset() + (has_expiry() ? 8 : 0); }

    const char* expiry_data() const noexcept { return bytes() + expiry_offset(); }

    char* expiry_data() noexcept { return bytes() + expiry_offset(); }

    const char* key_data() const noexcept { return bytes() + key_offset(); }

    const char* value_data() const noexcept { return key_data() + key_size(); }

    char* value_data() noexcept { return bytes() + key_offset() + key_size(); }

    std::size_t block_size() const noexcept;

    std::string* outside() const noexcept {
        std::string* value;
        std::memcpy(&value, value_data(), sizeof value);
        return value;
    }

    std::uint8_t flags_ = 0;
    std::uint8_t access_[3] = {};
    std::uint16_t key_size_ = 0;
    std::uint16_t value_size_ = 0; // of a string inside; 0 otherwise
};

static_assert(sizeof(entry) == 8);

} // namespace mini_redis
