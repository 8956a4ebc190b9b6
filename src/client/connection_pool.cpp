#include "client/connection_pool.hpp"

#include <algorithm>
#include <mini_redis/detail/client_core.hpp>
#include <mini_redis/error.hpp>
#include <string>
#include <utility>

namespace mini_redis {

namespace {

std::shared_ptr<connection> remove(std::vector<std::shared_ptr<connection>>& from,
                                   const connection& which) noexcept {
    const auto found = std::find_if(from.begin(), from.end(),
                                    [&](const auto& each) { return each.get() == &which; });
    if (found == from.end()) return nullptr;
    std::shared_ptr<connection> removed = std::move(*found);
    *found = std::move(from.back());
    from.pop_back();
    return removed;
}

// The pool knows it no longer.
void drop(connection& ended) {
    ended.use_for(connection_use::on_demand, nullptr);
    ended.close(errc::client_closed);
}

} // namespace

bool connection_pool::has_room(bool for_call) const noexcept {
    const std::size_t most = context_->options.most_connections;
    if (most == 0) return true;
    return busy_.size() < (for_call && most > 1 ? most - 1 : most);
}

std::shared_ptr<connection> connection_pool::take() {
    return get(nullptr);
}

std::shared_ptr<connection> connection_pool::lend(lent_connection& borrower) {
    std::shared_ptr<connection> lent = get(&borrower);
    lent->use_for(connection_use::transaction, nullptr);
    return lent;
}

std::shared_ptr<connection> connection_pool::get(lent_connection* borrower) {
    const bool may_take = has_room(!borrower);
    std::shared_ptr<connection> got = may_take ? pop_idle() : nullptr;
    if (got) {
        busy_.push_back(got);
        return got;
    }
    got = std::make_shared<connection>(executor_, context_, connection_use::on_demand, this);
    if (may_take) {
        busy_.push_back(got);
    } else {
        waiting_.push_back({got, borrower});
        got->hold("all connections for blocking calls and transactions are in use (" +
                  std::to_string(context_->options.most_connections) + " at most)");
    }
    got->open();
    return got;
}

std::shared_ptr<connection> connection_pool::pop_idle() {
    while (!idle_.empty()) {
        std::shared_ptr<connection> last = std::move(idle_.back());
        idle_.pop_back();
        if (last->is_set_up()) return last;
        drop(*last);
    }
    return nullptr;
}

bool connection_pool::stop_waiting(const connection& held) noexcept {
    return std::erase_if(waiting_, [&](const waiter& each) { return each.held.get() == &held; }) >
           0;
}

// Those who come first, but for calls that would take the last one.
void connection_pool::serve() {
    for (std::size_t i = 0; i < waiting_.size() && has_room(false);) {
        const waiter next = waiting_[i];
        if (!has_room(!next.borrower)) {
            ++i;
            continue;
        }
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
        const std::shared_ptr<connection> idle = pop_idle();
        busy_.push_back(idle ? idle : next.held);
        if (!idle) {
            next.held->admit();
            continue;
        }
        if (next.borrower) {
            idle->use_for(connection_use::transaction, nullptr);
            next.borrower->move_to(idle);
        }
        next.held->use_for(connection_use::on_demand, nullptr);
        idle->take_over(*next.held);
    }
}

void connection_pool::give_back(const std::shared_ptr<connection>& lent, bool is_spoilt) {
    if (stop_waiting(*lent)) return lent->close(errc::client_closed);
    if (lent->is_open()) {
        lent->use_for(connection_use::on_demand, this);
        if (!is_spoilt && lent->is_idle()) return on_idle(*lent);
        lent->close(errc::client_closed); // and leaves by on_close()
    }
    if (remove(busy_, *lent)) serve(); // closed before: it knew nobody any more
}

void connection_pool::on_idle(connection& on) {
    if (stop_waiting(on)) return on.close(errc::client_closed); // its call was given up
    const std::shared_ptr<connection> returned = remove(busy_, on);
    if (!returned) return;
    if (!on.is_idle()) {
        drop(on);
        return serve();
    }
    idle_.push_back(returned);
    serve();
    if (idle_.size() <= context_->options.pool_size) return;
    const std::shared_ptr<connection> surplus = std::move(idle_.back());
    idle_.pop_back();
    drop(*surplus);
}

void connection_pool::on_close(connection& on) noexcept {
    if (stop_waiting(on) || remove(idle_, on)) return;
    if (remove(busy_, on)) serve();
}

void connection_pool::close() {
    for (const waiter& each : std::exchange(waiting_, {}))
        drop(*each.held);
    for (auto* const list : {&idle_, &busy_})
        for (const auto& each : std::exchange(*list, {}))
            drop(*each);
}

} // namespace mini_redis
