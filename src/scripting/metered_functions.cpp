// Functions of Lua's that take the longer the more they are given, and pass no instruction
// meanwhile: each tells of it, so that a script can be ended between or within them.
#include <cstddef>
#include <cstdint>

#include "scripting/lua_home.hpp"
#include "scripting/sandbox.hpp"
#include "scripting/table_sort.hpp"

namespace mini_redis {
namespace {

void replace(lua_State* lua, const char* name, lua_CFunction function) {
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, function, 1); // the original is its upvalue
    lua_setfield(lua, -2, name);
}

int call_original(lua_State* lua) {
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

int by_size_of_arguments(lua_State* lua) {
    std::size_t cost = 0;
    for (int i = lua_gettop(lua); i > 0; --i) {
        const int type = lua_type(lua, i);
        if (type == LUA_TSTRING) cost += lua_objlen(lua, i) / 8;
        if (type == LUA_TTABLE) cost += lua_objlen(lua, i);
    }
    spend_work(lua, lua_home::of(lua), cost);
    return call_original(lua);
}

int table_concat(lua_State* lua) {
    std::size_t gap_size = 0;
    const char* const gap = luaL_optlstring(lua, 2, "", &gap_size);
    luaL_checktype(lua, 1, LUA_TTABLE);
    const std::int64_t first = luaL_optint(lua, 3, 1);
    const std::int64_t last = lua_isnoneornil(lua, 4)
                                  ? static_cast<std::int64_t>(lua_objlen(lua, 1))
                                  : luaL_checkint(lua, 4);
    lua_home& home = lua_home::of(lua);
    luaL_Buffer out;
    luaL_buffinit(lua, &out);
    for (std::int64_t i = first; i <= last; ++i) {
        lua_rawgeti(lua, 1, static_cast<int>(i));
        if (lua_isstring(lua, -1) == 0)
            return luaL_error(lua, "invalid value (%s) at index %d in table for 'concat'",
                              luaL_typename(lua, -1), static_cast<int>(i));
        constexpr std::size_t number = 200;
        spend_work(lua, home,
                   lua_type(lua, -1) == LUA_TNUMBER ? number
                                                    : 10 + (lua_objlen(lua, -1) + gap_size) / 8);
        luaL_addvalue(&out);
        if (i != last) luaL_addlstring(&out, gap, gap_size);
    }
    luaL_pushresult(&out);
    return 1;
}

} // namespace

void replace_unmetered_functions(lua_State* lua) {
    replace(lua, "tonumber", by_size_of_arguments);
    replace(lua, "error", by_size_of_arguments);

    lua_getfield(lua, -1, "string");
    for (const char* name : {"format", "lower", "reverse", "sub", "upper"})
        replace(lua, name, by_size_of_arguments);
    lua_pop(lua, 1);

    lua_getfield(lua, -1, "table");
    for (const char* name : {"maxn", "remove"})
        replace(lua, name, by_size_of_arguments);
    replace(lua, "sort", table_sort);
    replace(lua, "concat", table_concat);
    lua_pop(lua, 1);
}

} // namespace mini_redis
