#include "scripting/reply_to_lua.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string_view>

#include "resp/number.hpp"
#include "scripting/lua_home.hpp"

namespace mini_redis {
namespace {

// The reply is our own: what is read here is known to be well-formed. Lua's errors leave these
// functions by longjmp, so none of them keeps anything that has to be destroyed.

std::string_view take_line(const char*& at) {
    const char* const begin = at;
    const char* const end = static_cast<const char*>(std::strchr(begin, '\r'));
    at = end + 2;
    return {begin, static_cast<std::size_t>(end - begin)};
}

// A line's number; -1 stands for a null.
std::ptrdiff_t take_size(const char*& at) {
    const bool null = *at == '-';
    std::ptrdiff_t size = 0;
    for (; *at != '\r'; ++at)
        if (*at != '-') size = size * 10 + (*at - '0');
    at += 2;
    return null ? -1 : size;
}

std::string_view take_blob(const char*& at, std::ptrdiff_t size) {
    const std::string_view bytes{at, static_cast<std::size_t>(size)};
    at += size + 2;
    return bytes;
}

void push(lua_State* lua, std::string_view text) {
    lua_pushlstring(lua, text.data(), text.size());
}

void push_array(lua_State* lua, const char*& at, std::ptrdiff_t size) {
    lua_createtable(lua, static_cast<int>(std::min<std::ptrdiff_t>(size, 1 << 20)), 0);
    for (std::ptrdiff_t i = 1; i <= size; ++i) {
        push_reply(lua, at);
        lua_rawseti(lua, -2, static_cast<int>(i));
    }
}

// {map = {…}}, {set = {member = true …}}
void push_map(lua_State* lua, const char*& at, std::ptrdiff_t size, bool is_set) {
    lua_createtable(lua, 0, 1);
    lua_newtable(
        lua); // it grows as Redis's does: in which order it is walked through depends on that
    for (std::ptrdiff_t i = 0; i < size; ++i) {
        push_reply(lua, at);
        if (is_set)
            lua_pushboolean(lua, 1);
        else
            push_reply(lua, at);
        lua_rawset(lua, -3);
    }
    lua_setfield(lua, -2, is_set ? "set" : "map");
}

void push_field(lua_State* lua, const char* name, std::string_view text) {
    lua_createtable(lua, 0, 1);
    push(lua, text);
    lua_setfield(lua, -2, name);
}

void push_verbatim(lua_State* lua, std::string_view blob) {
    lua_createtable(lua, 0, 1);
    lua_createtable(lua, 0, 2);
    push(lua, blob.substr(4)); // behind "txt:"
    lua_setfield(lua, -2, "string");
    push(lua, blob.substr(0, 3));
    lua_setfield(lua, -2, "format");
    lua_setfield(lua, -2, "verbatim_string");
}

double real_of(std::string_view digits) {
    if (digits == "nan") return std::numeric_limits<double>::quiet_NaN();
    return parse_real(digits).value_or(0);
}

// Integers become Lua's numbers, which are doubles: beyond 2^53 they lose digits, as in Redis.
double integer_of(std::string_view digits) {
    return static_cast<double>(parse_integer(digits).value_or(0));
}

void push_blob(lua_State* lua, const char*& at) {
    const std::ptrdiff_t size = take_size(at);
    if (size < 0)
        lua_pushboolean(lua, 0);
    else
        push(lua, take_blob(at, size));
}

void push_list(lua_State* lua, const char*& at) {
    const std::ptrdiff_t size = take_size(at);
    if (size < 0)
        lua_pushboolean(lua, 0);
    else
        push_array(lua, at, size);
}

void push_real(lua_State* lua, std::string_view digits) {
    lua_createtable(lua, 0, 1);
    lua_pushnumber(lua, real_of(digits));
    lua_setfield(lua, -2, "double");
}

} // namespace

void push_reply(lua_State* lua, const char*& at) {
    luaL_checkstack(lua, 6, "the reply nests too deeply");
    constexpr std::size_t steps = 20;
    spend_work(lua, lua_home::of(lua), steps);
    switch (*at++) {
    case '$': return push_blob(lua, at);
    case ':': return lua_pushnumber(lua, integer_of(take_line(at)));
    case '+': return push_field(lua, "ok", take_line(at));
    case '-': return push_field(lua, "err", take_line(at));
    case '*':
    case '>': return push_list(lua, at);
    case '_': return take_line(at), lua_pushnil(lua);
    case '#': return lua_pushboolean(lua, take_line(at) == "t");
    case ',': return push_real(lua, take_line(at));
    case '(': return push_field(lua, "big_number", take_line(at));
    case '%': return push_map(lua, at, take_size(at), false);
    case '~': return push_map(lua, at, take_size(at), true);
    case '=': return push_verbatim(lua, take_blob(at, take_size(at)));
    case '!': return push_field(lua, "err", take_blob(at, take_size(at)));
    default: lua_pushnil(lua);
    }
}

} // namespace mini_redis
