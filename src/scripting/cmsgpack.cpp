// MessagePack (https://msgpack.org) as the scripts of Redis know it. All numbers are big-endian:
//
//     00-7f  small integer        c0     nil               d0-d3  integer of 1, 2, 4, 8 bytes
//     80-8f  map of up to 15      c2 c3  false, true       d9-db  string, size of 1, 2, 4 bytes
//     90-9f  array of up to 15    ca cb  float, double     dc dd  array, size of 2, 4 bytes
//     a0-bf  string of up to 31   cc-cf  unsigned integer  de df  map, size of 2, 4 bytes
//     e0-ff  -32 to -1                   of 1, 2, 4, 8     else   not known here: bad data
//
// What is read comes from a stranger. Nothing is set aside for a size that is only announced, and
// Lua's stack, of which each level takes at least one slot, bounds how deep values nest.
#include "scripting/cmsgpack.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "scripting/lua_home.hpp"

namespace mini_redis {
namespace {

// Tables deeper than this are written as nil, which also ends the writing of what holds itself.
constexpr int most_levels = 16;

constexpr std::size_t steps_per_value = 10; // for spend_work()

// -- Writing ----------------------------------------------------------------------------------

// The bytes stand in a userdata, so that Lua frees them whatever happens.
struct output {
    lua_State* lua;
    lua_home* home;
    int slot; // of the userdata
    char* bytes;
    std::size_t size;
    std::size_t capacity;
};

constexpr std::size_t first_capacity = 128;

// A table may hold another one often, and so ask for far more than it takes itself.
constexpr std::size_t most_bytes = std::size_t{1} << 28;

output open_output(lua_State* lua) {
    char* const bytes = static_cast<char*>(lua_newuserdata(lua, first_capacity));
    return {lua, &lua_home::of(lua), lua_gettop(lua), bytes, 0, first_capacity};
}

void grow(output& out, std::size_t more) {
    if (more > most_bytes - out.size) luaL_error(out.lua, "not enough memory");
    const std::size_t capacity = std::min(std::max(out.capacity * 2, out.size + more), most_bytes);
    char* const bytes = static_cast<char*>(lua_newuserdata(out.lua, capacity));
    std::memcpy(bytes, out.bytes, out.size);
    lua_replace(out.lua, out.slot);
    out.bytes = bytes;
    out.capacity = capacity;
}

void append(output& out, const char* bytes, std::size_t size) {
    if (size > out.capacity - out.size) grow(out, size);
    std::memcpy(out.bytes + out.size, bytes, size);
    out.size += size;
}

void append_byte(output& out, unsigned byte) {
    const char written = static_cast<char>(byte);
    append(out, &written, 1);
}

// The byte that says what follows, and the lowest `width` bytes of the value.
void append_tagged(output& out, unsigned tag, std::uint64_t value, int width) {
    char bytes[9];
    bytes[0] = static_cast<char>(tag);
    for (int i = 1; i <= width; ++i)
        bytes[i] = static_cast<char>(value >> (8 * (width - i)));
    append(out, bytes, static_cast<std::size_t>(width) + 1);
}

// In the fewest of 1, 2, 4 and 8 bytes. Negative ones need a bit for their sign.
void encode_integer(output& out, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= -32 && value <= 0x7f) return append_byte(out, static_cast<unsigned>(bits & 0xff));
    const int sign = value < 0 ? 1 : 0;
    unsigned power = 0;
    while (power < 3 && value >> ((8 << power) - sign) != -sign)
        ++power;
    append_tagged(out, (value < 0 ? 0xd0U : 0xccU) + power, bits, 1 << power);
}

// Whole numbers become integers, and others the shorter kind of float that loses nothing.
void encode_number(output& out, double value) {
    constexpr double limit = 9223372036854775808.0; // 2^63
    if (value >= -limit && value < limit && value == std::trunc(value))
        return encode_integer(out, static_cast<std::int64_t>(value));
    const float shorter = static_cast<float>(value);
    if (static_cast<double>(shorter) == value)
        append_tagged(out, 0xca, std::bit_cast<std::uint32_t>(shorter), 4);
    else
        append_tagged(out, 0xcb, std::bit_cast<std::uint64_t>(value), 8);
}

void encode_string(output& out, int at) {
    std::size_t size = 0;
    const char* const bytes = lua_tolstring(out.lua, at, &size);
    if (size > most_bytes) luaL_error(out.lua, "not enough memory");
    if (size < 32)
        append_byte(out, 0xa0U | static_cast<unsigned>(size));
    else if (size <= 0xff)
        append_tagged(out, 0xd9, size, 1);
    else if (size <= 0xffff)
        append_tagged(out, 0xda, size, 2);
    else
        append_tagged(out, 0xdb, size, 4);
    append(out, bytes, size);
}

// `small` is the tag of up to 15 elements, `large` that of a size of two bytes.
void encode_count(output& out, unsigned small, unsigned large, std::size_t count) {
    if (count <= 15)
        append_byte(out, small | static_cast<unsigned>(count));
    else if (count <= 0xffff)
        append_tagged(out, large, count, 2);
    else
        append_tagged(out, large + 1, count, 4);
}

struct table_shape {
    bool is_array; // its keys are 1 to count
    std::size_t count;
};

table_shape shape_of(lua_State* lua, int at) {
    bool positions_only = true;
    double last = 0;
    std::size_t count = 0;
    for (lua_pushnil(lua); lua_next(lua, at) != 0; lua_pop(lua, 1)) {
        ++count;
        if (!positions_only) continue;
        const double key = lua_type(lua, -2) == LUA_TNUMBER ? lua_tonumber(lua, -2) : 0;
        positions_only = key > 0 && key == std::floor(key);
        last = std::max(last, key);
    }
    return {positions_only && last == static_cast<double>(count), count};
}

void encode_table(output& out, int at, int level);

void encode_value(output& out, int at, int level) {
    spend_work(out.lua, *out.home, steps_per_value);
    switch (lua_type(out.lua, at)) {
    case LUA_TSTRING: return encode_string(out, at);
    case LUA_TBOOLEAN: return append_byte(out, lua_toboolean(out.lua, at) != 0 ? 0xc3 : 0xc2);
    case LUA_TNUMBER: return encode_number(out, lua_tonumber(out.lua, at));
    case LUA_TTABLE:
        if (level < most_levels) return encode_table(out, at, level + 1);
        break;
    default: break;
    }
    append_byte(out, 0xc0);
}

void encode_table(output& out, int at, int level) {
    lua_State* const lua = out.lua;
    // A key, its value, and the userdata of grow().
    luaL_checkstack(lua, 3, "in function table_is_an_array");
    const table_shape shape = shape_of(lua, at);
    const int top = lua_gettop(lua);
    if (shape.is_array) {
        encode_count(out, 0x90, 0xdc, shape.count);
        for (std::size_t i = 1; i <= shape.count; ++i) {
            lua_rawgeti(lua, at, static_cast<int>(i));
            encode_value(out, top + 1, level);
            lua_pop(lua, 1);
        }
        return;
    }
    encode_count(out, 0x80, 0xde, shape.count);
    for (lua_pushnil(lua); lua_next(lua, at) != 0; lua_pop(lua, 1)) {
        encode_value(out, top + 1, level);
        encode_value(out, top + 2, level);
    }
}

int pack(lua_State* lua) {
    const int count = lua_gettop(lua);
    if (count == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
    if (lua_checkstack(lua, count) == 0)
        return luaL_argerror(lua, 0, "Too many arguments for MessagePack pack.");
    output out = open_output(lua);
    for (int i = 1; i <= count; ++i)
        encode_value(out, i, 0);
    lua_pushlstring(lua, out.bytes, out.size);
    return 1;
}

// -- Reading ----------------------------------------------------------------------------------

struct input {
    lua_State* lua;
    const char* at;
    std::size_t left;
};

const char* take(input& in, std::size_t size) {
    if (size > in.left) luaL_error(in.lua, "Missing bytes in input.");
    const char* const taken = in.at;
    in.at += size;
    in.left -= size;
    return taken;
}

std::uint64_t take_number(input& in, int width) {
    const char* const bytes = take(in, static_cast<std::size_t>(width));
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

template <class Number>
void push(input& in, Number value) {
    lua_pushnumber(in.lua, static_cast<lua_Number>(value));
}

void decode_value(input& in);

void decode_string(input& in, std::uint64_t size) {
    const char* const bytes = take(in, size);
    lua_pushlstring(in.lua, bytes, size);
}

void decode_array(input& in, std::uint64_t count) {
    luaL_checkstack(in.lua, 2, "in function mp_decode_to_lua_array");
    lua_newtable(in.lua);
    for (std::uint64_t i = 1; i <= count; ++i) {
        push(in, i);
        decode_value(in);
        lua_rawset(in.lua, -3);
    }
}

void decode_map(input& in, std::uint64_t count) {
    lua_newtable(in.lua);
    for (; count != 0; --count) {
        decode_value(in);
        decode_value(in);
        lua_rawset(in.lua, -3); // an error if the key is nil or NaN
    }
}

// All that starts with a byte from c0 to df.
void decode_tagged(input& in, unsigned tag) {
    lua_State* const lua = in.lua;
    switch (tag) {
    case 0xc0: return lua_pushnil(lua);
    case 0xc2:
    case 0xc3: return lua_pushboolean(lua, tag == 0xc3);
    case 0xca:
        return push(in, std::bit_cast<float>(static_cast<std::uint32_t>(take_number(in, 4))));
    case 0xcb: return push(in, std::bit_cast<double>(take_number(in, 8)));
    case 0xcc:
    case 0xcd:
    case 0xce: return push(in, take_number(in, 1 << (tag - 0xcc)));
    case 0xcf: // as in Redis, where the highest bit is the sign here too
    case 0xd3: return push(in, static_cast<std::int64_t>(take_number(in, 8)));
    case 0xd0: return push(in, static_cast<std::int8_t>(take_number(in, 1)));
    case 0xd1: return push(in, static_cast<std::int16_t>(take_number(in, 2)));
    case 0xd2: return push(in, static_cast<std::int32_t>(take_number(in, 4)));
    case 0xd9:
    case 0xda:
    case 0xdb: return decode_string(in, take_number(in, 1 << (tag - 0xd9)));
    case 0xdc:
    case 0xdd: return decode_array(in, take_number(in, 2 << (tag - 0xdc)));
    case 0xde:
    case 0xdf: return decode_map(in, take_number(in, 2 << (tag - 0xde)));
    default: luaL_error(lua, "Bad data format in input.");
    }
}

void decode_value(input& in) {
    const auto tag = static_cast<unsigned char>(*take(in, 1));
    spend_work(in.lua, lua_home::of(in.lua), steps_per_value);
    luaL_checkstack(in.lua, 1,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
    if (tag <= 0x7f || tag >= 0xe0)
        push(in, static_cast<std::int8_t>(tag));
    else if (tag <= 0x8f)
        decode_map(in, tag & 0xfU);
    else if (tag <= 0x9f)
        decode_array(in, tag & 0xfU);
    else if (tag <= 0xbf)
        decode_string(in, tag & 0x1fU);
    else
        decode_tagged(in, tag);
}

// Up to `limit` values from `offset` on, after the offset of what comes next, or -1 if nothing
// does. All values, and no offset, if both are zero.
int unpack_values(lua_State* lua, lua_Integer limit, lua_Integer offset) {
    std::size_t size = 0;
    const char* const bytes = luaL_checklstring(lua, 1, &size);
    const int shown_offset = static_cast<int>(offset);
    const int shown_size = static_cast<int>(size);
    if (offset < 0 || limit < 0) // it is Redis that calls the size a limit here
        return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                          shown_offset, shown_size);
    const auto skipped = static_cast<std::size_t>(offset);
    if (skipped > size)
        return luaL_error(lua, "Start offset %d greater than input length %d.", shown_offset,
                          shown_size);

    const bool all = limit == 0 && offset == 0;
    input in{lua, bytes + skipped, size - skipped};
    int count = 0;
    for (; in.left != 0 && (all || count < limit); ++count)
        decode_value(in);
    if (all) return count;
    luaL_checkstack(lua, 1, "in function mp_unpack_full");
    lua_pushinteger(lua, in.left == 0 ? -1 : static_cast<lua_Integer>(size - in.left));
    lua_insert(lua, -(count + 1));
    return count + 1;
}

int unpack(lua_State* lua) {
    return unpack_values(lua, 0, 0);
}

int unpack_one(lua_State* lua) {
    const lua_Integer offset = luaL_optinteger(lua, 2, 0);
    if (lua_gettop(lua) > 1) lua_settop(lua, 1);
    return unpack_values(lua, 1, offset);
}

int unpack_limit(lua_State* lua) {
    const lua_Integer limit = luaL_checkinteger(lua, 2);
    const lua_Integer offset = luaL_optinteger(lua, 3, 0);
    lua_settop(lua, 1);
    return unpack_values(lua, limit, offset);
}

void set_text(lua_State* lua, const char* name, const char* text) {
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, name);
}

} // namespace

int open_cmsgpack(lua_State* lua) {
    constexpr luaL_Reg functions[] = {{"pack", pack},
                                      {"unpack", unpack},
                                      {"unpack_one", unpack_one},
                                      {"unpack_limit", unpack_limit}};
    lua_newtable(lua);
    for (const luaL_Reg& function : functions) {
        lua_pushcfunction(lua, function.func);
        lua_setfield(lua, -2, function.name);
    }
    set_text(lua, "_NAME", "cmsgpack");
    set_text(lua, "_VERSION", "lua-cmsgpack 0.4.0");
    set_text(lua, "_COPYRIGHT", "Copyright (C) the authors of mini-redis");
    set_text(lua, "_DESCRIPTION", "MessagePack for the scripts of mini-redis");
    return 1;
}

} // namespace mini_redis
