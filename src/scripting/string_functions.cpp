#include "scripting/string_functions.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "scripting/pattern_matcher.hpp"

namespace mini_redis {
namespace {

std::string_view text_argument(lua_State* lua, int at) {
    std::size_t size = 0;
    const char* const bytes = luaL_checklstring(lua, at, &size);
    return {bytes, size};
}

void push(lua_State* lua, const char* begin, const char* end) {
    lua_pushlstring(lua, begin, static_cast<std::size_t>(end - begin));
}

// The captures of a match, or all of it if there are none.
int push_found(lua_State* lua, pattern_matcher& matcher, const char* begin, const char* end) {
    if (matcher.captures() != 0) return matcher.push_captures();
    push(lua, begin, end);
    return 1;
}

// -- find and match ---------------------------------------------------------------------------

// In windows, so that a script can be ended between them. They overlap by the text's size, and are
// large enough that this does not matter.
const char* find_plain(lua_State* lua, std::string_view subject, std::string_view text) {
    constexpr std::size_t least_window = std::size_t{1} << 20;
    if (text.empty()) return subject.data();
    const std::size_t window = std::max(least_window, 2 * text.size());
    while (subject.size() >= text.size()) {
        const std::size_t size = std::min(window, subject.size());
        spend_work(lua, lua_home::of(lua), size / 16);
        if (const void* const found = memmem(subject.data(), size, text.data(), text.size()))
            return static_cast<const char*>(found);
        subject.remove_prefix(size - text.size() + 1);
    }
    return nullptr;
}

// The third argument, as an offset into the subject: from its end if it is negative.
std::size_t start_of_search(lua_State* lua, std::size_t size) {
    const auto length = static_cast<lua_Integer>(size);
    const lua_Integer given = luaL_optinteger(lua, 3, 1);
    const lua_Integer place = given < 0 ? given + length + 1 : given;
    return static_cast<std::size_t>(std::clamp<lua_Integer>(place, 1, length + 1) - 1);
}

bool is_plain(const char* pattern) {
    return std::strpbrk(pattern, "^$*+?.([%-") == nullptr;
}

int find_or_match(lua_State* lua, bool find) {
    const std::string_view subject = text_argument(lua, 1);
    const std::string_view pattern = text_argument(lua, 2);
    const std::size_t start = start_of_search(lua, subject.size());
    const char* const end = subject.data() + subject.size();
    if (find && (lua_toboolean(lua, 4) != 0 || is_plain(pattern.data()))) {
        const char* const found = find_plain(lua, subject.substr(start), pattern);
        if (found == nullptr) return lua_pushnil(lua), 1;
        const std::ptrdiff_t offset = found - subject.data();
        lua_pushinteger(lua, offset + 1);
        lua_pushinteger(lua, offset + static_cast<std::ptrdiff_t>(pattern.size()));
        return 2;
    }
    const bool anchored = pattern.starts_with('^');
    pattern_matcher matcher{lua, subject, pattern.data() + (anchored ? 1 : 0)};
    for (const char* from = subject.data() + start; from <= end; ++from) {
        if (const char* const to = matcher.match(from)) {
            if (!find) return push_found(lua, matcher, from, to);
            lua_pushinteger(lua, from - subject.data() + 1);
            lua_pushinteger(lua, to - subject.data());
            return matcher.push_captures() + 2;
        }
        if (anchored) break;
    }
    lua_pushnil(lua);
    return 1;
}

// -- gmatch -----------------------------------------------------------------------------------

// Upvalues: the subject, the pattern, and the offset to go on at.
int next_match(lua_State* lua) {
    std::size_t size = 0;
    const char* const begin = lua_tolstring(lua, lua_upvalueindex(1), &size);
    const char* const end = begin + size;
    pattern_matcher matcher{lua, {begin, size}, lua_tostring(lua, lua_upvalueindex(2))};
    for (const char* from = begin + lua_tointeger(lua, lua_upvalueindex(3)); from <= end; ++from) {
        const char* const to = matcher.match(from);
        if (to == nullptr) continue;
        lua_pushinteger(lua, to - begin + (to == from ? 1 : 0)); // an empty match is not met again
        lua_replace(lua, lua_upvalueindex(3));
        return push_found(lua, matcher, from, to);
    }
    return 0;
}

// -- gsub -------------------------------------------------------------------------------------

// A text that replaces: %0 is the match, %1 … its captures.
void add_expanded(lua_State* lua, luaL_Buffer& out, pattern_matcher& matcher, const char* begin,
                  const char* end) {
    std::size_t size = 0;
    const char* at = lua_tolstring(lua, 3, &size);
    const char* const last = at + size;
    spend_work(lua, lua_home::of(lua), size / 8);
    while (at < last) {
        const auto* escape =
            static_cast<const char*>(std::memchr(at, '%', static_cast<std::size_t>(last - at)));
        if (escape == nullptr) escape = last;
        luaL_addlstring(&out, at, static_cast<std::size_t>(escape - at));
        if (escape == last) return;
        const char what = escape[1]; // the zero byte behind the text, if it ends here
        if (what == '0' || (what == '1' && matcher.captures() == 0)) {
            luaL_addlstring(&out, begin, static_cast<std::size_t>(end - begin));
        } else if (what >= '1' && what <= '9') {
            matcher.push_capture(what - '1');
            luaL_addvalue(&out);
        } else {
            luaL_addchar(&out, what);
        }
        at = escape + 2;
    }
}

void add_replacement(lua_State* lua, luaL_Buffer& out, pattern_matcher& matcher, const char* begin,
                     const char* end) {
    switch (lua_type(lua, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(lua, 3);
        lua_call(lua, push_found(lua, matcher, begin, end), 1);
        break;
    case LUA_TTABLE:
        if (matcher.captures() == 0)
            push(lua, begin, end);
        else
            matcher.push_capture(0);
        lua_gettable(lua, 3);
        break;
    default: return add_expanded(lua, out, matcher, begin, end);
    }
    if (lua_toboolean(lua, -1) == 0) { // it stays as it is
        lua_pop(lua, 1);
        push(lua, begin, end);
    } else if (lua_isstring(lua, -1) == 0) {
        luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
    }
    luaL_addvalue(&out);
}

} // namespace

int string_find(lua_State* lua) {
    return find_or_match(lua, true);
}

int string_match(lua_State* lua) {
    return find_or_match(lua, false);
}

int string_gmatch(lua_State* lua) {
    luaL_checkstring(lua, 1);
    luaL_checkstring(lua, 2);
    lua_settop(lua, 2);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_match, 3);
    return 1;
}

int string_gsub(lua_State* lua) {
    const std::string_view subject = text_argument(lua, 1);
    const std::string_view pattern{luaL_checkstring(lua, 2)};
    const int type = lua_type(lua, 3);
    const int most = luaL_optint(lua, 4, static_cast<int>(subject.size() + 1));
    luaL_argcheck(lua,
                  type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                      type == LUA_TTABLE,
                  3, "string/function/table expected");
    const bool anchored = pattern.starts_with('^');
    pattern_matcher matcher{lua, subject, pattern.data() + (anchored ? 1 : 0)};
    const char* const end = subject.data() + subject.size();
    const char* from = subject.data();
    const char* copied = from; // what is in front of this is in the result already
    luaL_Buffer out;
    luaL_buffinit(lua, &out);
    int count = 0;
    while (count < most) {
        const char* const to = matcher.match(from);
        if (to != nullptr) {
            ++count;
            luaL_addlstring(&out, copied, static_cast<std::size_t>(from - copied));
            add_replacement(lua, out, matcher, from, to);
            copied = to;
        }
        if (to != nullptr && to > from)
            from = to;
        else if (from < end)
            ++from;
        else
            break;
        if (anchored) break;
    }
    luaL_addlstring(&out, copied, static_cast<std::size_t>(end - copied));
    luaL_pushresult(&out);
    lua_pushinteger(lua, count);
    return 2;
}

} // namespace mini_redis
