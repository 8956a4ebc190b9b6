// A Lua value as a reply, by Redis's rules: a number is an integer, false a null, a table with
// `err` or `ok` an error or a status, any other an array up to its first nil.
#pragma once

#include "resp/reply_writer.hpp"
#include "scripting/lua.hpp"

namespace mini_redis {

/// Writes the value at the top of the stack and pops it. Raises a Lua error if memory runs out, and
/// where the reply gets unreasonably large.
void write_lua_value(lua_State* lua, reply_writer& out);

} // namespace mini_redis
