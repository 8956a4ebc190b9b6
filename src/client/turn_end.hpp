// Flushes that wait for the end of a turn, where a loop runs only while somebody waits.
//
// A client of coroutines posts its flush, so that it comes behind the calls of the same turn. In a
// loop of ours that would be a detour through the reactor: here the loop itself is asked to do it.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace mini_redis {

class connection;

/// Belongs to one thread, like the loop.
class turn_end {
public:
    /// Flushes the connection before the loop waits for anything.
    void flush_then(std::shared_ptr<connection> due) { due_.push_back(std::move(due)); }

    /// By the loop.
    void flush_all();

private:
    std::vector<std::shared_ptr<connection>> due_;
};

} // namespace mini_redis
