// Lua 5.1's C interface.
//
// Lua reports errors with longjmp, which skips destructors: a function that calls what can fail
// keeps no object that has one, and none of ours throws an exception through Lua.
#pragma once

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}
