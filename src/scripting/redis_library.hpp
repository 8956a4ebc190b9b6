// The table `redis` of scripts: redis.call() and all that goes with it.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Pushes it.
void push_redis_library(lua_State* lua, bool for_functions);

/// Pushes what a library of functions has of it while it is being loaded: no commands, but
/// redis.register_function().
void push_loading_redis_library(lua_State* lua);

/// redis.register_function()
int register_function(lua_State* lua);

} // namespace mini_redis
