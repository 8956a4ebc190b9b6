// string.find, match, gmatch and gsub against those of Lua's own library, in one state.
#include <string>
#include <thread>
#include <vector>

#include "scripting/string_functions.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "unit/scripting/lua_state.hpp"

using namespace mini_redis;
using namespace mini_redis::test;

namespace {

// compare() gives what differs between `ours` and Lua's.
constexpr const char* prelude = R"(
    local lua = {find = string.find, match = string.match, gmatch = string.gmatch,
                 gsub = string.gsub, format = string.format}

    local function show(...)
        local parts = {}
        for i = 1, select('#', ...) do
            local value = select(i, ...)
            parts[i] = type(value) == 'string' and lua.format('%q', value) or tostring(value)
        end
        return table.concat(parts, ', ')
    end

    local function all_of(library, ...)
        local parts = {}
        local done, failure = pcall(function(...)
            for a, b, c in library.gmatch(...) do parts[#parts + 1] = show(a, b, c) end
        end, ...)
        return table.concat(parts, '; ') .. show(failure)
    end

    local replacements = {
        'x', '<%0>', '%1', '[%2%1]', '%%', '%', 'a%z', '%9', '', 7,
        {a = 1, b = false, ab = 'AB', [1] = 'one', c = {}},
        function(...) return show(...) end,
        function(a) if a == 'a' then return nil end return a == 'b' and 'B' end,
        function(a) return a == 'c' and {} or a end,
    }

    local function results(library, subject, pattern, start, n)
        local with = replacements[n % #replacements + 1]
        return 'find ' .. show(pcall(library.find, subject, pattern, start))
            .. '\nplain ' .. show(pcall(library.find, subject, pattern, start, true))
            .. '\nmatch ' .. show(pcall(library.match, subject, pattern, start))
            .. '\ngmatch ' .. all_of(library, subject, pattern)
            .. '\ngsub ' .. show(pcall(library.gsub, subject, pattern, with))
            .. '\nsome ' .. show(pcall(library.gsub, subject, pattern, with, start))
    end

    function compare(...)
        local expected, got = results(lua, ...), results(ours, ...)
        if expected ~= got then return 'expected ' .. expected .. '\n\ngot ' .. got end
        return ''
    end
    function both(name, ...)
        local expected, got = show(pcall(lua[name], ...)), show(pcall(ours[name], ...))
        return expected == got and got or 'expected ' .. expected .. ', got ' .. got
    end
)";

/// A state with `ours`, and what the prelude defines.
class pattern_state : public lua_state {
public:
    pattern_state() {
        lua_createtable(lua(), 0, 4);
        constexpr luaL_Reg functions[] = {{"find", string_find},
                                          {"match", string_match},
                                          {"gmatch", string_gmatch},
                                          {"gsub", string_gsub}};
        for (const luaL_Reg& each : functions) {
            lua_pushcfunction(lua(), each.func);
            lua_setfield(lua(), -2, each.name);
        }
        lua_setglobal(lua(), "ours");
        REQUIRE(run(prelude).empty());
    }

    std::string compare(const std::string& subject, const std::string& pattern, int start, int n) {
        lua_getglobal(lua(), "compare");
        lua_pushlstring(lua(), subject.data(), subject.size());
        lua_pushlstring(lua(), pattern.data(), pattern.size());
        lua_pushinteger(lua(), start);
        lua_pushinteger(lua(), n);
        lua_pcall(lua(), 4, 1, 0);
        return take_text();
    }
};

/// One of the words, or mostly a piece that makes sense in a pattern.
std::string random_pattern(random_source& random) {
    static const std::vector<std::string> pieces = {
        "a",     "b",      "c",    "ab",   ".",    "%a",     "%d",      "%s",     "%w",    "%p",
        "%A",    "%D",     "%S",   "%u",   "%L",   "%x",     "%c",      "%z",     "%Z",    "%.",
        "%%",    "%-",     "%(",   "[ab]", "[^a]", "[a-c",   "[a-c]",   "[]]",    "[^]]",  "[%a]",
        "[%]]",  "[a-",    "[",    "[^",   "[]",   "[-a]",   "[a-]",    "[%a-z]", "[c-a]", "[%",
        "[^%d]", "[%w_.]", "*",    "+",    "-",    "?",      "*",       "+",      "-",     "?",
        "(",     ")",      "(",    ")",    "()",   "(a)",    "(.-)",    "(.*)",   "^",     "$",
        "%b()",  "%bab",   "%baa", "%b",   "%bx",  "%f[%a]", "%f[^%z]", "%f[%z]", "%f",    "%f[a",
        "%1",    "%2",     "%0",   "%9",   "%",    "%g",     "%ï",      "é",      "[é-ï]", "]",
        "1",     " "};
    std::string pattern = random.one_in(6) ? "^" : "";
    for (std::size_t n = 1 + random.below(7); n > 0; --n)
        pattern += pieces[random.below(pieces.size())];
    if (random.one_in(12)) pattern += "$";
    if (random.one_in(40)) pattern.insert(random.below(pattern.size() + 1), 1, '\0');
    return pattern;
}

} // namespace

TEST_CASE("patterns match as Lua's own do, and fail with the same texts") {
    pattern_state state;
    random_source random{5'150};
    const std::string alphabets[] = {"ab", "abc", "aA1 ()", std::string{"ab\0.-%]\xe9", 8}};
    std::string differences;
    const auto compare_one = [&](int n) {
        const std::string pattern = random_pattern(random);
        const std::string subject = random.text(random.below(16), alphabets[random.below(4)]);
        const int start = random.one_in(2) ? 1 : static_cast<int>(random.below(24)) - 12;
        const std::string difference = state.compare(subject, pattern, start, n);
        if (!difference.empty())
            differences += "subject " + subject + ", pattern " + pattern + ", from " +
                           std::to_string(start) + '\n' + difference + '\n';
    };
    // A few on each thread: ThreadSanitizer keeps every frame that Lua's errors jump over, up to
    // 65,536 for a thread.
    constexpr int at_once = 200;
    for (int n = 0; n < 120'000; n += at_once)
        std::thread{[&] {
            for (int i = 0; i < at_once; ++i)
                compare_one(n + i);
        }}.join();
    CHECK(differences == "");
}

TEST_CASE("arguments that are none are refused as Lua does") {
    pattern_state state;
    const auto same = [&](const std::string& arguments) {
        const std::string got = state.run("return both(" + arguments + ")");
        INFO(arguments << " gives " << got);
        return !got.starts_with("expected");
    };
    CHECK(same("'find'"));
    CHECK(same("'find', 'a'"));
    CHECK(same("'find', {}, 'a'"));
    CHECK(same("'find', 121, 2"));
    CHECK(same("'find', 'a', 'a', {}"));
    CHECK(same("'find', 'aaa', 'a', '2'"));
    CHECK(same("'find', 'aaa', 'a', -1e300"));
    CHECK(same("'find', 'aaa', 'a', 1e300"));
    CHECK(same("'find', 'aaa', '', 10"));
    CHECK(same("'find', 'aaa', '^', 10"));
    CHECK(same("'match', 'a'"));
    CHECK(same("'match', nil, 'a'"));
    CHECK(same("'gmatch', 'a'"));
    CHECK(same("'gmatch', {}, 'a'"));
    CHECK(same("'gsub', 'a', 'a'"));
    CHECK(same("'gsub', 'a', 'a', nil"));
    CHECK(same("'gsub', 'a', 'a', true"));
    CHECK(same("'gsub', 'a', 'a', 'b', {}"));
    CHECK(same("'gsub', 'a', 'a', true, {}"));
    CHECK(same("'gsub', 'aaa', 'a', 1, '2'"));
    CHECK(same("'gsub', 'aaa', 'a', 'b', 2^31"));
    CHECK(same("'gsub', 'aaa', 'a', setmetatable({}, {__index = function() return {} end})"));
    CHECK(same("'gsub', 'aaa', 'a', function() error('mine') end"));
    CHECK(same("'match', 'a', ('(a?)'):rep(32)"));
    CHECK(same("'match', 'a', ('(a?)'):rep(33)"));
    CHECK(same("'match', ('a'):rep(40), ('()a'):rep(33)"));
}

TEST_CASE("each class has the characters of Lua's") {
    pattern_state state;
    CHECK(state.run(R"(
        for code = 0, 255 do
            for letter = 1, 255 do
                local pattern, subject = '%' .. string.char(letter), string.char(code)
                if letter ~= 98 and letter ~= 102 and (letter < 48 or letter > 57)
                    and string.find(subject, pattern) ~= ours.find(subject, pattern)
                then return code .. pattern end
            end
        end
        return 'all')") == "all");
}

TEST_CASE("plain texts are found in subjects of any size") {
    pattern_state state;
    // At the ends of the windows in which it is searched.
    CHECK(state.run(R"(
        for _, size in ipairs{1, 2, 7, 1000} do
            local text = ('b'):rep(size)
            for at = 2^20 - 3, 2^20 + 3 do
                local subject = ('a'):rep(at - 1) .. text .. ('a'):rep(5)
                local first, last = ours.find(subject, text, 1, true)
                if first ~= at or last ~= at + size - 1 then return size .. ' ' .. at end
            end
            if ours.find(('a'):rep(3e6), text, 1, true) then return 'found' end
        end
        return 'all')") == "all");
    CHECK(state.run("return tostring(ours.find(('a'):rep(1e6), ('a'):rep(5e5) .. 'b'))") == "nil");
}

TEST_CASE("a match nests to a bounded depth") {
    pattern_state state;
    CHECK(state.run("return ours.find(('a'):rep(2000), ('a?'):rep(2000))")
              .ends_with("pattern too complex"));
    CHECK(state.run("return ours.find(('a'):rep(1000), ('a?'):rep(900))") == "1");
    CHECK(state.run("return ours.find(('a'):rep(1e6), '[a-z]-$')") == "1");
}

TEST_CASE("a match is ended in its middle") {
    pattern_state state;
    const auto ends = [&](const std::string& code) { return state.ends(code); };
    CHECK(ends("ours.find(('a'):rep(30), ('a*'):rep(30) .. 'b')"));
    CHECK(ends("ours.match(('a'):rep(1e6), '.-.-b')"));
    CHECK(ends("ours.gmatch(('('):rep(1e6), '%b()')()"));
    CHECK(ends("ours.gsub(('a'):rep(1e6), 'a*a*b', '')"));
    CHECK(ends("ours.find(('a'):rep(1e5), '[' .. ('b'):rep(1e5) .. ']')"));
    CHECK(ends("ours.find(('a'):rep(1e5), '(a*)%1b')"));
    CHECK(ends("ours.find(('a'):rep(1e5), '%f[' .. ('b'):rep(1e5) .. ']')"));
    // What it takes is counted over calls, too.
    CHECK(ends("pcall(function() while true do ours.find('aaaa', 'a-b') end end)"));
    CHECK(ends("ours.gsub(('a'):rep(1e6), '', ('b'):rep(1e3))"));
}
