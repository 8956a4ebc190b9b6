// Whether a key holds what a command works on. An absent key is as good as one of the right type.
#pragma once

#include "commands/context.hpp"

namespace mini_redis {

/// Replies with an error and returns false if the key holds something else than that.
inline bool is_absent_or(value_type wanted, context& c, located found) {
    if (!found || found->type() == wanted) return true;
    c.reply.error(replies::wrong_type);
    return false;
}

inline bool is_string(context& c, located found) {
    return is_absent_or(value_type::string, c, found);
}

inline bool is_list(context& c, located found) {
    return is_absent_or(value_type::list, c, found);
}

inline bool is_set(context& c, located found) {
    return is_absent_or(value_type::set, c, found);
}

inline bool is_hash(context& c, located found) {
    return is_absent_or(value_type::hash, c, found);
}

inline bool is_sorted_set(context& c, located found) {
    return is_absent_or(value_type::zset, c, found);
}

} // namespace mini_redis
