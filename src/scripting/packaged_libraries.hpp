// lua-cjson and LuaBitOp, which distributions package, without what a hostile script could use.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Pushes the table `cjson`. cjson.encode() does not write more than a quarter of a gigabyte: its
/// buffer is outside of Lua's memory, and its sizes are ints (CVE-2022-24834).
int open_json(lua_State* lua);

/// Pushes the table `bit`. bit.tohex() takes any number of digits (CVE-2024-31449).
int open_bit(lua_State* lua);

} // namespace mini_redis
