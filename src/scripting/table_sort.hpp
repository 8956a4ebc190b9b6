// table.sort, which can be interrupted.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Upvalue: Lua's own.
int table_sort(lua_State* lua);

} // namespace mini_redis
