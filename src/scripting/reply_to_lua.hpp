// A command's reply as a Lua value, by Redis's rules: an integer is a number, a status {ok=…}, an
// error {err=…}, a null false; of RESP3 also {map=…}, {set=…}, {double=…} …
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Pushes the value at `at`, which one of our reply writers wrote and a zero byte ends, and moves
/// `at` behind it. Raises a Lua error if memory runs out.
void push_reply(lua_State* lua, const char*& at);

} // namespace mini_redis
