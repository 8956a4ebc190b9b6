// Which clients have read which keys of one shard and want to hear when they change (client-side
// caching).
//
// Keys are known here by their names alone, whatever database they were read in, as in Redis: who
// caches "a" is told of each "a". What a client has read is told once, and forgotten with that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/counted_memory.hpp"

namespace mini_redis {

struct change_log;

/// The numbers of clients, in ascending order.
using reader_list = std::vector<std::uint64_t, counted_allocator<std::uint64_t>>;

/// *Thread safety*: the shard's mutex guards it.
class reader_table {
public:
    /// What an addition has brought: a key that nobody had read, a reader that it had not, or one
    /// more of each.
    struct growth {
        bool key = false;
        bool reader = false;
    };

    growth add(std::string_view key, std::uint64_t reader);

    /// Takes the key out with its readers; none if nobody has read it.
    reader_list take(std::string_view key) noexcept;

    /// The readers of a key that has so many that it is worth finding out who of them is gone, or
    /// null: true for one addition of many, so that the search costs each of them little.
    reader_list* crowded(std::string_view key) noexcept;

    /// Some key, chosen by a random number. There must be one.
    std::string_view some_key(std::uint64_t random) const noexcept;

    std::size_t size() const noexcept { return readers_.size(); }

    bool empty() const noexcept { return readers_.empty(); }

private:
    struct name_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::unordered_map<counted_string, reader_list, name_hash, std::equal_to<>,
                       counted_allocator<std::pair<const counted_string, reader_list>>>
        readers_;
};

/// Who tells clients of changes: the server.
///
/// *Thread safety*: called from any thread, with shards' locks held. Nothing may fail: who cannot
/// be told has to be disconnected, as he would go on to use what he knows.
class change_listener {
public:
    virtual ~change_listener() = default;

    change_listener(const change_listener&) = delete;
    change_listener& operator=(const change_listener&) = delete;

    enum class reason : std::uint8_t {
        changed,
        forgotten, ///< there are too many keys: nobody knows any more who has read this one
    };

    /// The key, which these clients have read. `by` tells who has changed it, and may be null.
    virtual void tell_readers(std::string_view key, const reader_list& readers, reason why,
                              const change_log* by) noexcept = 0;

    /// A key that has changed, whoever has read it; while the store counts a broadcaster.
    virtual void broadcast(std::string_view key, const change_log* by) noexcept = 0;

    /// All keys of a database or of all are gone.
    virtual void tell_flushed(const change_log* by) noexcept = 0;

    /// Drops the clients that are not there any more.
    virtual void drop_gone(reader_list& readers) const noexcept = 0;

protected:
    change_listener() = default;
};

} // namespace mini_redis
