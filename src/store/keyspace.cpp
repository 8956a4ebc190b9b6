#include <limits>
#include <mini_redis/keyspace.hpp>

#include "store/database.hpp"
#include "store/evictor.hpp"
#include "store/sharded_store.hpp"

namespace mini_redis {
namespace {

std::optional<std::int64_t> deadline(std::int64_t now_ms,
                                     std::optional<std::chrono::milliseconds> ttl) {
    if (!ttl) return std::nullopt;
    if (now_ms > 0 && ttl->count() > std::numeric_limits<std::int64_t>::max() - now_ms)
        return std::nullopt; // no end in sight
    return now_ms + ttl->count();
}

/// One key under its lock.
struct locked_key {
    locked_key(keyspace& keys, std::string_view name)
        : time{keys.time()},
          key{name},
          guard{keys.store(), key},
          db{keys.store(), 0, time},
          found{db.find(key)} {
        if (!keys.store().has_limit()) return;
        time.set_coarse_seconds(static_cast<std::uint32_t>(time.now_ms() / 1000));
        if (found) db.touch(*found);
    }

    request_time time;
    hashed_key key;
    store_guard guard;
    database db;
    located found;
};

} // namespace

keyspace::keyspace() : keyspace{options{}} {}

keyspace::keyspace(const options& chosen)
    : time_{chosen.time != nullptr ? chosen.time : &system_clock::instance()},
      store_{std::make_unique<sharded_store>(chosen.shards, chosen.databases)},
      evictor_{std::make_unique<evictor>(*store_)} {
    if (chosen.max_memory == 0) return;
    evictor_->set_policy(chosen.eviction);
    store_->set_limit(static_cast<std::int64_t>(chosen.max_memory));
}

keyspace::~keyspace() = default;

std::optional<std::string> keyspace::get(std::string_view key) {
    const locked_key at{*this, key};
    if (!at.found || at.found->type() != value_type::string) return std::nullopt;
    return std::string{at.found->string()};
}

void keyspace::set(std::string_view key, std::string_view value,
                   std::optional<std::chrono::milliseconds> ttl) {
    keep_within_limit();
    locked_key at{*this, key};
    if (ttl && ttl->count() <= 0) {
        if (at.found) at.db.erase(at.key, at.found);
        return;
    }
    at.db.put_string(at.key, at.found, value, deadline(at.time.now_ms(), ttl));
}

bool keyspace::set_if_absent(std::string_view key, std::string_view value,
                             std::optional<std::chrono::milliseconds> ttl) {
    keep_within_limit();
    locked_key at{*this, key};
    if (at.found) return false;
    if (!ttl || ttl->count() > 0)
        at.db.put_string(at.key, at.found, value, deadline(at.time.now_ms(), ttl));
    return true;
}

bool keyspace::erase(std::string_view key) {
    locked_key at{*this, key};
    if (at.found) at.db.erase(at.key, at.found);
    return static_cast<bool>(at.found);
}

bool keyspace::contains(std::string_view key) {
    return static_cast<bool>(locked_key{*this, key}.found);
}

bool keyspace::expire(std::string_view key, std::chrono::milliseconds ttl) {
    locked_key at{*this, key};
    if (!at.found) return false;
    if (ttl.count() <= 0)
        at.db.erase(at.key, at.found);
    else
        at.db.set_expiry(at.key, at.found, deadline(at.time.now_ms(), ttl));
    return true;
}

bool keyspace::persist(std::string_view key) {
    locked_key at{*this, key};
    if (!at.found || !at.found->has_expiry()) return false;
    at.db.set_expiry(at.key, at.found, std::nullopt);
    return true;
}

std::optional<std::chrono::milliseconds> keyspace::ttl(std::string_view key) {
    const locked_key at{*this, key};
    if (!at.found || !at.found->has_expiry()) return std::nullopt;
    return std::chrono::milliseconds{at.found->expire_at() - at.time.now_ms()};
}

std::size_t keyspace::size() {
    const store_guard guard{*store_, store_guard::all_shards{}};
    return store_->size(0);
}

void keyspace::clear() {
    const store_guard guard{*store_, store_guard::all_shards{}};
    store_->clear_all();
}

std::size_t keyspace::purge(std::chrono::microseconds budget) {
    return store_->purge(time_->now_ms(), budget).removed;
}

void keyspace::for_each(const std::function<void(std::string_view, std::string_view)>& visit) {
    const std::int64_t now = time_->now_ms();
    for (std::size_t i = 0; i < store_->shard_count(); ++i) {
        const store_guard guard{*store_, i};
        for (std::uint64_t position = 0; position != table::end_position;)
            position = store_->shard_at(i).at(0).visit_from(position, [&](const entry& e) {
                if (e.type() != value_type::string || (e.has_expiry() && e.expire_at() <= now))
                    return;
                visit(e.key(), e.string());
            });
    }
}

const clock& keyspace::time() const noexcept {
    return *time_;
}

sharded_store& keyspace::store() noexcept {
    return *store_;
}

evictor& keyspace::eviction() noexcept {
    return *evictor_;
}

// What is added beyond the limit goes before the next addition.
void keyspace::keep_within_limit() {
    if (!store_->is_above_limit()) return;
    const auto seconds = static_cast<std::uint32_t>(time_->now_ms() / 1000);
    evictor_->make_room(seconds, std::chrono::seconds{1}, nullptr);
}

} // namespace mini_redis
