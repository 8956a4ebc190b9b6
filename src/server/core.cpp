#include "server/core.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/registry.hpp"
#include "server/session.hpp"

namespace mini_redis {
namespace {

// The executor hands client_state to services; here every one of them is a session.
session& session_of(client_state& client) {
    return static_cast<session&>(client);
}

const session& session_of(const client_state& client) {
    return static_cast<const session&>(client);
}

// CONFIG's names for spdlog's levels: what Redis calls verbose and notice is info here.
std::string_view setting_of(spdlog::level::level_enum level) {
    if (level <= spdlog::level::debug) return "debug";
    return level == spdlog::level::info ? "notice" : "warning";
}

spdlog::level::level_enum log_level_of(std::string_view setting) {
    if (setting == "debug") return spdlog::level::debug;
    return setting == "warning" ? spdlog::level::warn : spdlog::level::info;
}

} // namespace

core::core(const server_options& options)
    : options_{options},
      keys_{{options.shards, options.databases, options.time}},
      keys_at_start_{keys_.store().empty_size()},
      started_unix_ms_{keys_.time().now_ms()},
      started_{std::chrono::steady_clock::now()},
      purger_{keys_.store(), keys_.time(), settings_.hz},
      limiter_{keys_.eviction(), keys_.store(), settings_} {
    if (options_.threads == 0) throw std::invalid_argument{"threads must be at least 1"};
    settings_.govern(keys_.store().limits());
    settings_.max_clients = static_cast<std::int64_t>(options_.max_clients);
    settings_.initialize("requirepass", options_.password);
    settings_.initialize("loglevel", setting_of(spdlog::get_level()));
    for (const std::vector<std::string>& line : options_.settings)
        if (const auto why = settings_.configure(line))
            throw std::invalid_argument{fmt::format("setting '{}': {}", line.front(), *why)};
    settings_.initialize("bind", options_.bind);
    settings_.initialize("databases", std::to_string(options_.databases));
    settings_.initialize("io-threads", std::to_string(options_.threads));
    settings_.initialize("dir", std::filesystem::current_path().string());
    settings_.file = options_.config_file;
    settings_.observe("loglevel",
                      [](const std::string& name) { spdlog::set_level(log_level_of(name)); });
    settings_.decide("port", [this] { return move_listener("Unable to listen on this port."); });
    settings_.decide("bind",
                     [this] { return move_listener("Failed to bind to specified addresses."); });
    keys_.store().on_expired = [this](std::size_t database, std::string_view key) {
        announce_loss(event_class::expired, "expired", database, key);
    };
    purger_.may_reclaim = [this] { return !is_paused(); };
    purger_.on_round = [this] {
        note_rates();
        watch_memory();
    };
    purger_.on_long_round = [this](std::int64_t ms) { note_latency("expire-cycle", ms); };
    for (std::size_t i = 0; i < options_.threads; ++i)
        workers_.push_back(std::make_unique<worker>(*this));
    tracker_.use(workers_.front()->io());
    keys_.store().set_change_listener(&tracker_);
    settings_.observe("tracking-table-max-keys", [this](const std::string&) {
        asio::post(workers_.front()->io(), [this] { limit_read_keys(); });
    });
    govern_memory();
}

core::~core() {
    request_stop();
    wait();
}

void core::start() {
    const std::lock_guard lock{mutex_};
    if (stage_ != stage::idle) throw std::logic_error{"a server starts once"};
    asio::io_context& first = workers_.front()->io();
    listener_ = std::make_unique<listener>(*this, first, options_.bind, options_.port);
    settings_.initialize("port", std::to_string(listener_->port()));
    // The workers end after the accept loops: what these still accept finds them running.
    listener_->start([this] {
        for (const std::unique_ptr<worker>& each : workers_)
            each->begin_stop();
    });
    asio::co_spawn(first, purger_.run(first, workers_.front()->commands()),
                   [](const std::exception_ptr& failure) {
                       if (failure) std::rethrow_exception(failure); // a bug: it handles its errors
                   });
    run_threads();
    spdlog::debug("listening on {}:{} with {} worker thread{}", options_.bind, listener_->port(),
                  workers_.size(), workers_.size() == 1 ? "" : "s");
}

// The caller holds mutex_, which the threads want before they can tell that they have ended.
void core::run_threads() {
    try {
        grace_ = std::thread{[this] { limit_stopping(); }};
        for (const std::unique_ptr<worker>& each : workers_) {
            each->start([this] { worker_ended(); });
            ++workers_running_;
        }
    } catch (...) { // no more threads: those that run end at once, and the server with them
        stage_ = workers_running_ == 0 ? stage::stopped : stage::stopping;
        for (const std::unique_ptr<worker>& each : workers_)
            each->io().stop();
        changed_.notify_all();
        throw;
    }
    stage_ = stage::running;
}

void core::request_stop() {
    const std::lock_guard lock{mutex_};
    if (stage_ != stage::running) return;
    stage_ = stage::stopping;
    spdlog::debug("stopping: {} clients", connected_.load(std::memory_order_relaxed));
    running_.end_all();
    listener_->stop();
    asio::post(workers_.front()->io(), [this] { purger_.stop(); });
    changed_.notify_all();
}

// Waits for the end to begin, then cuts what does not end by itself.
void core::limit_stopping() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return stage_ == stage::stopping || stage_ == stage::stopped; });
    if (changed_.wait_for(lock, options_.shutdown_grace, [this] { return workers_running_ == 0; }))
        return;
    spdlog::warn("closing {} clients that did not take their replies",
                 connected_.load(std::memory_order_relaxed));
    for (const std::unique_ptr<worker>& each : workers_)
        each->cut();
}

void core::worker_ended() {
    std::vector<std::function<void()>> waiting;
    {
        const std::lock_guard lock{mutex_};
        if (--workers_running_ != 0) return;
        stage_ = stage::stopped;
        waiting.swap(waiting_);
        changed_.notify_all();
    }
    for (const std::function<void()>& done : waiting)
        done();
}

void core::wait() {
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return stage_ == stage::stopped || stage_ == stage::idle; });
    }
    const std::lock_guard lock{join_mutex_};
    for (const std::unique_ptr<worker>& each : workers_)
        each->join();
    if (grace_.joinable()) grace_.join();
}

void core::when_stopped(std::function<void()> done) {
    {
        const std::lock_guard lock{mutex_};
        if (stage_ != stage::stopped) {
            waiting_.push_back(std::move(done));
            return;
        }
    }
    done();
}

// To where the settings `bind` and `port` say. Returns what is wrong, or nothing.
std::optional<std::string> core::move_listener(std::string_view failure) {
    const std::string port = settings_.value_of("port");
    try {
        if (port == "0") throw std::invalid_argument{"port 0 would be any, and nobody told which"};
        listener_->move(settings_.value_of("bind"), static_cast<std::uint16_t>(std::stoi(port)));
        return std::nullopt;
    } catch (const std::exception& error) {
        spdlog::warn("{}", error.what());
        return fmt::format("{} Check server logs.", failure);
    }
}

std::uint16_t core::port() const {
    const std::lock_guard lock{mutex_};
    return listener_ ? listener_->port() : options_.port;
}

std::uint32_t core::uptime_seconds() const noexcept {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                          std::chrono::steady_clock::now() - started_)
                                          .count());
}

std::string core::name_of(const command& row) const {
    for (const command* each : registry::built_in().all()) {
        if (each == &row) return full_name(nullptr, row);
        for (const command& sub : each->subcommands)
            if (&sub == &row) return full_name(each, row);
    }
    return {};
}

void core::configure(tcp_socket& socket) const {
    const auto seconds = static_cast<int>(settings_.tcp_keepalive_seconds.load());
    std::error_code ignored;
    socket.set_option(asio::socket_base::keep_alive{seconds != 0}, ignored);
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
    // As Redis has it: the peer is asked after so long, then thrice within the same time.
    const auto set = [&](int option, int value) {
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
    };
    if (seconds == 0) return;
    set(TCP_KEEPIDLE, seconds);
    set(TCP_KEEPINTVL, std::max(1, seconds / 3));
    set(TCP_KEEPCNT, 3);
#endif
}

bool core::try_enter(std::size_t limit) noexcept {
    if (connected_.fetch_add(1, std::memory_order_relaxed) < limit) return true;
    leave();
    return false;
}

worker& core::next_worker() noexcept {
    // The one with the fewest sessions, which the accept loop itself raises only later: so ties and
    // bursts go round.
    const std::size_t start = next_worker_++;
    worker* best = workers_[start % workers_.size()].get();
    for (const std::unique_ptr<worker>& each : workers_)
        if (each->session_count() + 1 < best->session_count()) best = each.get();
    return *best;
}

void core::forget(session& one) {
    if (one.monitoring) end_monitoring(one);
    hub_.forget(one);
    directory_.remove(one);
    leave();
}

void core::subscribe(client_state& client, subscription_kind kind, std::string_view name) {
    hub_.subscribe(session_of(client), kind, name);
}

void core::unsubscribe(client_state& client, subscription_kind kind, std::string_view name) {
    hub_.unsubscribe(session_of(client), kind, name);
}

std::size_t core::publish(client_state* publisher, std::string_view channel,
                          std::string_view payload) {
    return hub_.publish(publisher != nullptr ? &session_of(*publisher) : nullptr, channel, payload);
}

void core::begin_tracking(client_state& client, std::span<const std::string_view> prefixes) {
    tracker_.begin(session_of(client), prefixes);
}

void core::end_tracking(client_state& client) noexcept {
    tracker_.end(session_of(client));
}

// After the limit has been changed, a few at a time; otherwise who reads sees to it.
void core::limit_read_keys() {
    constexpr std::size_t at_once = 1000;
    const auto most = static_cast<std::size_t>(settings_.tracked_keys.load());
    if (most == 0 || keys_.store().read_keys() <= most) return;
    keys_.store().limit_read_keys(most, at_once, random_number(), nullptr);
    asio::post(workers_.front()->io(), [this] { limit_read_keys(); });
}

std::function<void()> core::waker(client_state& client) {
    return session_of(client).waker();
}

void core::begin_wait(client_state& client) noexcept {
    session_of(client).show_parked();
}

void core::serve_others(client_state& busy) noexcept {
    session_of(busy).home().serve_others();
}

void core::when_unlocked(client_state& client, std::function<void()> action) {
    session_of(client).home().when_unlocked(std::move(action));
}

void core::put_notices_first(client_state& client) {
    session_of(client).put_notices_first();
}

void core::log(script_log_level level, std::string_view text) noexcept {
    switch (level) {
    case script_log_level::debug: return spdlog::debug("{}", text);
    case script_log_level::verbose:
    case script_log_level::notice: return spdlog::info("{}", text);
    case script_log_level::warning: return spdlog::warn("{}", text);
    }
}

// Under the lock of the key's shard, from any thread.
void core::announce_loss(event_class kind, std::string_view event, std::size_t database,
                         std::string_view key) {
    const std::uint32_t wanted = settings_.keyspace_events.load(std::memory_order_relaxed);
    if ((wanted & bit(kind)) == 0) return;
    if ((wanted & bit(event_class::keyspace)) != 0)
        publish(nullptr, fmt::format("__keyspace@{}__:{}", database, key), event);
    if ((wanted & bit(event_class::keyevent)) != 0)
        publish(nullptr, fmt::format("__keyevent@{}__:{}", database, event), key);
}

// Of the background work, as the latency monitor has it of commands.
void core::note_latency(std::string_view event, std::int64_t ms) {
    const std::int64_t threshold = settings_.latency_threshold_ms.load();
    if (threshold > 0 && ms >= threshold) notes_.latency.add(event, {time().now_ms() / 1000, ms});
}

bool core::is_paused() {
    return notes_.pause.may_hold() && notes_.pause.at(time().now_ms()).kind != pause_kind::none;
}

std::size_t core::publish_to_shard(client_state* publisher, std::string_view channel,
                                   std::string_view payload) {
    return hub_.publish_to_shard(publisher != nullptr ? &session_of(*publisher) : nullptr, channel,
                                 payload);
}

std::vector<std::string> core::active_channels(subscription_kind kind,
                                               std::optional<std::string_view> pattern) {
    return hub_.active_channels(kind, pattern);
}

std::size_t core::subscriber_count(subscription_kind kind, std::string_view channel) {
    return hub_.subscriber_count(kind, channel);
}

bool core::unblock(std::uint64_t id, bool with_error) {
    client_filter which;
    which.id = id;
    for (const std::shared_ptr<session>& one : directory_.matching(which))
        if (one->end_block(with_error)) return true;
    return false;
}

void core::begin_monitoring(client_state& client) {
    hub_.add_monitor(session_of(client));
    client.monitoring = true;
    notes_.monitors.fetch_add(1, std::memory_order_relaxed);
}

void core::end_monitoring(client_state& client) {
    hub_.remove_monitor(session_of(client));
    client.monitoring = false;
    notes_.monitors.fetch_sub(1, std::memory_order_relaxed);
}

void core::feed_monitors(client_state& origin, const std::string& line) {
    hub_.feed_monitors(session_of(origin), line);
}

void core::resume_clients() {
    for (const std::unique_ptr<worker>& each : workers_)
        each->resume_sessions();
}

std::size_t core::pattern_count() {
    return hub_.pattern_count();
}

std::vector<client_info> core::clients() {
    return directory_.describe_all();
}

client_info core::describe(const client_state& client) {
    refresh(client);
    return directory_.describe(session_of(client));
}

std::string core::address_of(const client_state& client) {
    return session_of(client).shown().peer();
}

void core::refresh(const client_state& client) {
    session& one = const_cast<session&>(session_of(client)); // its own thread calls
    one.shown().publish(one);
    if (one.extra) directory_.publish_names(one);
}

std::size_t core::kill(client_state& caller, const client_filter& which) {
    std::size_t killed = 0;
    for (const std::shared_ptr<session>& one : directory_.matching(which, &session_of(caller))) {
        if (one.get() == &session_of(caller)) {
            caller.close_after_reply = true;
            ++killed;
        } else if (one->request_close()) { // who is on the way out is not killed again
            directory_.hang_up(*one);      // its worker may have other things to do first
            ++killed;
        }
    }
    return killed;
}

} // namespace mini_redis
