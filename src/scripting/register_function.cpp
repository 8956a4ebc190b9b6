// redis.register_function(), in its two shapes: with a name and a function, or with one table of
// named arguments.
#include <algorithm>
#include <cctype>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "scripting/library_load.hpp"
#include "scripting/lua_home.hpp"
#include "scripting/redis_library.hpp"
#include "scripting/script_header.hpp"

namespace mini_redis {
namespace {

// Where the arguments stand on the stack, once they have been sorted out; 0: not given.
struct places {
    int name = 0;
    int callback = 0;
    int description = 0;
    int flags = 0;
};

std::string_view text_at(lua_State* lua, int at) {
    std::size_t size = 0;
    const char* const text = lua_tolstring(lua, at, &size);
    return {text, size};
}

// The named arguments of the table at 1 are pushed. Returns what is wrong, or null.
const char* sort_out(lua_State* lua, places& found) {
    for (lua_pushnil(lua); lua_next(lua, 1) != 0;) {
        // A number must not become a text in place: lua_next() would be lost.
        if (lua_type(lua, -2) != LUA_TSTRING)
            return "ERR unknown argument given to redis.register_function";
        const std::string_view key = text_at(lua, -2);
        int* place = nullptr;
        if (key == "function_name") {
            place = &found.name;
            if (lua_isstring(lua, -1) == 0)
                return "ERR function_name argument given to redis.register_function must be a "
                       "string";
        } else if (key == "description") {
            place = &found.description;
            if (lua_isstring(lua, -1) == 0)
                return "ERR description argument given to redis.register_function must be a string";
        } else if (key == "callback") {
            place = &found.callback;
            if (!lua_isfunction(lua, -1))
                return "ERR callback argument given to redis.register_function must be a function";
        } else if (key == "flags") {
            place = &found.flags;
            if (!lua_istable(lua, -1))
                return "ERR flags argument to redis.register_function must be a table representing "
                       "function flags";
        } else {
            return "ERR unknown argument given to redis.register_function";
        }
        lua_insert(lua, -2); // the value stays below the key
        *place = lua_gettop(lua) - 1;
    }
    if (found.name == 0) return "ERR redis.register_function must get a function name argument";
    if (found.callback == 0) return "ERR redis.register_function must get a callback argument";
    return nullptr;
}

const char* check_positions(lua_State* lua, places& found) {
    if (lua_isstring(lua, 1) == 0)
        return "ERR first argument to redis.register_function must be a string";
    if (!lua_isfunction(lua, 2))
        return "ERR second argument to redis.register_function must be a function";
    found = {.name = 1, .callback = 2};
    return nullptr;
}

// Names are the same in any case.
bool same_name(std::string_view left, std::string_view right) {
    return std::equal(
        left.begin(), left.end(), right.begin(), right.end(),
        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

bool is_known_flag(std::string_view flag) {
    static constexpr std::string_view known[] = {"no-writes", "allow-oom", "allow-stale",
                                                 "no-cluster", "allow-cross-slot-keys"};
    return std::find(std::begin(known), std::end(known), flag) != std::end(known);
}

const char* check_flags(lua_State* lua, int table) {
    if (table == 0) return nullptr;
    for (int i = 1;; ++i) {
        lua_rawgeti(lua, table, i);
        if (lua_isnil(lua, -1)) break;
        if (lua_type(lua, -1) != LUA_TSTRING || !is_known_flag(text_at(lua, -1)))
            return "ERR unknown flag given";
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return nullptr;
}

// Nothing of Lua that may fail is called here: it throws, and must end within.
const char* add(lua_State* lua, const places& found, library_load& loading, int function) noexcept {
    try {
        const std::string_view name = text_at(lua, found.name);
        for (const library_function& each : loading.functions)
            if (same_name(each.name, name)) return "ERR Function already exists in the library";
        library_function added{
            .name = std::string{name}, .description = {}, .flags = {}, .function = function};
        if (found.description != 0)
            added.description = std::string{text_at(lua, found.description)};
        for (int i = 1; found.flags != 0; ++i) {
            lua_rawgeti(lua, found.flags, i);
            if (lua_isnil(lua, -1)) break;
            added.flags.emplace_back(text_at(lua, -1));
            lua_pop(lua, 1);
        }
        loading.functions.push_back(std::move(added));
        return nullptr;
    } catch (const std::bad_alloc&) {
        return "ERR not enough memory";
    }
}

} // namespace

int register_function(lua_State* lua) {
    library_load* const loading = lua_home::of(lua).loading;
    if (loading == nullptr)
        return raise(lua,
                     "ERR redis.register_function can only be called on FUNCTION LOAD command");
    const int count = lua_gettop(lua);
    if (count < 1 || count > 2)
        return raise(lua, "ERR wrong number of arguments to redis.register_function");
    luaL_checkstack(lua, 16, nullptr);
    if (count == 1 && !lua_istable(lua, 1))
        return raise(
            lua,
            "ERR calling redis.register_function with a single argument is only applicable to Lua "
            "table (representing named arguments).");
    places found;
    const char* wrong = count == 1 ? sort_out(lua, found) : check_positions(lua, found);
    if (wrong == nullptr) wrong = check_flags(lua, found.flags);
    if (wrong != nullptr) return raise(lua, wrong);
    if (!is_library_name(text_at(lua, found.name)))
        return raise(
            lua,
            "ERR Library names can only contain letters, numbers, or underscores(_) and must be at "
            "least one character long");
    if (found.description != 0) lua_tostring(lua, found.description); // of a number, before add()
    lua_pushvalue(lua, found.callback);
    const int function = luaL_ref(lua, LUA_REGISTRYINDEX);
    wrong = add(lua, found, *loading, function);
    if (wrong == nullptr) return 0;
    luaL_unref(lua, LUA_REGISTRYINDEX, function);
    return raise(lua, wrong);
}

} // namespace mini_redis
