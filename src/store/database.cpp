#include "store/database.hpp"

#include <new>
#include <utility>

#include "store/packed.hpp"

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
        changed(key, nullptr);
        return;
    }
    put(key, at, entry::make_string(key.name, value, expire_at, encoding));
}

void database::put(const hashed_key& key, located at, entry_ptr added) {
    shard& home = store_->shard_of(key);
    const entry* const holds = added.get();
    mark_new(*added, at);
    if (added->has_expiry()) sharded_store::note_expiry(home, index_, added->expire_at());
    if (at)
        store_->discard(home.at(index_).replace(*at.slot_, std::move(added)));
    else
        home.at(index_).insert(key.hash, std::move(added));
    if (!at) announce_new(key);
    changed(key, holds);
}

// How often a key is used is told of the key, whatever it holds.
void database::mark_new(entry& added, located old) const noexcept {
    if (!store_->frequency().counted.load(std::memory_order_relaxed)) [[likely]]
        return added.touch(time_->coarse_seconds());
    added.touch(
        old ? old->last_access()
            : access_frequency::bits_of(access_frequency::initial, time_->coarse_seconds()));
}

void database::put_anew(const hashed_key& key, entry_ptr added) {
    const located old = find(key);
    put(key, old, std::move(added));
    if (old) announce_new(key);
}

void database::relocate(const hashed_key& from, database& target, const hashed_key& to) {
    target.find(to); // is removed if its time has come
    table& destination = target.keys_of(to);
    destination.make_room();
    table& source = keys_of(from);
    table::slot* const place = source.find(from.hash, from.name); // only now: room moves entries
    entry& held = *table::entry_of(*place);
    entry_ptr moved = entry::remake(held, to.name, held.expiry());
    // From here on nothing fails but telling others.
    store_->discard(source.take(*place, from.hash));
    const entry* const holds = moved.get();
    if (moved->has_expiry())
        sharded_store::note_expiry(store_->shard_of(to), target.index_, moved->expire_at());
    if (table::slot* const old = destination.find(to.hash, to.name))
        store_->discard(destination.replace(*old, std::move(moved)));
    else
        destination.insert(to.hash, std::move(moved));
    source.shrink_if_sparse();
    changed(from, nullptr);
    target.announce_new(to);
    target.changed(to, holds);
}

void database::splice(const hashed_key& key, located at, std::size_t offset, std::size_t erased,
                      std::string_view inserted) {
    if (!at->splice_in_place(offset, erased, inserted)) {
        try {
            keys_of(key).replace(*at.slot_, entry::splice(*at, offset, erased, inserted));
        } catch (const std::bad_alloc&) {
            if (inserted.size() > erased) throw;
            at->shrink_in_place(offset, erased, inserted);
        }
    }
    changed(key, &*at);
}

void database::splice_packed(const hashed_key& key, located at, std::size_t offset,
                             std::size_t erased, std::string_view inserted, std::size_t count) {
    splice(key, at, offset, erased, inserted);
    packed::set_size(at->mutable_bytes().data(), count);
}

void database::erase(const hashed_key& key, located at) {
    store_->discard(extract(key, at));
}

entry_ptr database::extract(const hashed_key& key, located at) {
    table& keys = keys_of(key);
    entry_ptr taken = keys.take(*at.slot_, key.hash);
    keys.shrink_if_sparse();
    changed(key, nullptr);
    return taken;
}

void database::set_expiry(const hashed_key& key, located at,
                          std::optional<std::int64_t> expire_at) {
    if (!at->has_expiry() && !expire_at) return;
    if (expire_at) sharded_store::note_expiry(store_->shard_of(key), index_, *expire_at);
    if (at->has_expiry() && expire_at) {
        at->set_expire_at(*expire_at);
    } else {
        // The block is of another size with an expiry: the entry is made anew around the same
        // value.
        keys_of(key).remake(*at.slot_, expire_at);
    }
    changed(key, nullptr);
}

void database::remove_expired(const hashed_key& key, table& keys, table::slot& slot) noexcept {
    if (store_->on_expired) store_->on_expired(index_, key.name);
    store_->discard(keys.take(slot, key.hash));
    store_->count_expired(1);
    keys.shrink_if_sparse();
    changed(key, nullptr);
}

} // namespace mini_redis
