// The table `struct` of scripts: numbers and strings laid out as C structures are, and back.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Pushes it.
int open_struct(lua_State* lua);

} // namespace mini_redis
