// Structures, each described by a format that is read from left to right:
//
//     < > little- or big-endian from here on    ! !N  align to a power of two: 8, or N
//     b B  1 byte, signed or not                x     one byte of padding
//     h H  short   l L  long   T  size_t        f d   float, double
//     i I  int, or of N bytes: i3, I16          s     string, ended by a zero byte
//     c cN string of 1 or N bytes               c0    string whose size is what was unpacked before
//
// Format, position and data may all be hostile: what is read always lies within the data, and what
// is written is bounded by the format and the strings given, of which no option repeats any.
#include "scripting/struct_library.hpp"

#include <algorithm>
#include <bit>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace mini_redis {
namespace {

constexpr std::size_t most_integer_bytes = 32;
constexpr int usual_alignment = 8;

struct layout {
    bool little_endian = std::endian::native == std::endian::little;
    std::size_t alignment = 1;
};

struct option {
    char code;
    std::size_t size;
};

// -- Formats ----------------------------------------------------------------------------------

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_number(char code) noexcept {
    return std::strchr("bBhHlLTiIfd", code) != nullptr;
}

int read_number(lua_State* lua, const char*& format, int otherwise) {
    if (!is_digit(*format)) return otherwise;
    int number = 0;
    for (; is_digit(*format); ++format) {
        const int digit = *format - '0';
        if (number > (INT_MAX - digit) / 10) luaL_error(lua, "integral size overflow");
        number = number * 10 + digit;
    }
    return number;
}

std::size_t integer_size(lua_State* lua, const char*& format) {
    const auto size = static_cast<std::size_t>(read_number(lua, format, sizeof(int)));
    if (size > most_integer_bytes)
        luaL_error(lua, "integral size %d is larger than limit of %d", static_cast<int>(size),
                   static_cast<int>(most_integer_bytes));
    return size;
}

// The size is zero where the data, or nothing, decides it.
option read_option(lua_State* lua, const char*& format) {
    const char code = *format++;
    switch (code) {
    case 'x':
    case 'b':
    case 'B': return {code, 1};
    case 'h':
    case 'H': return {code, sizeof(short)};
    case 'l':
    case 'L': return {code, sizeof(long)};
    case 'T': return {code, sizeof(std::size_t)};
    case 'f': return {code, sizeof(float)};
    case 'd': return {code, sizeof(double)};
    case 'i':
    case 'I': return {code, integer_size(lua, format)};
    case 'c': return {code, static_cast<std::size_t>(read_number(lua, format, 1))};
    default: return {code, 0};
    }
}

// What has to be skipped at `position` to align the option. Sizes that are no powers of two give
// alignments of little sense, which data that was written so needs again.
std::size_t padding(const layout& how, option what, std::size_t position) noexcept {
    const std::size_t alignment = std::min(what.size, how.alignment);
    if (what.code == 'c' || alignment <= 1) return 0;
    const std::size_t bits = alignment - 1;
    return (alignment - (position & bits)) & bits;
}

// An option that stands for no data.
void change_layout(lua_State* lua, char code, const char*& format, layout& how) {
    switch (code) {
    case ' ': return;
    case '<': how.little_endian = true; return;
    case '>': how.little_endian = false; return;
    case '!': {
        const int alignment = read_number(lua, format, usual_alignment);
        if (!std::has_single_bit(static_cast<unsigned>(alignment)))
            luaL_error(lua, "alignment %d is not a power of 2", alignment);
        how.alignment = static_cast<std::size_t>(alignment);
        return;
    }
    default: luaL_argerror(lua, 1, lua_pushfstring(lua, "invalid format option '%c'", code));
    }
}

// -- Numbers ----------------------------------------------------------------------------------

// The 64 bits that a C compiler for x86-64 makes of a number, also of one that fits in no integer.
std::uint64_t bits_of(double number) noexcept {
    constexpr double sign = 9223372036854775808.0; // 2^63
    constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
    if (number >= -sign && number < sign)
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
    if (number >= sign && number < 2 * sign) return static_cast<std::uint64_t>(number);
    return number > 0 ? 0 : sign_bit;
}

void write_integer(luaL_Buffer& out, std::uint64_t bits, std::size_t size, bool little_endian) {
    char bytes[most_integer_bytes] = {};
    for (std::size_t i = 0; i < std::min(size, sizeof bits); ++i)
        bytes[little_endian ? i : size - 1 - i] = static_cast<char>(bits >> (8 * i));
    luaL_addlstring(&out, bytes, size);
}

// The lowest 64 bits of an integer of any size.
std::uint64_t read_integer(const char* bytes, std::size_t size, bool little_endian) noexcept {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i)
        bits = bits << 8 | static_cast<unsigned char>(bytes[little_endian ? size - 1 - i : i]);
    return bits;
}

// Redis extends the sign with a mask shifted by as many bits as the integer has. With more than 64
// that shift starts anew on the processors that Redis mostly runs on, and so it does here.
double signed_number(std::uint64_t bits, std::size_t size) noexcept {
    const std::uint64_t mask = ~std::uint64_t{0} << ((size * 8 - 1) % 64);
    if ((bits & mask) != 0) bits |= mask;
    return static_cast<double>(static_cast<std::int64_t>(bits));
}

double number_at(const char* bytes, option what, bool little_endian) noexcept {
    const std::uint64_t bits = read_integer(bytes, what.size, little_endian);
    switch (what.code) {
    case 'f': return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case 'd': return std::bit_cast<double>(bits);
    case 'b':
    case 'h':
    case 'l':
    case 'i': return signed_number(bits, what.size);
    default: return static_cast<double>(bits);
    }
}

// -- struct.pack ------------------------------------------------------------------------------

void write_number(lua_State* lua, luaL_Buffer& out, int argument, option what, layout how) {
    const double number = luaL_checknumber(lua, argument);
    std::uint64_t bits = 0;
    if (what.code == 'f')
        bits = std::bit_cast<std::uint32_t>(static_cast<float>(number));
    else if (what.code == 'd')
        bits = std::bit_cast<std::uint64_t>(number);
    else
        bits = bits_of(number);
    write_integer(out, bits, what.size, how.little_endian);
}

std::size_t write_string(lua_State* lua, luaL_Buffer& out, int argument, option what) {
    std::size_t size = 0;
    const char* const bytes = luaL_checklstring(lua, argument, &size);
    const std::size_t written = what.size == 0 ? size : what.size;
    // Redis names the argument after it.
    luaL_argcheck(lua, written <= size, argument + 1, "string too short");
    luaL_addlstring(&out, bytes, written);
    if (what.code != 's') return written;
    luaL_addchar(&out, '\0');
    return written + 1;
}

int pack(lua_State* lua) {
    const char* format = luaL_checkstring(lua, 1);
    layout how;
    std::size_t position = 0;
    int argument = 2;
    luaL_Buffer out;
    lua_pushnil(lua); // the first argument that is missing must not be a part of the buffer
    luaL_buffinit(lua, &out);
    while (*format != '\0') {
        const option what = read_option(lua, format);
        for (std::size_t left = padding(how, what, position); left != 0; --left, ++position)
            luaL_addchar(&out, '\0');
        if (what.code == 'c' || what.code == 's') {
            position += write_string(lua, out, argument++, what);
            continue;
        }
        if (is_number(what.code))
            write_number(lua, out, argument++, what, how);
        else if (what.code == 'x')
            luaL_addchar(&out, '\0');
        else
            change_layout(lua, what.code, format, how);
        position += what.size;
    }
    luaL_pushresult(&out);
    return 1;
}

// -- struct.unpack ----------------------------------------------------------------------------

struct input {
    const char* bytes;
    std::size_t size;
    std::size_t position;
};

void require(lua_State* lua, const input& in, std::size_t size) {
    luaL_argcheck(lua, size <= in.size && in.position <= in.size - size, 2,
                  "data string too short");
}

void skip_padding(lua_State* lua, input& in, std::size_t size) {
    luaL_argcheck(lua, size <= std::numeric_limits<std::size_t>::max() - in.position, 2,
                  "data string too short");
    in.position += size;
}

// Takes the size of a c0 from the top, of which it was the last result. It may be a string.
std::size_t pop_size(lua_State* lua, int& results) {
    if (results == 0 || lua_isnumber(lua, -1) == 0)
        luaL_error(lua, "format 'c0' needs a previous size");
    const std::uint64_t size = bits_of(lua_tonumber(lua, -1));
    lua_pop(lua, 1);
    --results;
    return size;
}

// Of a string that a zero byte ends.
std::size_t size_to_zero(lua_State* lua, const input& in) {
    const char* const start = in.bytes + in.position;
    const void* const end = std::memchr(start, '\0', in.size - in.position);
    if (end == nullptr) luaL_error(lua, "unfinished string in data");
    return static_cast<std::size_t>(static_cast<const char*>(end) - start);
}

void read_string(lua_State* lua, input& in, option what, int& results) {
    std::size_t size = what.size;
    if (what.code == 's')
        size = size_to_zero(lua, in);
    else if (size == 0)
        require(lua, in, size = pop_size(lua, results));
    lua_pushlstring(lua, in.bytes + in.position, size);
    in.position += size + (what.code == 's' ? 1 : 0);
    ++results;
}

int unpack(lua_State* lua) {
    const char* format = luaL_checkstring(lua, 1);
    input in{};
    in.bytes = luaL_checklstring(lua, 2, &in.size);
    in.position = static_cast<std::size_t>(luaL_optinteger(lua, 3, 1));
    luaL_argcheck(lua, in.position > 0, 3, "offset must be 1 or greater");
    --in.position; // that of a negative one is beyond all data
    layout how;
    int results = 0;
    while (*format != '\0') {
        const option what = read_option(lua, format);
        skip_padding(lua, in, padding(how, what, in.position));
        require(lua, in, what.size);
        luaL_checkstack(lua, 2, "too many results"); // this one and the position
        if (what.code == 'c' || what.code == 's') {
            read_string(lua, in, what, results);
            continue;
        }
        if (is_number(what.code)) {
            lua_pushnumber(lua, number_at(in.bytes + in.position, what, how.little_endian));
            ++results;
        } else if (what.code != 'x')
            change_layout(lua, what.code, format, how);
        in.position += what.size;
    }
    lua_pushinteger(lua, static_cast<lua_Integer>(in.position + 1));
    return results + 1;
}

// -- struct.size ------------------------------------------------------------------------------

int size(lua_State* lua) {
    const char* format = luaL_checkstring(lua, 1);
    layout how;
    std::size_t total = 0;
    while (*format != '\0') {
        const option what = read_option(lua, format);
        total += padding(how, what, total);
        if (what.code == 's') return luaL_argerror(lua, 1, "option 's' has no fixed size");
        if (what.code == 'c' && what.size == 0)
            return luaL_argerror(lua, 1, "option 'c0' has no fixed size");
        // As in Redis, letters and digits that mean nothing have no size.
        if (!is_letter_or_digit(what.code)) change_layout(lua, what.code, format, how);
        total += what.size;
    }
    lua_pushinteger(lua, static_cast<lua_Integer>(total));
    return 1;
}

} // namespace

int open_struct(lua_State* lua) {
    constexpr luaL_Reg functions[] = {{"pack", pack}, {"unpack", unpack}, {"size", size}};
    lua_newtable(lua);
    for (const luaL_Reg& function : functions) {
        lua_pushcfunction(lua, function.func);
        lua_setfield(lua, -2, function.name);
    }
    return 1;
}

} // namespace mini_redis
