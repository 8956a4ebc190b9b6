// Lua's own sort decides where equals come to stand, as scripts can see: so it is kept, with an
// order function that counts its calls. Only numbers, of which equals are the same, are sorted
// here, since such a function would cost more than the rest.
#include "scripting/table_sort.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "scripting/lua_home.hpp"

namespace mini_redis {
namespace {

// So many are sorted by Lua as ever: at worst each is compared with each.
constexpr std::size_t few = 1'000;

constexpr std::size_t steps_per_call = 50;

// How Lua sorts without an order function.
int ascending(lua_State* lua) {
    std::size_t steps = steps_per_call;
    if (lua_type(lua, 1) == LUA_TSTRING && lua_type(lua, 2) == LUA_TSTRING)
        steps += std::min(lua_objlen(lua, 1), lua_objlen(lua, 2)) / 8;
    spend_work(lua, lua_home::of(lua), steps);
    lua_pushboolean(lua, lua_lessthan(lua, 1, 2));
    return 1;
}

// Upvalue: an order function in C, such as rawequal.
int count_call(lua_State* lua) {
    spend_work(lua, lua_home::of(lua), steps_per_call);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

// -- Numbers ----------------------------------------------------------------------------------

// Fills `numbers` from the table. False if there is anything else: other types, what is not a
// number, and the two zeros, which are equal but not the same.
bool take_numbers(lua_State* lua, double* numbers, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        lua_rawgeti(lua, 1, static_cast<int>(i + 1));
        const double number = lua_tonumber(lua, -1);
        const bool fits = lua_type(lua, -1) == LUA_TNUMBER && !std::isnan(number) &&
                          !(number == 0 && std::signbit(number));
        lua_pop(lua, 1);
        if (!fits) return false;
        numbers[i] = number;
    }
    return true;
}

// By halves, until the rest does not take long.
void sort_numbers(lua_State* lua, double* first, double* last) {
    constexpr std::ptrdiff_t block = 1 << 14;
    while (last - first > block) {
        double* const middle = first + (last - first) / 2;
        spend_work(lua, lua_home::of(lua), static_cast<std::size_t>(last - first) * 4);
        std::nth_element(first, middle, last);
        sort_numbers(lua, first, middle);
        first = middle;
    }
    spend_work(lua, lua_home::of(lua), static_cast<std::size_t>(last - first) * 32);
    std::sort(first, last);
}

// The table at 1; false if it has to be sorted by Lua.
bool sort_as_numbers(lua_State* lua, std::size_t count) {
    lua_home& home = lua_home::of(lua);
    if (count > (home.memory_limit - home.memory) / 2 / sizeof(double)) return false;
    spend_work(lua, home, count * 8);
    auto* const numbers = static_cast<double*>(lua_newuserdata(lua, count * sizeof(double)));
    if (!take_numbers(lua, numbers, count)) return false;
    sort_numbers(lua, numbers, numbers + count);
    for (std::size_t i = 0; i < count; ++i) {
        lua_pushnumber(lua, numbers[i]);
        lua_rawseti(lua, 1, static_cast<int>(i + 1));
    }
    return true;
}

} // namespace

int table_sort(lua_State* lua) {
    if (lua_type(lua, 1) == LUA_TTABLE) {
        const std::size_t count = lua_objlen(lua, 1);
        if (lua_iscfunction(lua, 2) != 0) {
            lua_settop(lua, 2);
            lua_pushcclosure(lua, count_call, 1);
        } else if (lua_isnoneornil(lua, 2) && count > few) {
            lua_settop(lua, 1);
            if (sort_as_numbers(lua, count)) return 0;
            lua_settop(lua, 1);
            lua_pushcfunction(lua, ascending);
        }
    }
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

} // namespace mini_redis
