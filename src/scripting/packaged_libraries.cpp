#include "scripting/packaged_libraries.hpp"

#include <algorithm>
#include <cstddef>

#include "scripting/lua_home.hpp"

extern "C" {
int luaopen_cjson(lua_State*);
int luaopen_bit(lua_State*);
}

namespace mini_redis {
namespace {

constexpr std::size_t most_json_bytes = std::size_t{256} * 1024 * 1024;

// Adds at most what the value at the top takes as JSON, until there is too much. What nests so
// deeply that the stack does not suffice is refused by the encoder as well.
void add_json_size(lua_State* lua, std::size_t& size) {
    constexpr std::size_t escaped = 6; // \u0000
    constexpr std::size_t others = 64; // numbers, names, quotes, commas
    size += others;
    if (lua_type(lua, -1) == LUA_TSTRING) size += escaped * lua_objlen(lua, -1);
    if (lua_type(lua, -1) != LUA_TTABLE || lua_checkstack(lua, 3) == 0) return;
    for (lua_pushnil(lua); size <= most_json_bytes && lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        if (lua_type(lua, -2) == LUA_TSTRING) size += escaped * lua_objlen(lua, -2);
        add_json_size(lua, size);
        if (size > most_json_bytes) return; // the caller does not need the stack any more
    }
}

// Upvalue: the library's own function. Its errors are given the place of the script's call.
int call_original(lua_State* lua) {
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_settop(lua, 2);
    if (lua_pcall(lua, 1, 1, 0) == 0) return 1;
    luaL_where(lua, 1);
    lua_insert(lua, -2);
    lua_concat(lua, 2);
    return lua_error(lua);
}

int safe_encode(lua_State* lua) {
    luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
    std::size_t size = 0;
    add_json_size(lua, size);
    if (size > most_json_bytes) return luaL_error(lua, "not enough memory");
    spend_work(lua, lua_home::of(lua), size / 8);
    return call_original(lua);
}

int safe_decode(lua_State* lua) {
    luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
    if (lua_type(lua, 1) == LUA_TSTRING) spend_work(lua, lua_home::of(lua), lua_objlen(lua, 1));
    return call_original(lua);
}

int safe_new(lua_State* lua);

// Puts the safe functions into the library at the top.
void make_json_safe(lua_State* lua) {
    lua_getfield(lua, -1, "encode");
    lua_pushcclosure(lua, safe_encode, 1);
    lua_setfield(lua, -2, "encode");
    lua_getfield(lua, -1, "decode");
    lua_pushcclosure(lua, safe_decode, 1);
    lua_setfield(lua, -2, "decode");
    lua_getfield(lua, -1, "new");
    lua_pushcclosure(lua, safe_new, 1);
    lua_setfield(lua, -2, "new");
}

// cjson.new(): the library once more, with settings of its own.
int safe_new(lua_State* lua) {
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_call(lua, 0, 1);
    make_json_safe(lua);
    return 1;
}

int safe_tohex(lua_State* lua) {
    if (lua_gettop(lua) > 1) {
        const int digits = std::clamp(luaL_checkint(lua, 2), -8, 8);
        lua_pushinteger(lua, digits);
        lua_replace(lua, 2);
    }
    const lua_CFunction original = lua_tocfunction(lua, lua_upvalueindex(1));
    return original(lua);
}

} // namespace

int open_json(lua_State* lua) {
    lua_pushcfunction(lua, luaopen_cjson);
    lua_call(lua, 0, 1);
    make_json_safe(lua);
    return 1;
}

int open_bit(lua_State* lua) {
    lua_pushcfunction(lua, luaopen_bit);
    lua_call(lua, 0, 1);
    lua_getfield(lua, -1, "tohex");
    lua_pushcclosure(lua, safe_tohex, 1);
    lua_setfield(lua, -2, "tohex");
    return 1;
}

} // namespace mini_redis
