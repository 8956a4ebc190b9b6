// cmsgpack and struct, as scripts see them. What is expected here is what Redis 7.0 answers.
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "scripting/cmsgpack.hpp"
#include "scripting/lua_home.hpp"
#include "scripting/struct_library.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

// What show() makes of values: numbers with all their digits, strings with %xx for odd bytes.
constexpr const char* prelude = R"(
    function show(value)
        if type(value) == 'number' then return string.format('%.17g', value) end
        if type(value) == 'string' then
            return "'" .. value:gsub('[^%w]', function(c) return ('%%%02x'):format(c:byte()) end) .. "'"
        end
        if type(value) ~= 'table' then return tostring(value) end
        local parts = {}
        for key, held in pairs(value) do parts[#parts + 1] = show(key) .. '=' .. show(held) end
        table.sort(parts)
        return '{' .. table.concat(parts, ' ') .. '}'
    end
    function show_all(...)
        local parts = {}
        for i = 1, select('#', ...) do parts[i] = show((select(i, ...))) end
        return table.concat(parts, ' ')
    end
    function nested(open, levels, core) return open:rep(levels) .. core end
)";

class script {
public:
    explicit script(std::size_t most_bytes = std::size_t{1} << 30)
        : lua_{open(most_bytes), &lua_close} {
        REQUIRE(lua_ != nullptr);
        luaL_openlibs(lua());
        open_cmsgpack(lua());
        lua_setglobal(lua(), "cmsgpack");
        open_struct(lua());
        lua_setglobal(lua(), "struct");
        REQUIRE(run(prelude).empty());
    }

    /// The values of expressions, or the error.
    std::string operator()(const std::string& expressions) {
        return run("return show_all(" + expressions + ")");
    }

    void set(const char* name, const std::string& bytes) {
        lua_pushlstring(lua(), bytes.data(), bytes.size());
        lua_setglobal(lua(), name);
    }

    std::string run(const std::string& text) {
        if (luaL_loadbuffer(lua(), text.data(), text.size(), "@test") == 0)
            lua_pcall(lua(), 0, 1, 0);
        std::size_t size = 0;
        const char* const bytes = lua_tolstring(lua(), -1, &size);
        std::string out = bytes == nullptr ? std::string{} : std::string{bytes, size};
        lua_settop(lua(), 0);
        return out;
    }

private:
    lua_State* lua() { return lua_.get(); }

    lua_State* open(std::size_t most_bytes) {
        home_.memory_limit = most_bytes;
        return lua_newstate(&allocate, &home_);
    }

    static void* allocate(void* home, void* block, std::size_t old, std::size_t size) {
        lua_home& self = *static_cast<lua_home*>(home);
        if (size > old && size - old > self.memory_limit - self.memory) return nullptr;
        void* const moved = size == 0 ? nullptr : std::realloc(block, size);
        if (size == 0)
            std::free(block);
        else if (moved == nullptr)
            return nullptr;
        self.memory += size - old;
        return moved;
    }

    lua_home home_;
    std::unique_ptr<lua_State, void (*)(lua_State*)> lua_;
};

std::string packed(const std::string& values) {
    return script{}("cmsgpack.pack(" + values + ")");
}

std::string unpacked(const std::string& bytes) {
    return script{}("cmsgpack.unpack('" + bytes + "')");
}

constexpr const char* missing_bytes = "test:1: Missing bytes in input.";
constexpr const char* bad_data = "test:1: Bad data format in input.";
constexpr const char* too_many =
    "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)";
constexpr const char* short_data = "test:1: bad argument #2 to 'unpack' (data string too short)";

} // namespace

TEST_CASE("cmsgpack writes each number in the fewest bytes") {
    CHECK(packed("0, 1, 127, -1, -32, -0.0") == "'%00%01%7f%ff%e0%00'");
    CHECK(packed("128, 255, 256, 65535") == "'%cc%80%cc%ff%cd%01%00%cd%ff%ff'");
    CHECK(packed("65536, 2^32 - 1") == "'%ce%00%01%00%00%ce%ff%ff%ff%ff'");
    CHECK(packed("2^32, 2^53") == "'%cf%00%00%00%01%00%00%00%00%cf%00%20%00%00%00%00%00%00'");
    CHECK(packed("-33, -128, -129, -32768") == "'%d0%df%d0%80%d1%ff%7f%d1%80%00'");
    CHECK(packed("-32769, -2^31") == "'%d2%ff%ff%7f%ff%d2%80%00%00%00'");
    CHECK(packed("-2^31 - 1, -2^63") == "'%d3%ff%ff%ff%ff%7f%ff%ff%ff%d3%80%00%00%00%00%00%00%00'");
    CHECK(packed("1.5, 2^63, math.huge") == "'%ca%3f%c0%00%00%ca%5f%00%00%00%ca%7f%80%00%00'");
    CHECK(packed("0.1, 1e300") == "'%cb%3f%b9%99%99%99%99%99%9a%cb%7e7%e4%3c%88%00u%9c'");
    CHECK(packed("cmsgpack.unpack('\\203\\127\\248\\0\\0\\0\\0\\0\\0')") ==
          "'%cb%7f%f8%00%00%00%00%00%00'");
}

TEST_CASE("cmsgpack writes strings, tables, and nil for what it does not know") {
    CHECK(packed("'', 'abc', true, false, nil, print") == "'%a0%a3abc%c3%c2%c0%c0'");
    script lua;
    CHECK(lua("cmsgpack.pack(('x'):rep(32)):sub(1, 3)") == "'%d9%20x'");
    CHECK(lua("cmsgpack.pack(('x'):rep(256)):sub(1, 4)") == "'%da%01%00x'");
    CHECK(lua("cmsgpack.pack(('x'):rep(65536)):sub(1, 6)") == "'%db%00%01%00%00x'");
    CHECK(packed("{}, {1, 'a'}, {a = 1}") == "'%90%92%01%a1a%81%a1a%01'");
    CHECK(packed("{1, 2, nil, 4}") == "'%83%01%01%02%02%04%04'");
    CHECK(packed("{[2] = 1}, {[0] = 1}, {[1.5] = 1}") ==
          "'%81%02%01%81%00%01%81%ca%3f%c0%00%00%01'");
    CHECK(packed("{[math.huge] = 1}") == "'%81%ca%7f%80%00%00%01'");
    CHECK(lua("cmsgpack.pack(setmetatable({5}, {__index = function() return 7 end}))") ==
          "'%91%05'");
    lua.run("t, m = {}, {} for i = 1, 65536 do t[i], m[-i] = i, i end");
    CHECK(lua("cmsgpack.pack({unpack(t, 1, 16)}):sub(1, 4)") == "'%dc%00%10%01'");
    CHECK(lua("cmsgpack.pack(t):sub(1, 6), cmsgpack.pack(m):sub(1, 5)") ==
          "'%dd%00%01%00%00%01' '%df%00%01%00%00'");
}

TEST_CASE("cmsgpack writes sixteen levels of tables") {
    script lua;
    lua.run("deep = 1 for i = 1, 16 do deep = {deep} end deeper = {deep}");
    CHECK(lua("#cmsgpack.pack(deep), cmsgpack.pack(deep):sub(-1)") == "17 '%01'");
    CHECK(lua("#cmsgpack.pack(deeper), cmsgpack.pack(deeper):sub(-1)") == "17 '%c0'");
    lua.run("self = {} self[1] = self");
    CHECK(lua("cmsgpack.pack(self):sub(-2)") == "'%91%c0'");
}

TEST_CASE("what a small table asks for comes out of the memory of Lua") {
    script lua{std::size_t{32} << 20};
    lua.run("big = {('x'):rep(1000)} for i = 1, 15 do big = {big, big, big} end");
    CHECK(lua("cmsgpack.pack(big)") == "not enough memory");
    CHECK(lua("cmsgpack.pack(1)") == "'%01'");
}

TEST_CASE("cmsgpack.pack refuses no arguments, and too many") {
    CHECK(packed("") == "test:1: bad argument #0 to 'pack' (MessagePack pack needs input.)");
    CHECK(packed("unpack({}, 1, 4001)") ==
          "test:1: bad argument #0 to 'pack' (Too many arguments for MessagePack pack.)");
    CHECK(script{}("#cmsgpack.pack(unpack({}, 1, 4000))") == "4000");
}

TEST_CASE("cmsgpack reads each type") {
    CHECK(unpacked("") == "");
    CHECK(unpacked("\\0\\127\\224\\255\\192\\194\\195") == "0 127 -32 -1 nil false true");
    CHECK(unpacked("\\204\\255\\205\\255\\255\\206\\255\\255\\255\\255") == "255 65535 4294967295");
    CHECK(unpacked("\\207\\255\\255\\255\\255\\255\\255\\255\\254") == "-2"); // as in Redis
    CHECK(unpacked("\\208\\128\\209\\128\\0\\210\\128\\0\\0\\0") == "-128 -32768 -2147483648");
    CHECK(unpacked("\\211\\128\\0\\0\\0\\0\\0\\0\\0") == "-9.2233720368547758e+18");
    CHECK(unpacked("\\202\\63\\192\\0\\0\\203\\63\\248\\0\\0\\0\\0\\0\\0") == "1.5 1.5");
    CHECK(unpacked("\\161a\\217\\1b\\218\\0\\1c\\219\\0\\0\\0\\1d") == "'a' 'b' 'c' 'd'");
    CHECK(unpacked("\\146\\1\\2\\220\\0\\1\\3\\221\\0\\0\\0\\1\\4") == "{1=1 2=2} {1=3} {1=4}");
    CHECK(unpacked("\\129\\1\\2\\222\\0\\1\\3\\4\\223\\0\\0\\0\\1\\5\\6") == "{1=2} {3=4} {5=6}");
    CHECK(unpacked("\\129\\1\\192\\147\\1\\192\\3") == "{} {1=1 3=3}");
}

TEST_CASE("cmsgpack refuses what is cut short, and what it does not know") {
    for (const char* bytes :
         {"\\204", "\\202\\1\\1", "\\163ab", "\\217", "\\219\\255\\255\\255\\255a",
          "\\221\\255\\255\\255\\255a", "\\223\\255\\255\\255\\255ab", "a\\145"})
        CHECK(unpacked(bytes) == missing_bytes);
    for (const char* bytes : {"\\193", "\\196\\1a", "\\197\\0\\1a", "\\198\\0\\0\\0\\1a",
                              "\\199\\1\\1a", "\\201\\0\\0\\0\\1\\1a", "\\212\\1a", "a\\145\\216"})
        CHECK(unpacked(bytes) == bad_data);
    CHECK(unpacked("\\129\\192\\1") == "table index is nil");
    CHECK(unpacked("\\129\\203\\127\\248\\0\\0\\0\\0\\0\\0\\1") == "table index is NaN");
}

TEST_CASE("cmsgpack reads some values from an offset on") {
    script lua;
    CHECK(lua("cmsgpack.unpack_one('abc')") == "1 97");
    CHECK(lua("cmsgpack.unpack_one('abc', 2)") == "-1 99");
    CHECK(lua("cmsgpack.unpack_one('abc', 3)") == "-1");
    CHECK(lua("cmsgpack.unpack_limit('abc', 2)") == "2 97 98");
    CHECK(lua("cmsgpack.unpack_limit('abc', 9, 1)") == "-1 98 99");
    CHECK(lua("cmsgpack.unpack_limit('abc', 0)") == "97 98 99");
    CHECK(lua("cmsgpack.unpack_limit('abc', 0, 1)") == "1");
    CHECK(lua("cmsgpack.unpack_one('abc', 4)") ==
          "test:1: Start offset 4 greater than input length 3.");
    CHECK(lua("cmsgpack.unpack_one('abc', 2^32)") ==
          "test:1: Start offset 0 greater than input length 3.");
    CHECK(lua("cmsgpack.unpack_one('abc', -1)") ==
          "test:1: Invalid request to unpack with offset of -1 and limit of 3.");
    CHECK(lua("cmsgpack.unpack_limit('abc', -1)") ==
          "test:1: Invalid request to unpack with offset of 0 and limit of 3.");
    CHECK(lua("cmsgpack.unpack_one()") ==
          "test:1: bad argument #1 to 'unpack_one' (string expected, got no value)");
}

TEST_CASE("the stack of Lua bounds how much cmsgpack reads, and how deep") {
    // A thread has less of the other stack than the program's first.
    std::thread{[] {
        script lua;
        const auto outcome = [&](const std::string& bytes) {
            return lua("select(2, pcall(cmsgpack.unpack, " + bytes + "))");
        };
        const std::string kind = "'table'";
        CHECK(lua("type(cmsgpack.unpack(nested('\\145', 3999, 'a')))") == kind);
        CHECK(outcome("nested('\\145', 4000, 'a')") ==
              "'stack%20overflow%20%28in%20function%20mp%5fdecode%5fto%5flua%5farray%29'");
        CHECK(lua("type(cmsgpack.unpack(nested('\\129', 7997, 'aa' .. ('a'):rep(7997))))") == kind);
        CHECK(lua("cmsgpack.unpack(nested('\\129', 9000, 'a'))") ==
              std::string{"test:1: "} + too_many);
        CHECK(lua("select('#', cmsgpack.unpack(('a'):rep(7000)))") == "7000");
        CHECK(lua("cmsgpack.unpack(('a'):rep(100000))") == std::string{"test:1: "} + too_many);
    }}.join();
}

TEST_CASE("cmsgpack and struct tell random bytes from values without harm") {
    const std::uint64_t seed = random_seed();
    INFO("MINI_REDIS_TEST_SEED=" << seed);
    random_source random{seed};
    script lua;
    for (int round = 0; round < 2000; ++round) {
        lua.set("bytes", random.text(random.below(40)));
        lua.set("format", random.text(random.below(12), "<>! bBhHlLTiIcsfdx0123489"));
        lua.run("ok, values = pcall(function() return {cmsgpack.unpack(bytes)} end)");
        const std::string again =
            "show(cmsgpack.unpack(cmsgpack.pack(values[1]))) == show(values[1])";
        CHECK(lua("not ok or type(values[1]) == 'table' or " + again) == "true");
        lua.run("pcall(struct.unpack, format, bytes)"
                " pcall(struct.pack, format, 1, 2, 3, 4, 5) pcall(struct.size, format)");
    }
}

TEST_CASE("struct lays numbers and strings out") {
    script lua;
    CHECK(lua("struct.pack('<bhil', -1, 2, 3, 4)") ==
          "'%ff%02%00%03%00%00%00%04%00%00%00%00%00%00%00'");
    CHECK(lua("struct.pack('>BHIT', 1, 2, 3, 4)") ==
          "'%01%00%02%00%00%00%03%00%00%00%00%00%00%00%04'");
    CHECK(lua("struct.pack('>i3I1i9', -2, 511, -1)") ==
          "'%ff%ff%fe%ff%00%ff%ff%ff%ff%ff%ff%ff%ff'");
    CHECK(lua("struct.pack('<f>d', 1.5, 1.5)") == "'%00%00%c0%3f%3f%f8%00%00%00%00%00%00'");
    CHECK(lua("struct.pack('xc2c0s', 'abc', 'def', 'ghi')") == "'%00abdefghi%00'");
    CHECK(lua("struct.pack('<!bi!2bi', 1, 2, 3, 4)") ==
          "'%01%00%00%00%02%00%00%00%03%00%04%00%00%00'");
    CHECK(lua("struct.pack('>HHH', 2^64, 1e300, -1e300)") == "'%00%00%00%00%00%00'");
    CHECK(lua("struct.size('!bBhHlLTiIfdx'), struct.size('c9'), struct.size('!64bi32'), "
              "struct.size('z')") == "57 9 64 0");
}

TEST_CASE("struct reads what it laid out") {
    script lua;
    CHECK(lua("struct.unpack('bBhHiI', ('\\254'):rep(14))") ==
          "-2 254 -258 65278 -16843010 4278124286 15");
    CHECK(lua("struct.unpack('>i3 <i3', '\\255\\0\\0\\255\\0\\0')") == "-65536 255 7");
    CHECK(lua("struct.unpack('<I16', ('\\1\\0\\0\\0'):rep(4))") == "4294967297 17");
    CHECK(lua("struct.unpack('<i9', '\\200' .. ('\\0'):rep(8))") == "-56 10"); // as in Redis
    CHECK(lua("struct.unpack('<fd', struct.pack('<fd', 0.5, 0.1))") ==
          "0.5 0.10000000000000001 13");
    CHECK(lua("struct.unpack('sxc2', 'ab\\0-cde')") == "'ab' 'cd' 7");
    CHECK(lua("struct.unpack('bc0b', '\\2abc')") == "'ab' 99 5");
    CHECK(lua("struct.unpack('c1c0', '2abc')") == "'ab' 4");
    CHECK(lua("struct.unpack('!bi', 'a\\0\\0\\0\\1\\0\\0\\0')") == "97 1 9");
    CHECK(lua("struct.unpack('b', 'abc', 3)") == "99 4");
    CHECK(lua("struct.unpack('', 'abc', 500)") == "500");
}

TEST_CASE("struct refuses what is not there") {
    script lua;
    for (const char* arguments :
         {"'b', ''", "'bbbb', 'abc'", "'b', 'abc', 4", "'b', 'abc', 2^62", "'b', 'abc', -1",
          "'!i', 'abcdefgh', -1", "'b', 'abc', math.huge", "'c4', 'abc'", "'bc0', '\\4abc'",
          "'bc0', '\\255abc'", "'lc0', ('\\255'):rep(20)", "'c2147483647', 'abc'", "'s', 'abc', 5"})
        CHECK(lua(std::string{"struct.unpack("} + arguments + ")") == short_data);
    CHECK(lua("struct.unpack('b', 'abc', 0)") ==
          "test:1: bad argument #3 to 'unpack' (offset must be 1 or greater)");
    CHECK(lua("struct.unpack('s', 'abc')") == "test:1: unfinished string in data");
    CHECK(lua("struct.unpack('c0', 'abc')") == "test:1: format 'c0' needs a previous size");
    CHECK(lua("struct.unpack('c1c0', 'xabc')") == "test:1: format 'c0' needs a previous size");
    CHECK(lua("struct.pack('c4', 'abc')") ==
          "test:1: bad argument #3 to 'pack' (string too short)");
    CHECK(lua("struct.pack('bb', 1)") ==
          "test:1: bad argument #3 to 'pack' (number expected, got nil)");
    CHECK(lua("select('#', struct.unpack(('b'):rep(7000), ('a'):rep(7000)))") == "7001");
    CHECK(lua("struct.unpack(('b'):rep(8000), ('a'):rep(8000))") ==
          "test:1: stack overflow (too many results)");
}

TEST_CASE("struct refuses formats that make no sense") {
    script lua;
    CHECK(lua("struct.pack('=')") ==
          "test:1: bad argument #1 to 'pack' (invalid format option '=')");
    CHECK(lua("struct.size('_')") ==
          "test:1: bad argument #1 to 'size' (invalid format option '_')");
    CHECK(lua("struct.pack('i33', 1)") == "test:1: integral size 33 is larger than limit of 32");
    CHECK(lua("struct.pack('i2147483648', 1)") == "test:1: integral size overflow");
    CHECK(lua("struct.size('c' .. ('9'):rep(1000))") == "test:1: integral size overflow");
    CHECK(lua("struct.size('!3')") == "test:1: alignment 3 is not a power of 2");
    CHECK(lua("struct.size('!0')") == "test:1: alignment 0 is not a power of 2");
    CHECK(lua("struct.size('s')") ==
          "test:1: bad argument #1 to 'size' (option 's' has no fixed size)");
    CHECK(lua("struct.size('c0')") ==
          "test:1: bad argument #1 to 'size' (option 'c0' has no fixed size)");
}
