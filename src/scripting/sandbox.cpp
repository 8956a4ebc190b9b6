#include "scripting/sandbox.hpp"

#include <string_view>

#include "scripting/cmsgpack.hpp"
#include "scripting/packaged_libraries.hpp"
#include "scripting/redis_library.hpp"
#include "scripting/struct_library.hpp"

namespace mini_redis {
namespace {

// Fields of a stand-in's metatable that no script can make up.
constexpr int real_field = 1;
constexpr int mark_field = 2;
char mark;

constexpr std::string_view allowed_globals[] = {
    "_VERSION", "assert",     "collectgarbage", "error",    "gcinfo",   "getmetatable", "ipairs",
    "load",     "loadstring", "next",           "pairs",    "pcall",    "rawequal",     "rawget",
    "rawset",   "select",     "setmetatable",   "tonumber", "tostring", "type",         "unpack",
    "xpcall",   "coroutine",  "math",           "string",   "table",
};

int refuse_write(lua_State* lua) {
    return luaL_error(lua, "Attempt to modify a readonly table");
}

int refuse_unknown_global(lua_State* lua) {
    const char* const name = lua_tostring(lua, 2);
    return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                      name != nullptr ? name : luaL_typename(lua, 2));
}

void open(lua_State* lua, lua_CFunction opener, const char* name) {
    lua_pushcfunction(lua, opener);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

// Moves what is allowed of the state's globals into a table of its own, at the top.
void push_allowed_globals(lua_State* lua) {
    lua_createtable(lua, 0, 64);
    for (const std::string_view name : allowed_globals) {
        lua_getfield(lua, LUA_GLOBALSINDEX, name.data());
        lua_setfield(lua, -2, name.data());
    }
}

// Sets a library, which is at the top, as a global that cannot be changed.
void set_library(lua_State* lua, const char* name) {
    protect(lua);
    lua_setfield(lua, -2, name);
}

void add_library(lua_State* lua, lua_CFunction opener, const char* name) {
    const int before = lua_gettop(lua);
    lua_pushcfunction(lua, opener);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 1);
    lua_settop(lua, before + 1);
    set_library(lua, name);
}

// The metatable of all strings would be a way for scripts to tell each other things.
void protect_string_metatable(lua_State* lua) {
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_getfield(lua, -3, "string"); // the stand-in
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 2);
}

// The table at the top, which has everything now, complains of what it lacks.
void complain_of_unknown(lua_State* lua) {
    lua_createtable(lua, 0, 1);
    lua_pushcfunction(lua, refuse_unknown_global);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
}

} // namespace

void protect(lua_State* lua) {
    lua_createtable(lua, 0, 0);
    lua_createtable(lua, 2, 2);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushvalue(lua, -3);
    lua_rawseti(lua, -2, real_field);
    lua_pushlightuserdata(lua, &mark);
    lua_rawseti(lua, -2, mark_field);
    lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

bool push_protected(lua_State* lua, int at) {
    if (lua_type(lua, at) != LUA_TTABLE || lua_getmetatable(lua, at) == 0) return false;
    lua_rawgeti(lua, -1, mark_field);
    const bool is_one = lua_touserdata(lua, -1) == &mark;
    lua_pop(lua, 1);
    if (is_one) lua_rawgeti(lua, -1, real_field);
    lua_remove(lua, is_one ? -2 : -1);
    return is_one;
}

int refuse_change(lua_State* lua) {
    lua_pushliteral(lua, "Attempt to modify a readonly table");
    return lua_error(lua);
}

void open_sandbox(lua_State* lua, bool for_functions) {
    open(lua, luaopen_base, "");
    open(lua, luaopen_table, LUA_TABLIBNAME);
    open(lua, luaopen_string, LUA_STRLIBNAME);
    open(lua, luaopen_math, LUA_MATHLIBNAME);
    push_allowed_globals(lua);
    replace_unsafe_functions(lua);
    replace_unmetered_functions(lua);
    for (const char* name : {"coroutine", "math", "string", "table"}) {
        lua_getfield(lua, -1, name);
        set_library(lua, name);
    }
    protect_string_metatable(lua);
    push_redis_library(lua, for_functions);
    set_library(lua, "redis");
    add_library(lua, open_json, "cjson");
    add_library(lua, open_bit, "bit");
    add_library(lua, open_cmsgpack, "cmsgpack");
    add_library(lua, open_struct, "struct");
    complain_of_unknown(lua);
    lua_pushvalue(lua, -1);
    protect(lua);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, "_G");
    lua_replace(lua, LUA_GLOBALSINDEX);
}

void push_loading_globals(lua_State* lua) {
    lua_createtable(lua, 0, 1);
    push_loading_redis_library(lua);
    complain_of_unknown(lua);
    set_library(lua, "redis");
    complain_of_unknown(lua);
}

void stand_for(lua_State* lua, int stand_in, int table) {
    lua_getmetatable(lua, stand_in);
    lua_pushvalue(lua, table);
    lua_setfield(lua, -2, "__index");
    lua_pushvalue(lua, table);
    lua_rawseti(lua, -2, real_field);
    lua_pop(lua, 1);
}

} // namespace mini_redis
