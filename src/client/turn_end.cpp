#include "client/turn_end.hpp"

#include "client/connection.hpp"

namespace mini_redis {

void turn_end::flush_all() {
    for (std::size_t i = 0; i < due_.size(); ++i) // it may grow
        due_[i]->flush_now();
    due_.clear();
}

} // namespace mini_redis
