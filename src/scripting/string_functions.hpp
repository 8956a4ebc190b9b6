// string.find, match, gmatch and gsub, with Lua 5.1's results and error texts, which can be
// interrupted.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

int string_find(lua_State* lua);
int string_match(lua_State* lua);
int string_gmatch(lua_State* lua);
int string_gsub(lua_State* lua);

} // namespace mini_redis
