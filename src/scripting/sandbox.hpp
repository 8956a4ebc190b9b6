// What scripts may reach: the tables of Lua's own libraries, `redis`, cjson, cmsgpack, struct and
// bit, none of which they can change, and no others.
//
// Lua 5.1 knows no tables that are read-only. So a script gets, in the place of each such table, an
// empty one whose metatable looks things up in the real one and refuses to write; the functions
// that pass metatables over (rawset, next, setmetatable …) are replaced by those of
// safe_functions.cpp, which know such a stand-in. The real tables never come into a script's hands.
#pragma once

#include "scripting/lua.hpp"

namespace mini_redis {

/// Opens the libraries in a new state, and makes the stand-in of the globals the environment of
/// what is compiled in it. Leaves the real globals, in which KEYS and ARGV are set, on the stack.
void open_sandbox(lua_State* lua, bool for_functions);

/// Pushes the globals that a library of functions has while it is being loaded.
void push_loading_globals(lua_State* lua);

/// Lets a stand-in stand for another table, which is at `table`. Does not fail.
void stand_for(lua_State* lua, int stand_in, int table);

/// Replaces the table at the top by its stand-in.
void protect(lua_State* lua);

/// Pushes the table that the value at `at` stands for, if it is a stand-in.
bool push_protected(lua_State* lua, int at);

/// Ends the function with the error of writing to such a table.
int refuse_change(lua_State* lua);

/// Puts the safe functions in the place of their originals, in the table of globals at the top.
void replace_unsafe_functions(lua_State* lua);

/// Likewise for those that may take long, but are safe otherwise.
void replace_unmetered_functions(lua_State* lua);

} // namespace mini_redis
