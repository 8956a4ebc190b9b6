// Client-side caching: which sessions track keys, and who wants to hear of which prefixes. Who has
// read which key is known to the shards (store/reader_table.hpp).
//
// What happens to a key that was read is sent at once. What is broadcast is gathered, until the
// worker that has made the first change has answered what it is at, and is then sent in one message
// for each prefix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/invalidation.hpp"
#include "server/io.hpp"
#include "store/reader_table.hpp"

namespace mini_redis {

class directory;
class session;

/// *Thread safety*: every function may be called from any thread, also with shards' locks held.
/// Sessions that it names must call end() before they die.
class tracker final : public change_listener {
public:
    explicit tracker(const directory& all) noexcept : directory_{&all} {}

    /// Where broadcasts are sent from if no worker's thread has made the change; to be set before
    /// anything tracks.
    void use(asio::io_context& io) noexcept { io_ = &io; }

    /// On the session's thread, as end(): its own tracking_state says how.
    void begin(session& one, std::span<const std::string_view> prefixes);
    void end(session& one) noexcept;

    std::size_t client_count() const;
    std::size_t prefix_count() const;

    // change_listener
    void tell_readers(std::string_view key, const reader_list& readers, reason why,
                      const change_log* by) noexcept override;
    void broadcast(std::string_view key, const change_log* by) noexcept override;
    void tell_flushed(const change_log* by) noexcept override;
    void drop_gone(reader_list& readers) const noexcept override;

private:
    struct prefix_listeners {
        std::vector<session*> sessions;
        std::map<std::string, std::uint64_t, std::less<>> changed; ///< and by which client
    };

    using prefix_table = std::map<std::string, prefix_listeners, std::less<>>;

    using receivers = std::vector<std::shared_ptr<session>>;

    static void add(receivers& to, session& one);
    static void send(const receivers& to, const std::shared_ptr<const invalidation>& message,
                     std::uint64_t own);
    asio::io_context& gathering_io() const noexcept;
    void send_broadcasts() noexcept;
    void disconnect_broadcasters() const noexcept;
    void forget_prefix(session& one, std::string_view prefix) noexcept;

    const directory* directory_;
    asio::io_context* io_ = nullptr;
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, session*> sessions_; // guarded by mutex_, as what follows
    prefix_table prefixes_;
    std::map<std::size_t, std::size_t> prefix_lengths_; // and how many prefixes have each
    std::set<std::string_view> changed_prefixes_;       // views of the keys of prefixes_
    std::size_t gathered_ = 0;                          // bytes of names
    bool scheduled_ = false;
};

} // namespace mini_redis
