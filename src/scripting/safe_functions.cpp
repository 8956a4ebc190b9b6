// Functions of Lua's that would let a script change what it must not, crash Lua 5.1, or keep the
// processor for long without passing an instruction, each with what makes it safe.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "scripting/interpreter.hpp"
#include "scripting/lua_home.hpp"
#include "scripting/sandbox.hpp"
#include "scripting/string_functions.hpp"
#include "scripting/text_loader.hpp"

namespace mini_redis {
namespace {

int call_stock(lua_State* lua, stock_function which) {
    return lua_home::of(lua).stock[static_cast<std::size_t>(which)](lua);
}

// -- Tables that are protected ----------------------------------------------------------------

template <stock_function Which>
int unless_protected(lua_State* lua) {
    if (push_protected(lua, 1)) return refuse_change(lua);
    return call_stock(lua, Which);
}

// Reads from the real table what a script asks of its stand-in.
template <stock_function Which>
int of_real_table(lua_State* lua) {
    if (push_protected(lua, 1)) lua_replace(lua, 1);
    return call_stock(lua, Which);
}

int safe_next(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    if (push_protected(lua, 1)) lua_replace(lua, 1);
    if (lua_next(lua, 1) != 0) return 2;
    lua_pushnil(lua);
    return 1;
}

// The first upvalue is Lua's own next(), which needs not ask at each step.
int safe_pairs(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (push_protected(lua, 1)) {
        lua_pop(lua, 1);
        lua_pushcfunction(lua, safe_next);
    } else {
        lua_pushvalue(lua, lua_upvalueindex(1));
    }
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

int safe_rawget(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    if (push_protected(lua, 1)) lua_replace(lua, 1);
    lua_rawget(lua, 1);
    return 1;
}

int safe_getmetatable(lua_State* lua) {
    luaL_checkany(lua, 1);
    const bool is_protected = push_protected(lua, 1);
    if (is_protected) lua_replace(lua, 1);
    if (lua_getmetatable(lua, 1) == 0) {
        lua_pushnil(lua);
        return 1;
    }
    if (luaL_getmetafield(lua, 1, "__metatable") != 0) return 1;
    // Those of the globals and of all strings are not a script's to change.
    if (is_protected || lua_type(lua, 1) == LUA_TSTRING) protect(lua);
    return 1;
}

// A place far outside of the table would have Lua move all the numbers up to it.
int safe_insert(lua_State* lua) {
    if (push_protected(lua, 1)) return refuse_change(lua);
    if (lua_gettop(lua) == 3 && lua_type(lua, 1) == LUA_TTABLE && lua_isnumber(lua, 2) != 0) {
        constexpr lua_Number far = 1e6;
        const lua_Number place = lua_tonumber(lua, 2);
        const std::size_t count = lua_objlen(lua, 1);
        spend_work(lua, lua_home::of(lua), count);
        const auto size = static_cast<lua_Number>(count);
        if (!(place >= -far && place <= size + far))
            return luaL_argerror(lua, 2, "position out of bounds");
    }
    return call_stock(lua, stock_function::insert);
}

// -- Code that is loaded ----------------------------------------------------------------------

int loaded(lua_State* lua, int status) {
    if (status == 0) return 1;
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

int safe_loadstring(lua_State* lua) {
    std::size_t size = 0;
    const char* const code = luaL_checklstring(lua, 1, &size);
    const char* const name = luaL_optstring(lua, 2, code); // which the stack keeps alive
    return loaded(lua, load_text(lua, {code, size}, name));
}

// The pieces are fetched before Lua's parser begins: so no function runs in the middle of it.
int safe_load(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    if (lua_isnoneornil(lua, 2)) {
        lua_settop(lua, 1);
        lua_pushliteral(lua, "=(load)");
    }
    const char* const name = luaL_checkstring(lua, 2);
    lua_settop(lua, 2);
    lua_createtable(lua, 0, 0);
    for (int pieces = 1;; ++pieces) {
        lua_pushvalue(lua, 1);
        if (lua_pcall(lua, 0, 1, 0) != 0) return loaded(lua, LUA_ERRRUN);
        if (lua_isnil(lua, -1)) break;
        if (lua_isstring(lua, -1) == 0) {
            lua_pushliteral(lua, "reader function must return a string");
            return loaded(lua, LUA_ERRRUN);
        }
        const bool end = lua_objlen(lua, -1) == 0;
        lua_rawseti(lua, 3, pieces);
        if (end) break;
    }
    lua_settop(lua, 3);
    luaL_Buffer code;
    luaL_buffinit(lua, &code);
    const int count = static_cast<int>(lua_objlen(lua, 3));
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(lua, 3, i);
        luaL_addvalue(&code);
    }
    luaL_pushresult(&code);
    std::size_t size = 0;
    const char* const text = lua_tolstring(lua, -1, &size);
    return loaded(lua, load_text(lua, {text, size}, name));
}

// -- Calls ------------------------------------------------------------------------------------

// As Lua's, but of an error that redis.call() has raised the message alone is given.
int safe_pcall(lua_State* lua) {
    if (lua_gettop(lua) == 0) { // as Redis's
        lua_pushboolean(lua, 0);
        return 1;
    }
    const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
    if (status != 0 && lua_istable(lua, -1)) {
        lua_getfield(lua, -1, "err");
        if (lua_isstring(lua, -1) != 0)
            lua_replace(lua, -2);
        else
            lua_pop(lua, 1);
    }
    luaL_checkstack(lua, 1, nullptr);
    lua_pushboolean(lua, status == 0);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

// Lua computes the number of values in an int, which may overflow.
int safe_unpack(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    const std::int64_t first = luaL_optint(lua, 2, 1);
    const std::int64_t last = lua_isnoneornil(lua, 3)
                                  ? static_cast<std::int64_t>(lua_objlen(lua, 1))
                                  : luaL_checkint(lua, 3);
    if (first > last) return 0;
    const std::int64_t count = last - first + 1;
    if (count >= INT32_MAX || lua_checkstack(lua, static_cast<int>(count)) == 0)
        return luaL_error(lua, "too many results to unpack");
    for (std::int64_t i = first; i <= last; ++i)
        lua_rawgeti(lua, 1, static_cast<int>(i));
    return static_cast<int>(count);
}

// Whether, and how eagerly, garbage is collected is not for one script to say: others follow.
int safe_collectgarbage(lua_State* lua) {
    static const char* const options[] = {"stop", "restart",  "collect",    "count",
                                          "step", "setpause", "setstepmul", nullptr};
    constexpr int collect = 2;
    constexpr int count = 3;
    constexpr int step = 4;
    constexpr int set_pause = 5;
    const int option = luaL_checkoption(lua, 1, "collect", options);
    if (option == collect || option == step)
        spend_work(lua, lua_home::of(lua), lua_home::of(lua).memory / 16);
    const int argument = luaL_optint(lua, 2, 0);
    if (option == count) {
        lua_pushnumber(lua, static_cast<double>(lua_home::of(lua).memory) / 1024.0);
    } else if (option == step) {
        lua_pushboolean(lua, lua_gc(lua, LUA_GCSTEP, std::clamp(argument, 0, 1 << 20)));
    } else if (option >= set_pause) {
        auto& kept = lua_home::of(lua).collector_settings;
        lua_pushnumber(lua,
                       std::exchange(kept[static_cast<std::size_t>(option - set_pause)], argument));
    } else {
        if (option == collect) lua_gc(lua, LUA_GCCOLLECT, 0);
        lua_pushnumber(lua, 0);
    }
    return 1;
}

// -- Strings ----------------------------------------------------------------------------------

int safe_rep(lua_State* lua) {
    std::size_t size = 0;
    const char* const text = luaL_checklstring(lua, 1, &size);
    const lua_Number wanted = luaL_checknumber(lua, 2);
    if (size == 0 || !(wanted >= 1)) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (wanted * static_cast<double>(size) > static_cast<double>(interpreter::memory_limit))
        return luaL_error(lua, "not enough memory");
    // What is there already is doubled, so that few pieces are copied.
    const std::size_t total = static_cast<std::size_t>(wanted) * size;
    spend_work(lua, lua_home::of(lua), total / 8);
    char few[256];
    char* const result =
        total <= sizeof few ? few : static_cast<char*>(lua_newuserdata(lua, total));
    std::memcpy(result, text, size);
    for (std::size_t done = size; done < total; done += std::min(done, total - done))
        std::memcpy(result + done, result, std::min(done, total - done));
    lua_pushlstring(lua, result, total);
    return 1;
}

// -- Random numbers ---------------------------------------------------------------------------

int safe_random(lua_State* lua) {
    script_random& source = lua_home::of(lua).random;
    const lua_Number part = source.next() % script_random::range / lua_Number{script_random::range};
    const int arguments = lua_gettop(lua);
    if (arguments > 2) return luaL_error(lua, "wrong number of arguments");
    if (arguments == 0) {
        lua_pushnumber(lua, part);
        return 1;
    }
    const lua_Number least = arguments == 2 ? luaL_checkint(lua, 1) : 1;
    const lua_Number most = luaL_checkint(lua, arguments);
    luaL_argcheck(lua, least <= most, arguments, "interval is empty");
    lua_pushnumber(
        lua, static_cast<lua_Number>(static_cast<std::int64_t>(part * (most - least + 1))) + least);
    return 1;
}

int safe_randomseed(lua_State* lua) {
    lua_home::of(lua).random.seed(static_cast<std::uint32_t>(luaL_checkint(lua, 1)));
    return 0;
}

// ---------------------------------------------------------------------------------------------

// Puts a function into the table at the top, and notes the one that it replaces.
void replace(lua_State* lua, const char* name, lua_CFunction function, stock_function original) {
    lua_getfield(lua, -1, name);
    lua_home::of(lua).stock[static_cast<std::size_t>(original)] = lua_tocfunction(lua, -1);
    lua_pop(lua, 1);
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

void replace(lua_State* lua, const char* name, lua_CFunction function) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

} // namespace

void replace_unsafe_functions(lua_State* lua) {
    using enum stock_function;
    lua_getfield(lua, -1, "next");
    lua_pushcclosure(lua, safe_pairs, 1);
    lua_setfield(lua, -2, "pairs");
    replace(lua, "next", safe_next);
    replace(lua, "rawget", safe_rawget);
    replace(lua, "rawset", unless_protected<rawset>, rawset);
    replace(lua, "getmetatable", safe_getmetatable);
    replace(lua, "setmetatable", unless_protected<setmetatable>, setmetatable);
    replace(lua, "load", safe_load);
    replace(lua, "loadstring", safe_loadstring);
    replace(lua, "pcall", safe_pcall);
    replace(lua, "unpack", safe_unpack);
    replace(lua, "collectgarbage", safe_collectgarbage);

    lua_getfield(lua, -1, "table");
    replace(lua, "insert", safe_insert, insert);
    replace(lua, "foreach", of_real_table<foreach>, foreach);
    replace(lua, "foreachi", of_real_table<foreachi>, foreachi);
    lua_pop(lua, 1);

    lua_getfield(lua, -1, "string");
    replace(lua, "find", string_find);
    replace(lua, "match", string_match);
    replace(lua, "gmatch", string_gmatch);
    replace(lua, "gfind", string_gmatch); // its name in Lua 5.0
    replace(lua, "gsub", string_gsub);
    replace(lua, "rep", safe_rep);
    lua_pop(lua, 1);

    lua_getfield(lua, -1, "math");
    replace(lua, "random", safe_random);
    replace(lua, "randomseed", safe_randomseed);
    lua_pop(lua, 1);
}

} // namespace mini_redis
