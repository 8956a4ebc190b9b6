#include "store/database.hpp"

#include <utility>

namespace mini_redis {

void database::put_string(const hashed_key& key, located at, std::string_view value,
                          std::optional<std::int64_t> expire_at, string_encoding encoding) {
    if (at && at->type() == value_type::string && at->has_expiry() == expire_at.has_value() &&
        at->assign_in_place(value)) {
        at->set_encoding(encoding);
        if (expire_at) {
            at->set_expire_at(*expire_at);
            sharded_store::note_expiry(store_->shard_of(key), index_, *expire_at);
        }
        return;
    }
    put(key, at, entry::make_string(key.name, value, expire_at, encoding));
}

void database::put(const hashed_key& key, located at, entry_ptr added) {
    shard& home = store_->shard_of(key);
    added->touch(time_->coarse_seconds());
    if (added->has_expiry()) sharded_store::note_expiry(home, index_, added->expire_at());
    if (at)
        store_->discard(home.at(index_).replace(*at.slot_, std::move(added)));
    else
        home.at(index_).insert(key.hash, std::move(added));
}

void database::erase(const hashed_key& key, located at) {
    store_->discard(extract(key, at));
}

entry_ptr database::extract(const hashed_key& key, located at) {
    table& keys = keys_of(key);
    entry_ptr taken = keys.take(*at.slot_, key.hash);
    keys.shrink_if_sparse();
    return taken;
}

void database::set_expiry(const hashed_key& key, located at,
                          std::optional<std::int64_t> expire_at) {
    if (expire_at) sharded_store::note_expiry(store_->shard_of(key), index_, *expire_at);
    if (at->has_expiry() && expire_at) {
        at->set_expire_at(*expire_at);
        return;
    }
    if (!at->has_expiry() && !expire_at) return;
    // The block is of another size with an expiry: the entry is made anew around the same value.
    table& keys = keys_of(key);
    keys.remake(*at.slot_, expire_at);
}

void database::remove_expired(table& keys, table::slot& slot, std::uint64_t hash) noexcept {
    store_->discard(keys.take(slot, hash));
    store_->count_expired(1);
    keys.shrink_if_sparse();
}

} // namespace mini_redis
