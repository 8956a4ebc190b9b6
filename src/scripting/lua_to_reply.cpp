#include "scripting/lua_to_reply.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include "scripting/lua_home.hpp"

namespace mini_redis {
namespace {

// A table may name one string or table often, and so ask for more than it takes itself. A value
// counts for what it takes in Lua at least: what names nothing twice is below the limit.
constexpr std::size_t most_reply_bytes = std::size_t{1} << 29;
constexpr std::size_t bytes_per_value = 16;

std::string_view text_at_top(lua_State* lua) {
    std::size_t size = 0;
    const char* const bytes = lua_tolstring(lua, -1, &size);
    return {bytes, size};
}

// The writer throws where memory runs out, which must not pass through Lua.
template <class Write>
void write(lua_State* lua, reply_writer& out, Write&& what) {
    lua_home& home = lua_home::of(lua);
    constexpr std::size_t steps = 50;
    const std::size_t before = out.buffer().size();
    bool written = std::max(before, home.values_written * bytes_per_value) <= most_reply_bytes;
    try {
        if (written) what(out);
    } catch (const std::bad_alloc&) {
        written = false;
    }
    if (!written) luaL_error(lua, "not enough memory");
    ++home.values_written;
    spend_work(lua, home, steps + (out.buffer().size() - before) / 8);
}

std::string without_line_breaks(std::string_view text) {
    std::string line{text};
    for (char& c : line)
        if (c == '\r' || c == '\n') c = ' ';
    return line;
}

// What a C compiler for x86-64 makes of a number: scripts return infinities and NaNs by mistake.
std::int64_t integer_of(double number) noexcept {
    constexpr double limit = 9223372036854775808.0;
    if (number >= -limit && number < limit) return static_cast<std::int64_t>(number);
    return std::numeric_limits<std::int64_t>::min();
}

// Pushes a field of the table at the top if it is of that type.
bool push_field(lua_State* lua, const char* name, int type) {
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == type) return true;
    lua_pop(lua, 1);
    return false;
}

std::size_t count_pairs(lua_State* lua) {
    std::size_t count = 0;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1))
        ++count;
    return count;
}

// The table at the top is popped.
void write_map(lua_State* lua, reply_writer& out, bool is_set) {
    const std::size_t count = count_pairs(lua);
    write(lua, out, [&](reply_writer& to) { is_set ? to.set(count) : to.map(count); });
    for (lua_pushnil(lua); lua_next(lua, -2) != 0;) {
        lua_pushvalue(lua, -2);
        write_lua_value(lua, out);
        if (is_set)
            lua_pop(lua, 1);
        else
            write_lua_value(lua, out);
    }
    lua_pop(lua, 1);
}

void write_array(lua_State* lua, reply_writer& out) {
    int count = 0;
    for (;; ++count) {
        lua_rawgeti(lua, -1, count + 1);
        const bool end = lua_isnil(lua, -1);
        lua_pop(lua, 1);
        if (end) break;
    }
    write(lua, out, [&](reply_writer& to) { to.array(static_cast<std::size_t>(count)); });
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(lua, -1, i);
        write_lua_value(lua, out);
    }
    lua_pop(lua, 1);
}

// {verbatim_string = {format = …, string = …}}, whose inner table is at the top; false if it is not
// like that.
bool write_verbatim(lua_State* lua, reply_writer& out) {
    if (!push_field(lua, "format", LUA_TSTRING)) return false;
    const std::string_view format = text_at_top(lua);
    lua_pop(lua, 1); // the table keeps it
    if (!push_field(lua, "string", LUA_TSTRING)) return false;
    const std::string_view text = text_at_top(lua);
    char three[3] = {' ', ' ', ' '};
    format.substr(0, 3).copy(three, 3);
    write(lua, out, [&](reply_writer& to) { to.verbatim_string({three, 3}, text); });
    lua_pop(lua, 1);
    return true;
}

// A NaN has its sign, as printf() gives it: on x86-64 that of 0/0 is set.
void write_real(lua_State* lua, reply_writer& out) {
    const double number = lua_tonumber(lua, -1);
    write(lua, out, [&](reply_writer& to) {
        if (!std::isnan(number) || !std::signbit(number)) return to.real(number);
        to.resp3() ? to.raw(",-nan\r\n") : to.bulk_string("-nan");
    });
}

// Each error of a reply is counted by its own code, but those of redis.pcall() have been already.
// The table is below the error's text.
void count_error(lua_State* lua, reply_writer& out) {
    lua_pushliteral(lua, "ignore_error_stats_update");
    lua_rawget(lua, -3);
    if (lua_type(lua, -1) == LUA_TBOOLEAN && lua_toboolean(lua, -1) != 0)
        out.mark_errors_counted();
    else
        lua_home::of(lua).host->count_errors(out);
    lua_pop(lua, 1);
}

// The table at the top stands for one of RESP's other types; false if it does not.
bool write_special(lua_State* lua, reply_writer& out) {
    if (push_field(lua, "err", LUA_TSTRING)) {
        write(lua, out, [&](reply_writer& to) { to.error(text_at_top(lua)); });
        count_error(lua, out);
    } else if (push_field(lua, "ok", LUA_TSTRING)) {
        write(lua, out, [&](reply_writer& to) { to.simple_string(text_at_top(lua)); });
    } else if (push_field(lua, "double", LUA_TNUMBER)) {
        write_real(lua, out);
    } else if (push_field(lua, "map", LUA_TTABLE)) {
        write_map(lua, out, false);
        lua_pushnil(lua); // for the pop below
    } else if (push_field(lua, "set", LUA_TTABLE)) {
        write_map(lua, out, true);
        lua_pushnil(lua);
    } else if (push_field(lua, "big_number", LUA_TSTRING)) {
        write(lua, out, [text = text_at_top(lua)](reply_writer& to) {
            to.big_number(without_line_breaks(text));
        });
    } else if (push_field(lua, "verbatim_string", LUA_TTABLE)) {
        if (!write_verbatim(lua, out)) {
            lua_pop(lua, 1);
            return false;
        }
    } else {
        return false;
    }
    lua_pop(lua, 2);
    return true;
}

void write_table(lua_State* lua, reply_writer& out) {
    // Redis says this in place of what nests too deeply, and goes on.
    if (lua_checkstack(lua, 8) == 0) {
        lua_pop(lua, 1);
        return write(lua, out, [](reply_writer& to) { to.error("ERR reached lua stack limit"); });
    }
    if (!write_special(lua, out)) write_array(lua, out);
}

} // namespace

void write_lua_value(lua_State* lua, reply_writer& out) {
    const bool resp3 = lua_home::of(lua).protocol == protocol_version::resp3;
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
        write(lua, out, [&](reply_writer& to) { to.bulk_string(text_at_top(lua)); });
        break;
    case LUA_TNUMBER:
        write(lua, out, [&](reply_writer& to) { to.integer(integer_of(lua_tonumber(lua, -1))); });
        break;
    case LUA_TBOOLEAN: {
        const bool value = lua_toboolean(lua, -1) != 0;
        write(lua, out, [&](reply_writer& to) {
            if (resp3)
                to.boolean(value);
            else if (value)
                to.integer(1);
            else
                to.null();
        });
        break;
    }
    case LUA_TTABLE: return write_table(lua, out);
    default: write(lua, out, [](reply_writer& to) { to.null(); });
    }
    lua_pop(lua, 1);
}

} // namespace mini_redis
