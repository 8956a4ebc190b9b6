#include "scripting/redis_library.hpp"

#include <cmath>
#include <cstdint>
#include <mini_redis/version.hpp>
#include <new>
#include <span>
#include <string_view>

#include "digest/sha1.hpp"
#include "resp/number.hpp"
#include "resp/reply_writer.hpp"
#include "scripting/interpreter.hpp"
#include "scripting/lua_home.hpp"
#include "scripting/reply_to_lua.hpp"

namespace mini_redis {
namespace {

// A reply of this size is not worth its memory once it has been turned into Lua's values.
constexpr std::size_t kept_reply_bytes = std::size_t{64} * 1024;

constexpr std::string_view no_arguments =
    "ERR Please specify at least one argument for this redis lib call";
constexpr std::string_view bad_arguments =
    "ERR Lua redis lib command arguments must be strings or integers";

std::string_view text_argument(lua_State* lua, int at) {
    std::size_t size = 0;
    const char* const bytes = lua_tolstring(lua, at, &size);
    return {bytes, size};
}

// -- redis.call and redis.pcall ---------------------------------------------------------------

// As Redis writes a number that is an argument: all its digits.
void spell_number(lua_State* lua, int at) {
    char digits[real_digits];
    const double number = lua_tonumber(lua, at);
    if (std::isnan(number)) { // with its sign, as printf has it
        lua_pushstring(lua, std::signbit(number) ? "-nan" : "nan");
        return lua_replace(lua, at);
    }
    constexpr double exact = 9007199254740992.0; // 2^53
    const bool whole =
        number > -exact && number < exact && number == std::floor(number) && number != 0;
    const std::size_t size = whole ? format_integer(static_cast<std::int64_t>(number), digits)
                                   : format_real(number, digits);
    lua_pushlstring(lua, digits, size);
    lua_replace(lua, at);
}

bool grow(std::vector<std::string_view>& words, std::size_t count) noexcept {
    try {
        words.resize(count);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

// The arguments of the call as words, which live as long as they stand on the stack.
bool collect_words(lua_State* lua, lua_home& home) {
    const int count = lua_gettop(lua);
    if (!grow(home.words, static_cast<std::size_t>(count))) luaL_error(lua, "not enough memory");
    for (int i = 1; i <= count; ++i) {
        const int type = lua_type(lua, i);
        if (type == LUA_TNUMBER)
            spell_number(lua, i);
        else if (type != LUA_TSTRING)
            return false;
        home.words[static_cast<std::size_t>(i - 1)] = text_argument(lua, i);
    }
    return true;
}

// A command may take far longer than others: so a script is asked to end after a few of them.
std::size_t cost_of(std::span<const std::string_view> words) {
    std::size_t cost = 4'000;
    for (const std::string_view word : words)
        cost += 10 + word.size() / 4;
    return cost;
}

// Writes the command's reply into home.reply, with a zero byte behind it.
bool run_command(lua_home& home, bool& goes_on) noexcept {
    home.reply.clear();
    try {
        reply_writer reply{home.reply, home.protocol};
        goes_on = home.host->call(home.words, reply);
        home.reply.push_back('\0');
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

int fail(lua_State* lua, bool raises, std::string_view text) {
    if (raises) return raise(lua, text);
    push_error(lua, text);
    return 1;
}

int call_command(lua_State* lua, bool raises) {
    lua_home& home = lua_home::of(lua);
    if (home.run == nullptr)
        return raise(lua, "ERR redis.call/pcall can only be called inside a script invocation");
    if (lua_gettop(lua) == 0) return fail(lua, raises, no_arguments);
    if (!collect_words(lua, home)) return fail(lua, raises, bad_arguments);
    spend_work(lua, home, cost_of(home.words));
    bool goes_on = true;
    if (!run_command(home, goes_on)) luaL_error(lua, "not enough memory");
    if (!goes_on) end_script(lua);
    lua_settop(lua, 0); // they may be as many as the stack can hold
    const char* at = home.reply.data();
    const bool is_error = *at == '-';
    push_reply(lua, at);
    if (home.reply.capacity() > kept_reply_bytes) home.reply.release();
    if (!is_error) return 1;
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, "ignore_error_stats_update"); // it has been counted
    return raises ? lua_error(lua) : 1;
}

int redis_call(lua_State* lua) {
    return call_command(lua, true);
}

int redis_pcall(lua_State* lua) {
    return call_command(lua, false);
}

int redis_acl_check_cmd(lua_State* lua) {
    lua_home& home = lua_home::of(lua);
    if (home.host == nullptr || home.run == nullptr)
        return raise(lua, "ERR redis.acl_check_cmd can only be called inside a script invocation");
    if (lua_gettop(lua) == 0) return raise(lua, no_arguments);
    if (!collect_words(lua, home)) return raise(lua, bad_arguments);
    const call_permission told = home.host->permission(home.words);
    if (told == call_permission::unknown_command)
        return raise(lua, "ERR Invalid command passed to redis.acl_check_cmd()");
    lua_pushboolean(lua, told == call_permission::yes);
    return 1;
}

// -- What makes replies -----------------------------------------------------------------------

int single_field(lua_State* lua, const char* name, std::string_view text) {
    lua_createtable(lua, 0, 1);
    lua_pushlstring(lua, text.data(), text.size());
    lua_setfield(lua, -2, name);
    return 1;
}

bool is_single_text(lua_State* lua) {
    return lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING;
}

int redis_error_reply(lua_State* lua) {
    if (!is_single_text(lua)) {
        push_error(lua, "ERR wrong number or type of arguments");
        return 1;
    }
    // An error has a code; a text of one word is none.
    std::string_view text = text_argument(lua, 1);
    if (text.starts_with('-')) text.remove_prefix(1);
    while (text.ends_with('\n') || text.ends_with('\r'))
        text.remove_suffix(1);
    if (text.find(' ') == std::string_view::npos) {
        lua_pushliteral(lua, "ERR ");
        lua_pushlstring(lua, text.data(), text.size());
        lua_concat(lua, 2);
        text = text_argument(lua, -1);
    }
    return single_field(lua, "err", text);
}

int redis_status_reply(lua_State* lua) {
    if (!is_single_text(lua)) {
        push_error(lua, "ERR wrong number or type of arguments");
        return 1;
    }
    return single_field(lua, "ok", text_argument(lua, 1));
}

int redis_sha1hex(lua_State* lua) {
    if (lua_gettop(lua) != 1) return raise(lua, "ERR wrong number of arguments");
    const std::string_view text = text_argument(lua, 1);
    spend_work(lua, lua_home::of(lua), text.size());
    static constexpr char digits[] = "0123456789abcdef";
    char hex[40];
    int at = 0;
    for (const std::uint8_t byte : sha1(text)) {
        hex[at++] = digits[byte >> 4];
        hex[at++] = digits[byte & 15];
    }
    lua_pushlstring(lua, hex, sizeof hex);
    return 1;
}

// -- The rest ---------------------------------------------------------------------------------

int redis_log(lua_State* lua) {
    const int count = lua_gettop(lua);
    if (count < 2) return raise(lua, "ERR redis.log() requires two arguments or more.");
    if (lua_isnumber(lua, 1) == 0)
        return raise(lua, "ERR First argument must be a number (log level).");
    const lua_Number level = lua_tonumber(lua, 1);
    if (!(level >= 0 && level <= 3)) return raise(lua, "ERR Invalid debug level.");
    luaL_Buffer text;
    luaL_buffinit(lua, &text);
    for (int i = 2; i <= count; ++i) {
        if (lua_tostring(lua, i) == nullptr) continue; // neither text nor a number
        if (i > 2) luaL_addchar(&text, ' ');
        lua_pushvalue(lua, i);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    if (script_host* const host = lua_home::of(lua).host)
        host->log(static_cast<script_log_level>(level), text_argument(lua, -1));
    return 0;
}

int redis_setresp(lua_State* lua) {
    if (lua_gettop(lua) != 1) return raise(lua, "ERR redis.setresp() requires one argument.");
    const lua_Integer wanted = lua_tointeger(lua, 1);
    if (wanted != 2 && wanted != 3) return raise(lua, "ERR RESP version must be 2 or 3.");
    lua_home::of(lua).protocol = wanted == 3 ? protocol_version::resp3 : protocol_version::resp2;
    return 0;
}

// Effects are what is replicated, always; scripts of older days ask for it.
int redis_replicate_commands(lua_State* lua) {
    lua_pushboolean(lua, 1);
    return 1;
}

constexpr int replicate_none = 0;
constexpr int replicate_aof = 1;
constexpr int replicate_replica = 2;
constexpr int replicate_all = 3;

// There is nothing to replicate to.
int redis_set_repl(lua_State* lua) {
    if (lua_gettop(lua) != 1) return raise(lua, "ERR redis.set_repl() requires two arguments.");
    const lua_Number flags = lua_tonumber(lua, 1);
    if (flags < replicate_none || flags > replicate_all)
        return raise(
            lua,
            "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    return 0;
}

// Redis goes on as if nothing was asked for where no debugger is attached; here none can be.
int redis_breakpoint(lua_State* lua) {
    return raise(lua,
                 "ERR redis.breakpoint() needs the Lua debugger, which mini-redis does not have");
}

int redis_debug(lua_State*) {
    return 0;
}

// "7.2.0" as 0x00070200
int version_number(std::string_view text) {
    int number = 0;
    int part = 0;
    for (const char c : text) {
        if (c == '.') {
            number = (number << 8) | part;
            part = 0;
        } else {
            part = part * 10 + (c - '0');
        }
    }
    return (number << 8) | part;
}

void set_number(lua_State* lua, const char* name, int value) {
    lua_pushinteger(lua, value);
    lua_setfield(lua, -2, name);
}

void set_function(lua_State* lua, const char* name, lua_CFunction function) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

void set_constants(lua_State* lua) {
    set_number(lua, "LOG_DEBUG", 0);
    set_number(lua, "LOG_VERBOSE", 1);
    set_number(lua, "LOG_NOTICE", 2);
    set_number(lua, "LOG_WARNING", 3);
    set_number(lua, "REPL_NONE", replicate_none);
    set_number(lua, "REPL_AOF", replicate_aof);
    set_number(lua, "REPL_REPLICA", replicate_replica);
    set_number(lua, "REPL_SLAVE", replicate_replica);
    set_number(lua, "REPL_ALL", replicate_all);
    lua_pushlstring(lua, redis_version.data(), redis_version.size());
    lua_setfield(lua, -2, "REDIS_VERSION");
    set_number(lua, "REDIS_VERSION_NUM", version_number(redis_version));
}

} // namespace

void push_error(lua_State* lua, std::string_view text) {
    luaL_checkstack(lua, 3, nullptr);
    single_field(lua, "err", text);
}

int raise(lua_State* lua, std::string_view text) {
    push_error(lua, text);
    return lua_error(lua);
}

void push_redis_library(lua_State* lua, bool for_functions) {
    static constexpr luaL_Reg functions[] = {
        {"acl_check_cmd", redis_acl_check_cmd},
        {"call", redis_call},
        {"error_reply", redis_error_reply},
        {"log", redis_log},
        {"pcall", redis_pcall},
        {"set_repl", redis_set_repl},
        {"setresp", redis_setresp},
        {"sha1hex", redis_sha1hex},
        {"status_reply", redis_status_reply},
    };
    lua_createtable(lua, 0, 32);
    for (const luaL_Reg& each : functions)
        set_function(lua, each.name, each.func);
    if (!for_functions) { // of older days than these
        set_function(lua, "breakpoint", redis_breakpoint);
        set_function(lua, "debug", redis_debug);
        set_function(lua, "replicate_commands", redis_replicate_commands);
    }
    set_constants(lua);
}

void push_loading_redis_library(lua_State* lua) {
    lua_createtable(lua, 0, 16);
    set_function(lua, "log", redis_log);
    set_function(lua, "register_function", register_function);
    set_constants(lua);
}

} // namespace mini_redis
