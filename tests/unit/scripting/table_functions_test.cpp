// table.sort and table.concat of scripts against those of Lua's own library.
#include <string>

#include "scripting/sandbox.hpp"
#include "support/catch.hpp"
#include "unit/scripting/lua_state.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

// `lua` keeps Lua's own functions; same() tells whether the others do the same.
class table_state : public lua_state {
public:
    table_state() {
        REQUIRE(run("lua = {sort = table.sort, concat = table.concat}").empty());
        lua_pushvalue(lua(), LUA_GLOBALSINDEX);
        replace_unmetered_functions(lua());
        lua_settop(lua(), 0);
        REQUIRE(run(R"(
            local function text(value)
                if type(value) == 'number' then return ('%.17g'):format(value) end
                return type(value) == 'table' and value.name or tostring(value)
            end
            local function all(list)
                local parts = {}
                for i, value in ipairs(list) do parts[i] = text(value) end
                return lua.concat(parts, ' ')
            end
            function sorted(count, make, order)
                local one, other = {}, {}
                for i = 1, count do
                    local value = make(i)
                    one[i], other[i] = value, value
                end
                local done, why = pcall(lua.sort, one, order)
                local ours_done, ours_why = pcall(table.sort, other, order)
                return done == ours_done and why == ours_why and all(one) == all(other)
            end
            function joined(...)
                local done, text = pcall(lua.concat, ...)
                local ours_done, ours_text = pcall(table.concat, ...)
                return done == ours_done and text == ours_text
            end)")
                    .empty());
    }

    bool is_true(const std::string& expression) { return run("return " + expression) == "true"; }

    bool same(const std::string& call) { return is_true("tostring(" + call + ")"); }
};

} // namespace

TEST_CASE("table.sort does what Lua's does") {
    table_state state;
    for (const std::string count : {"0", "1", "2", "10", "1000", "1001", "5000", "100000"}) {
        INFO(count);
        CHECK(state.same("sorted(" + count + ", function() return math.random() end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return -i end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i % 7 end)"));
    }
    for (const std::string count : {"10", "3000"}) {
        INFO(count);
        CHECK(state.same("sorted(" + count +
                         ", function() return ('%d'):format(math.random(99)) end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i % 2 == 0 and 0 or -0 end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i % 5 == 0 and 0/0 or i end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i % 2 == 0 and i or 'x' end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i % 2 == 0 end)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i * 7 % 11 end, rawequal)"));
        CHECK(state.same("sorted(" + count + ", function(i) return i end, math.max)"));
        CHECK(state.same("sorted(" + count +
                         ", function(i) return i end, function() return true end)"));
        CHECK(state.same("sorted(" + count +
                         ", function(i) return i end, function(a, b) return a > b end)"));
        CHECK(state.same("sorted(" + count + R"(, function(i)
            return setmetatable({name = i}, {__lt = function(a, b) return a.name % 5 < b.name % 5 end})
        end))"));
    }
    CHECK(state.same("sorted(10, function(i) return i end, 1)"));
}

TEST_CASE("table.concat does what Lua's does") {
    table_state state;
    CHECK(state.same("joined({})"));
    CHECK(state.same("joined({1, 'b', 2.5})"));
    CHECK(state.same("joined({1, 'b', 2.5}, ', ')"));
    CHECK(state.same("joined({1, 'b', 2.5}, 0)"));
    CHECK(state.same("joined({1, 'b', 2.5}, ',', 2)"));
    CHECK(state.same("joined({1, 'b', 2.5}, ',', 2, 2)"));
    CHECK(state.same("joined({1, 'b', 2.5}, ',', 3, 2)"));
    CHECK(state.same("joined({1, 'b', 2.5}, ',', 2, 4)"));
    CHECK(state.same("joined({1, {}, 2.5}, ',')"));
    CHECK(state.same("joined({1, 2}, {})"));
    CHECK(state.same("joined(1)"));
    CHECK(state.same("joined()"));
    CHECK(state.same("joined({1}, ',', 'x')"));
    CHECK(state.same("joined({[2^31 - 1] = 'last'}, ',', 2^31 - 1, 2^31 - 1)"));
}

TEST_CASE("what takes long is ended in its middle") {
    table_state state;
    state.run("numbers, zeros, same = {}, {}, {} for i = 1, 3e5 do "
              "numbers[i], zeros[i], same[i] = i, i % 2 == 0 and 0 or -0, 'x' end");
    CHECK(state.ends("pcall(function() while true do table.sort(numbers) end end)"));
    CHECK(state.ends("pcall(function() while true do table.sort(zeros) end end)"));
    CHECK(state.ends("table.sort(same, rawequal), table.sort(same, rawequal)"));
    CHECK(state.ends("pcall(function() while true do table.concat(numbers) end end)"));
    CHECK(state.ends("pcall(function() while true do table.remove(numbers, 1) end end)"));
    CHECK(state.ends("pcall(function() local long = ('x'):rep(1e7) "
                     "while true do long:sub(2) end end)"));
}
