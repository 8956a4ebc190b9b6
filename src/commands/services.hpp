// What commands ask of the server around them. The server implements it; a test can fake it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/client_state.hpp"
#include "scripting/script_host.hpp"

namespace mini_redis {

class function_store;
class running_scripts;
class script_store;
struct diagnostics;
class latency_counts;
struct change_log;
class settings;

enum class subscription_kind : std::uint8_t { channel, pattern, shard_channel };

/// One connection as CLIENT LIST shows it.
struct client_info {
    std::uint64_t id = 0;
    std::string address;       ///< "ip:port" of the peer
    std::string local_address; ///< "ip:port" that it connected to
    int descriptor = -1;
    std::string name;
    std::string library_name;
    std::string library_version;
    std::int64_t age_seconds = 0;
    std::int64_t idle_seconds = 0;
    std::size_t database = 0;
    std::size_t channels = 0;
    std::size_t patterns = 0;
    std::size_t shard_channels = 0;
    std::int64_t queued = -1; ///< requests since MULTI; -1: not in a transaction
    bool blocked = false;
    std::size_t queued_memory = 0; ///< what the requests since MULTI occupy
    bool is_local = false;         ///< it came by the Unix socket
    std::size_t input_bytes = 0;   ///< read and not yet executed
    std::size_t input_memory = 0;  ///< the buffer that holds them
    std::size_t output_bytes = 0;  ///< replies not yet sent
    std::size_t output_memory = 0; ///< the buffer that holds them
    std::size_t memory = 0;        ///< all that is known, with these
    std::string last_command;      ///< "get", "config|get"; "NULL" before the first
    int protocol = 2;
    bool no_evict = false;
    bool no_touch = false;
    bool close_after_reply = false;
    bool monitoring = false;
    bool tracking = false;
    bool broadcast = false;       ///< it tracks with BCAST
    bool broken_redirect = false; ///< what it should be told of went to nobody
    std::int64_t redirect = -1;   ///< the client that is told; 0: itself, -1: nobody
};

/// Figures about one command.
struct command_statistics {
    std::uint64_t calls = 0;
    std::uint64_t rejected = 0;
    std::uint64_t failed = 0;
    std::uint64_t ticks = 0; ///< of tick_clock
};

/// Figures for INFO, summed over the workers at one moment.
struct server_statistics {
    std::int64_t start_unix_ms = 0;
    int port = 0;
    std::size_t worker_threads = 0;
    std::uint64_t connections_received = 0;
    std::uint64_t connections_rejected = 0;
    std::size_t connected_clients = 0;
    std::size_t pubsub_clients = 0;
    std::size_t tracking_clients = 0;
    std::size_t tracking_prefixes = 0;
    std::uint64_t commands_processed = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t keyspace_hits = 0;
    std::uint64_t keyspace_misses = 0;
    std::uint64_t error_replies = 0;
    std::uint64_t changes = 0; ///< of keys since the start
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t other_threads_reads = 0; ///< by all workers but the first
    std::uint64_t other_threads_writes = 0;
    double commands_per_second = 0; ///< of late
    double bytes_in_per_second = 0;
    double bytes_out_per_second = 0;
    std::size_t largest_input = 0; ///< what waits in the buffer of one client, at most
    std::size_t largest_output = 0;
    std::size_t client_memory = 0;
    std::size_t clients_with_deadline = 0; ///< of those that are blocked
    std::uint64_t memory_at_start = 0;
    std::uint64_t memory_used = 0;
    std::uint64_t memory_peak = 0; ///< the most that it has used
    std::uint64_t evicted_keys = 0;
    std::int64_t eviction_exceeded_ms = 0; ///< how long it has used more than maxmemory
    std::int64_t eviction_now_exceeded_ms = 0;
    std::uint64_t freed_in_background = 0;
    std::uint64_t expiry_us = 0; ///< spent on reclaiming expired keys
    std::uint64_t expiry_rounds_cut = 0;
    std::int64_t first_thread_system_us = 0; ///< CPU time of the first worker
    std::int64_t first_thread_user_us = 0;
    std::vector<command_statistics> commands = {}; ///< by the registry's numbers
};

/// Which connections CLIENT KILL means; what is not set matches all.
struct client_filter {
    std::optional<std::uint64_t> id;
    std::optional<std::string> address;
    std::optional<std::string> local_address;
    std::optional<std::string> type; ///< "normal", "pubsub", "master", "replica"
    std::optional<std::string> user;
    std::optional<std::int64_t> max_age_seconds;
    std::optional<std::uint64_t> except_id; ///< SKIPME
};

/// *Thread safety*: every function may be called from any worker thread, for the client whose
/// command is being executed there.
class services {
public:
    virtual ~services() = default;

    // Publish and subscribe. The client's own sets of names (client_state) are the caller's to
    // keep.
    virtual void subscribe(client_state& client, subscription_kind kind, std::string_view name) = 0;
    virtual void unsubscribe(client_state& client, subscription_kind kind,
                             std::string_view name) = 0;
    /// Hands the message to every subscriber, and returns to how many. A message for `publisher`
    /// itself, which may be null, is there before the reply that the command goes on to write.
    virtual std::size_t publish(client_state* publisher, std::string_view channel,
                                std::string_view payload) = 0;
    /// As publish(), to the subscribers of a shard channel alone (SPUBLISH).
    virtual std::size_t publish_to_shard(client_state* publisher, std::string_view channel,
                                         std::string_view payload) = 0;
    /// The channels (or shard channels) with subscribers that match the glob; empty: all.
    virtual std::vector<std::string> active_channels(subscription_kind kind,
                                                     std::optional<std::string_view> pattern) = 0;
    virtual std::size_t subscriber_count(subscription_kind kind, std::string_view channel) = 0;
    /// How many different patterns are subscribed to.
    virtual std::size_t pattern_count() = 0;

    // MONITOR: the client is fed a line for each command, in the order in which they are executed.
    virtual void begin_monitoring(client_state& client) = 0;
    virtual void end_monitoring(client_state& client) = 0;
    /// `origin` is the client whose command it is: if it monitors too, it is told at once.
    virtual void feed_monitors(client_state& origin, const std::string& line) = 0;

    /// What wakes the client, from any thread, when it has been served after it was blocked.
    virtual std::function<void()> waker(client_state& client) = 0;
    /// The client waits now (client_state::parked): called with the locks still held under which it
    /// found nothing, so that whoever ends the wait or the connection from now on finds it waiting.
    virtual void begin_wait(client_state& client) noexcept = 0;

    // Client-side caching. The client's own tracking_state is the caller's to keep, before.
    /// The client is told of what has been read in its name or, if it broadcasts, of the changes of
    /// all keys with these prefixes too.
    virtual void begin_tracking(client_state& client,
                                std::span<const std::string_view> prefixes) = 0;
    virtual void end_tracking(client_state& client) noexcept = 0;

    // Connections.
    virtual bool has_client(std::uint64_t id) = 0;
    virtual std::vector<client_info> clients() = 0;
    virtual client_info describe(const client_state& client) = 0;
    /// Publishes what of the client's state others see, before they are told of it; after changing
    /// its name or library it has to be called.
    virtual void refresh(const client_state& client) = 0;
    /// Closes the connections that match; the calling one after its reply. Returns how many.
    virtual std::size_t kill(client_state& caller, const client_filter& which) = 0;

    /// Ends the wait of a blocked client, as if its time were over or with an error (CLIENT
    /// UNBLOCK); false if there is none with that number.
    virtual bool unblock(std::uint64_t id, bool with_error) = 0;
    virtual std::size_t blocked_clients() = 0;
    /// Lets clients that a pause holds up try again.
    virtual void resume_clients() = 0;

    // The server itself.
    virtual settings& configuration() = 0;
    /// The scripts that it knows.
    virtual script_store& scripts() = 0;
    /// The libraries of functions that it has.
    virtual function_store& functions() = 0;
    /// Those that run now.
    virtual running_scripts& running() = 0;
    /// Serves what has come meanwhile for the other clients of the calling thread, in the middle of
    /// this one's command.
    virtual void serve_others(client_state& busy) noexcept = 0;
    /// Does what takes locks for the client, whose thread calls it: now, or as soon as no script
    /// holds them.
    virtual void when_unlocked(client_state& client, std::function<void()> action) = 0;
    /// What the client has been told in the midst of its command stands before the reply.
    virtual void put_notices_first(client_state& client) = 0;
    /// What a script has to say (redis.log).
    virtual void log(script_log_level level, std::string_view text) noexcept = 0;
    virtual server_statistics statistics() = 0;
    virtual diagnostics& notes() = 0;
    /// How long the calls of a command took, by the registry's number.
    virtual latency_counts latencies(std::size_t number) = 0;
    /// "ip:port" of the client's peer.
    virtual std::string address_of(const client_state& client) = 0;
    virtual void reset_statistics() = 0;
    /// Takes keys out, for a while, because more memory is used than may be. False: that is so, and
    /// there is no key that could go. Notes in `log` the keys whose loss somebody wants to be told
    /// of. To be called without locks.
    virtual bool make_room(change_log& log) = 0;
    /// Expired keys are reclaimed in the background, or not (DEBUG SET-ACTIVE-EXPIRE).
    virtual void set_active_expiry(bool on) = 0;
    /// Begins an orderly shutdown (SHUTDOWN).
    virtual void shut_down() = 0;
};

} // namespace mini_redis
