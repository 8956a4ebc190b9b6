// The table `cmsgpack` of scripts: Lua's values as MessagePack, and back.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Pushes it.
int open_cmsgpack(lua_State* lua);

} // namespace mini_redis
