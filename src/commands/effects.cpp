#include "commands/effects.hpp"

#include "resp/reply_writer.hpp"

namespace mini_redis {

void call_effects::add_event(std::string_view name, std::size_t database, std::string_view key) {
    events.push_back({name, database, std::string{key}});
}

void write_reply(reply_writer& out, timeout_reply what) {
    switch (what) {
    case timeout_reply::null: return out.null();
    case timeout_reply::null_array: return out.null_array();
    case timeout_reply::zero: return out.integer(0);
    }
}

} // namespace mini_redis
