// A script that runs: what it may do, and what it has done so far.
#pragma once

namespace mini_redis {

struct script_call {
    bool read_only = false;
    bool wrote = false; ///< it has changed a key: it cannot be killed
    bool acted = false; ///< it has done what others can see: it cannot be run anew
    /// It used a key of a shard that is not locked and cannot be locked now: it has to end and to
    /// be run anew with all of them locked.
    bool needs_all = false;
    bool refused = false; ///< a command could not be run for such a shard
    bool roamed = false;  ///< it used a key of a shard that was not locked when it began
};

} // namespace mini_redis
