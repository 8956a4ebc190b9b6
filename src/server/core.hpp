// What holds the server together: keyspace, settings, workers, listener, hub, directory. It is what
// commands see as `services`.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mini_redis/server.hpp>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "commands/diagnostics.hpp"
#include "commands/function_store.hpp"
#include "commands/latency_histogram.hpp"
#include "commands/running_scripts.hpp"
#include "commands/script_store.hpp"
#include "commands/services.hpp"
#include "commands/settings.hpp"
#include "server/directory.hpp"
#include "server/hub.hpp"
#include "server/io.hpp"
#include "server/listener.hpp"
#include "server/memory_limiter.hpp"
#include "server/purger.hpp"
#include "server/rate_meter.hpp"
#include "server/tracker.hpp"
#include "server/worker.hpp"

namespace mini_redis {

/// *Thread safety*: every function may be called from any thread.
class core final : public services {
public:
    explicit core(const server_options& options);
    ~core() override;

    core(const core&) = delete;
    core& operator=(const core&) = delete;

    void start();
    /// Begins the orderly end; once.
    void request_stop();
    /// Waits until all threads have ended.
    void wait();
    /// Calls `done` once the server has stopped, from one of its threads or at once.
    void when_stopped(std::function<void()> done);
    std::uint16_t port() const;

    keyspace& keys() noexcept { return keys_; }

    const clock& time() const noexcept { return keys_.time(); }

    directory& sessions() noexcept { return directory_; }

    bool password_required() const { return !settings_.password().empty(); }

    std::uint32_t uptime_seconds() const noexcept;
    std::string name_of(const command& row) const;
    void configure(tcp_socket& socket) const;

    /// Counts a client in, if there are less than `limit`; leave() counts it out.
    bool try_enter(std::size_t limit) noexcept;

    void leave() noexcept { connected_.fetch_sub(1, std::memory_order_relaxed); }

    worker& next_worker() noexcept;

    void forget(session& one);

    // services
    void begin_tracking(client_state& client, std::span<const std::string_view> prefixes) override;
    void end_tracking(client_state& client) noexcept override;

    bool has_client(std::uint64_t id) override { return directory_.find(id) != nullptr; }

    void subscribe(client_state& client, subscription_kind kind, std::string_view name) override;
    void unsubscribe(client_state& client, subscription_kind kind, std::string_view name) override;
    std::function<void()> waker(client_state& client) override;
    void begin_wait(client_state& client) noexcept override;
    std::size_t publish(client_state* publisher, std::string_view channel,
                        std::string_view payload) override;
    std::size_t publish_to_shard(client_state* publisher, std::string_view channel,
                                 std::string_view payload) override;
    std::vector<std::string> active_channels(subscription_kind kind,
                                             std::optional<std::string_view> pattern) override;
    std::size_t subscriber_count(subscription_kind kind, std::string_view channel) override;
    std::size_t pattern_count() override;
    std::vector<client_info> clients() override;
    client_info describe(const client_state& client) override;
    void refresh(const client_state& client) override;
    bool unblock(std::uint64_t id, bool with_error) override;

    std::size_t blocked_clients() override { return blocked_.load(std::memory_order_relaxed); }

    void resume_clients() override;
    void begin_monitoring(client_state& client) override;
    void end_monitoring(client_state& client) override;
    void feed_monitors(client_state& origin, const std::string& line) override;

    void count_blocked(bool begins, bool with_deadline) noexcept {
        const std::size_t change = begins ? std::size_t{1} : ~std::size_t{0};
        blocked_.fetch_add(change, std::memory_order_relaxed);
        if (with_deadline) blocked_with_deadline_.fetch_add(change, std::memory_order_relaxed);
    }

    std::size_t kill(client_state& caller, const client_filter& which) override;

    settings& configuration() override { return settings_; }

    script_store& scripts() override { return scripts_; }

    function_store& functions() override { return functions_; }

    running_scripts& running() override { return running_; }

    void serve_others(client_state& busy) noexcept override;
    void when_unlocked(client_state& client, std::function<void()> action) override;
    void put_notices_first(client_state& client) override;

    void log(script_log_level level, std::string_view text) noexcept override;

    server_statistics statistics() override;
    void reset_statistics() override;

    diagnostics& notes() override { return notes_; }

    latency_counts latencies(std::size_t number) override;
    std::string address_of(const client_state& client) override;

    void set_active_expiry(bool on) override { purger_.set_active(on); }

    bool make_room(change_log& log) override;

    void shut_down() override { request_stop(); }

private:
    void run_threads();
    void limit_stopping();
    std::optional<std::string> move_listener(std::string_view failure);
    void announce_loss(event_class kind, std::string_view event, std::size_t database,
                       std::string_view key);
    void note_latency(std::string_view event, std::int64_t ms);
    bool is_paused();
    void govern_memory();
    void follow_memory_settings();
    std::int64_t memory_besides_keys() const;
    void make_room_in_background();
    void watch_memory();
    void refresh_limit(bool in_any_case = false);
    void limit_read_keys();
    void worker_ended();
    server_statistics count_all();
    latency_counts all_latencies(std::size_t number) const;
    void add_clients_to(server_statistics& now) const;
    void note_rates();

    server_options options_;
    settings settings_;
    script_store scripts_;
    function_store functions_;
    running_scripts running_;
    keyspace keys_;
    std::size_t keys_at_start_; ///< bytes of the store without keys
    std::int64_t started_unix_ms_;
    std::chrono::steady_clock::time_point started_;
    hub hub_;
    directory directory_;
    tracker tracker_{directory_};
    std::atomic<std::size_t> connected_{0};
    std::atomic<std::size_t> blocked_{0};
    std::atomic<std::size_t> blocked_with_deadline_{0};
    std::size_t next_worker_ = 0; // the accept loop's own
    std::vector<std::unique_ptr<worker>> workers_;
    purger purger_;
    std::unique_ptr<listener> listener_;
    diagnostics notes_;
    rate_meter rates_;
    memory_limiter limiter_;
    std::mutex limit_mutex_;
    std::int64_t limit_set_us_ = 0; // guarded by limit_mutex_: when refresh_limit() last did it
    unsigned memory_rounds_ = 0;    // the background work's own
    server_statistics baseline_;    // what CONFIG RESETSTAT subtracts; guarded by mutex_
    std::map<std::size_t, latency_counts> latency_baseline_; // likewise, by command

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    enum class stage { idle, running, stopping, stopped } stage_ = stage::idle; // guarded by mutex_
    std::size_t workers_running_ = 0;                                           // guarded by mutex_
    std::vector<std::function<void()>> waiting_;                                // guarded by mutex_
    std::mutex join_mutex_;
    std::thread grace_; // limit_stopping(); joined under join_mutex_
};

} // namespace mini_redis
