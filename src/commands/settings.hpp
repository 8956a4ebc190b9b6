// What CONFIG GET and CONFIG SET reach: one table of named settings, typed and checked.
//
// The table is in settings_table.cpp. It has the settings that mini-redis honours, and those that
// clients ask for although mini-redis knows only one answer (there is no persistence, no cluster
// …): these show that answer and refuse any other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/compact_limits.hpp"

namespace mini_redis {

/// How many bytes a client may leave unread, of one class of client-output-buffer-limit: never more
/// than `hard`, and not for longer than so many seconds more than `soft`. 0 is no limit.
struct output_limit {
    std::atomic<std::int64_t> hard;
    std::atomic<std::int64_t> soft;
    std::atomic<std::int64_t> soft_seconds;
};

/// The server's settings by Redis's names.
///
/// *Thread safety*: every function may be called from any thread; the atomics are what sessions
/// read all the time.
class settings {
public:
    settings();

    using name_and_value = std::pair<std::string, std::string>;

    /// Settings whose name matches the glob in any case, with their values as CONFIG GET shows
    /// them. What is asked for by its plain name is called as it was asked for.
    std::vector<name_and_value> get(std::string_view glob) const;

    /// Sets all of them or none. Returns what is wrong, as CONFIG SET's error text, or nothing.
    std::optional<std::string>
    set(std::span<const std::pair<std::string_view, std::string_view>> values);

    /// Sets what CONFIG SET must not (port, bind …), at start. The name must exist and the value
    /// be right, otherwise std::invalid_argument.
    void initialize(std::string_view name, std::string_view value);

    /// Sets what a line of a configuration file says: a name and its values. Returns what is wrong,
    /// as Redis says it of such a line, or nothing.
    std::optional<std::string> configure(std::span<const std::string> words);

    /// As CONFIG GET shows it; the name must exist.
    std::string value_of(std::string_view name) const;

    /// The name that a setting is written by: of one that has an older name, too, the newer one.
    /// Empty if there is no such setting.
    static std::string_view written_name(std::string_view name) noexcept;

    /// A setting as it stands in a configuration file.
    struct lines {
        std::string_view name;
        std::vector<std::string> values; ///< of a line each
        bool is_wanted;                  ///< somebody has set it, and not to its default
    };

    /// All that a file may have. Of those that have two names only the newer one.
    std::vector<lines> as_lines() const;

    /// The file that CONFIG REWRITE writes to; empty: there is none. To be set before any other
    /// thread uses the settings.
    std::string file;

    /// What docs/configuration.md says of each.
    struct description {
        std::string_view name;
        std::string initial;
        std::string values;
        std::string_view changes; ///< when it can be changed
        std::string_view summary;
    };

    static std::vector<description> descriptions();

    /// Calls `changed` with the new value each time that CONFIG SET has set this one. To be called
    /// before any other thread uses the settings.
    void observe(std::string_view name, std::function<void(const std::string&)> changed);

    /// Asks `obstacle` each time that CONFIG SET has given this one another value: what it returns
    /// is what is wrong, and then all is as before. To be called before any other thread uses the
    /// settings.
    void decide(std::string_view name, std::function<std::optional<std::string>()> obstacle);

    /// Lets the settings of small collections be kept there, where the store reads them. To be
    /// called before any other thread uses the settings.
    void govern(compact_limits& limits) noexcept { limits_ = &limits; }

    /// Empty: no password is wanted.
    std::string password() const;

    std::atomic<std::int64_t> max_clients{10'000};
    std::atomic<std::int64_t> idle_timeout_seconds{0}; ///< `timeout`; 0: never
    std::atomic<std::int64_t> max_bulk_bytes{512LL * 1024 * 1024};
    std::atomic<std::int64_t> query_buffer_limit{1024LL * 1024 * 1024};
    std::atomic<std::int64_t> tcp_keepalive_seconds{300};
    /// After so many milliseconds of a script the others are told that the server is busy.
    std::atomic<std::int64_t> busy_reply_threshold{5000};
    std::atomic<std::int64_t> tracked_keys{1'000'000}; ///< tracking-table-max-keys; 0: no limit
    std::atomic<std::int64_t> max_memory{0};           ///< bytes; 0: no limit
    std::atomic<std::int64_t> eviction_samples{5};
    std::atomic<std::int64_t> lfu_log_factor{10};
    std::atomic<std::int64_t> lfu_decay_minutes{1};
    /// How long a request may be held up by making room: 10 are half a millisecond, 100 no limit.
    std::atomic<std::int64_t> eviction_tenacity{10};
    std::atomic<std::int64_t> hz{10}; ///< how often a second the background work is done
    output_limit normal_output{0, 0, 0};
    output_limit subscriber_output{32LL * 1024 * 1024, 8LL * 1024 * 1024, 60};
    std::atomic<std::int64_t> list_compress_depth{
        0};                                      ///< kept for CONFIG GET: lists are not compressed
    std::atomic<std::int64_t> protected_mode{0}; ///< 1: without a password, for this machine only
    std::atomic<std::int64_t> slowlog_slower_than_us{10'000}; ///< less than 0: nothing is noted
    std::atomic<std::int64_t> slowlog_max_length{128};
    std::atomic<std::int64_t> latency_threshold_ms{0}; ///< 0: nothing is noted
    std::atomic<std::int64_t> latency_tracking{1}; ///< 1: calls are counted by how long they took
    /// notify-keyspace-events as bits of event_class; 0 if nothing is to be published.
    std::atomic<std::uint32_t> keyspace_events{0};

private:
    struct row;
    struct change;

    static const std::span<const row> rows;

    static std::span<const row> kept_rows() noexcept;
    static std::span<const row> process_rows() noexcept;

    static const row* find(std::string_view name) noexcept;
    static std::size_t index_of(const row& setting) noexcept;
    std::string line_of(const row& setting) const;
    std::string text_of(const row& setting) const;
    std::optional<std::string> parse(const row& setting, std::string_view value,
                                     change& parsed) const;
    output_limit& limit_of(std::size_t client_class) noexcept;
    const output_limit& limit_of(std::size_t client_class) const noexcept;
    std::optional<std::string> parse_limits(std::string_view value, change& parsed) const;
    void apply(const change& parsed);
    std::optional<std::string> obstacle_to(const change& parsed, const std::string& before);

    std::atomic<std::int64_t>* number_of(const row& setting) noexcept;
    const std::atomic<std::int64_t>* number_of(const row& setting) const noexcept;

    compact_limits own_limits_; // of settings that govern no store
    compact_limits* limits_ = &own_limits_;
    mutable std::mutex mutex_;
    std::vector<std::string> texts_; // guarded by mutex_; by row
    std::vector<bool> was_set_;      // guarded by mutex_; by row: by a user
    // Kept for CONFIG GET: there are no replicas.
    output_limit replica_output_{256LL * 1024 * 1024, 64LL * 1024 * 1024, 60};
    std::map<std::string, std::function<void(const std::string&)>, std::less<>> observers_;
    std::map<std::string, std::function<std::optional<std::string>()>, std::less<>> deciders_;
};

} // namespace mini_redis
