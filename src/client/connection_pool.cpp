#include "client/connection_pool.hpp"

#include <algorithm>
#include <mini_redis/error.hpp>
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

} // namespace

std::shared_ptr<connection> connection_pool::take() {
    while (!idle_.empty()) {
        const std::shared_ptr<connection> last = idle_.back();
        if (last->is_set_up()) {
            idle_.pop_back();
            busy_.push_back(last);
            return last;
        }
        last->close(errc::client_closed); // and leaves by on_close()
    }
    const auto taken =
        std::make_shared<connection>(executor_, context_, connection_use::on_demand, this);
    busy_.push_back(taken);
    taken->open();
    return taken;
}

std::shared_ptr<connection> connection_pool::lend() {
    std::shared_ptr<connection> lent = take();
    lent->use_for(connection_use::transaction, nullptr);
    return lent;
}

void connection_pool::give_back(const std::shared_ptr<connection>& lent, bool is_spoilt) {
    if (!lent->is_open()) { // and so knows nobody any more
        remove(busy_, *lent);
        return;
    }
    lent->use_for(connection_use::on_demand, this);
    if (is_spoilt || !lent->is_idle()) {
        lent->close(errc::client_closed);
        remove(busy_, *lent);
    } else {
        on_idle(*lent);
    }
}

void connection_pool::on_idle(connection& on) {
    const std::shared_ptr<connection> returned = remove(busy_, on);
    if (!returned) return;
    if (on.is_idle() && idle_.size() < context_->options.pool_size) {
        idle_.push_back(returned);
    } else {
        on.use_for(connection_use::on_demand, nullptr);
        on.close(errc::client_closed);
    }
}

void connection_pool::on_close(connection& on) noexcept {
    if (!remove(busy_, on)) remove(idle_, on);
}

void connection_pool::close() {
    for (auto* const list : {&idle_, &busy_}) {
        for (const auto& each : std::exchange(*list, {})) {
            each->use_for(connection_use::on_demand, nullptr);
            each->close(errc::client_closed);
        }
    }
}

} // namespace mini_redis
