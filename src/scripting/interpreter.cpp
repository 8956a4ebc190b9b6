#include "scripting/interpreter.hpp"

#include <chrono>
#include <new>
#include <utility>

#include "scripting/library_load.hpp"
#include "scripting/lua_home.hpp"
#include "scripting/lua_to_reply.hpp"
#include "scripting/sandbox.hpp"
#include "scripting/text_loader.hpp"

namespace mini_redis {
namespace {

// What stands at the bottom of the stack, always.
constexpr int globals_at = 1;       // the real ones
constexpr int error_handler_at = 2; // handle_error()
constexpr int runner_at = 3;        // run_function()
constexpr int chunk_name_at = 4;    // which Lua's parser wants to be kept alive
constexpr int loading_at = 5;       // the globals of a library while it is loaded
constexpr int bottom = 5;

// Instructions between two looks at the clock: some microseconds, but one that compares long
// strings takes thousands of times as long as another.
constexpr int instructions_per_look = 1'000;

// The same for what C functions do, and for what is allocated.
constexpr std::int64_t work_per_look = 100'000;
constexpr std::size_t bytes_per_step = 8;

constexpr std::chrono::microseconds between_questions{500};

void look_at_the_clock(lua_State* lua, lua_Debug*);

void set_hook(lua_State* lua) {
    lua_sethook(lua, look_at_the_clock, LUA_MASKCOUNT, instructions_per_look);
}

// No error can be raised from an allocator; so the next instruction has a look.
void count_allocation(lua_home& home, std::size_t size) {
    home.work_left -= static_cast<std::int64_t>(size / bytes_per_step);
    if (home.work_left < 0 && lua_gethookcount(home.main) == instructions_per_look) [[unlikely]]
        lua_sethook(home.main, look_at_the_clock, LUA_MASKCOUNT, 1);
}

void* allocate(void* home, void* block, std::size_t old_size, std::size_t new_size) {
    auto& self = *static_cast<lua_home*>(home);
    if (new_size > old_size) {
        if (new_size - old_size > self.memory_limit - self.memory) return nullptr;
        if (self.main != nullptr) count_allocation(self, new_size);
    }
    self.memory += new_size - old_size;
    void* const moved = self.blocks.reallocate(block, old_size, new_size);
    if (moved == nullptr && new_size != 0) {
        self.memory -= new_size - old_size;
        return new_size <= old_size ? block : nullptr; // Lua relies on it that blocks can shrink
    }
    return moved;
}

// An error's message, where it comes from and on which line, in a table: as redis.call() has it.
int handle_error(lua_State* lua) {
    lua_settop(lua, 1);
    if (!lua_istable(lua, 1)) {
        const char* const text = lua_tostring(lua, 1);
        lua_createtable(lua, 0, 3);
        if (text != nullptr)
            lua_pushfstring(lua, "ERR %s", text);
        else if (lua_isnoneornil(lua, 1))
            lua_pushliteral(lua, "ERR nil");
        else
            lua_pushfstring(lua, "ERR %s", luaL_typename(lua, 1));
        lua_setfield(lua, -2, "err");
        lua_replace(lua, 1);
    }
    lua_Debug at;
    for (int level = 1; level <= 2 && lua_getstack(lua, level, &at) != 0; ++level) {
        lua_getinfo(lua, "Sl", &at);
        if (*at.what == 'C' && level == 1) continue;
        lua_pushstring(lua, "source");
        lua_pushstring(lua, at.source);
        lua_rawset(lua, 1);
        lua_pushstring(lua, "line");
        lua_pushinteger(lua, at.currentline);
        lua_rawset(lua, 1);
        break;
    }
    return 1;
}

void push_words(lua_State* lua, std::span<const std::string_view> words) {
    lua_createtable(lua, static_cast<int>(words.size()), 0);
    int at = 0;
    for (const std::string_view word : words) {
        lua_pushlstring(lua, word.data(), word.size());
        lua_rawseti(lua, -2, ++at);
    }
}

// Called protected: runs the function and writes its result.
int run_function(lua_State* lua) {
    lua_home& home = lua_home::of(lua);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, home.run->function);
    lua_pushvalue(lua, lua_upvalueindex(1)); // the real globals, or nil
    const bool as_globals = lua_istable(lua, -1);
    push_words(lua, home.run->keys);
    if (as_globals) lua_setfield(lua, -2, "KEYS");
    push_words(lua, home.run->args);
    if (as_globals) {
        lua_setfield(lua, -2, "ARGV");
        lua_pop(lua, 1);
        lua_call(lua, 0, 1);
    } else {
        lua_remove(lua, -3);
        lua_call(lua, 2, 1);
    }
    write_lua_value(lua, *home.out);
    return 0;
}

void look_at_the_clock(lua_State* lua, lua_Debug*) {
    if (lua_gethookcount(lua) != instructions_per_look && !lua_home::of(lua).killed) set_hook(lua);
    ask_to_go_on(lua, lua_home::of(lua));
}

const char* chunk_name_of(interpreter::kind what) {
    return what == interpreter::kind::scripts ? "@user_script" : "@user_function";
}

// Called protected, with the kind as its argument: leaves on the stack what stands at its bottom.
int open_state(lua_State* lua) {
    const auto what = static_cast<interpreter::kind>(lua_tointeger(lua, 1));
    lua_settop(lua, 0);
    const bool as_globals = what == interpreter::kind::scripts;
    open_sandbox(lua, !as_globals);
    lua_pushcfunction(lua, handle_error);
    if (as_globals)
        lua_pushvalue(lua, globals_at);
    else
        lua_pushnil(lua);
    lua_pushcclosure(lua, run_function, 1);
    lua_pushstring(lua, chunk_name_of(what));
    push_loading_globals(lua);
    return bottom;
}

std::string_view text_of(lua_State* lua, int at) {
    std::size_t size = 0;
    const char* const text = lua_tolstring(lua, at, &size);
    return text != nullptr ? std::string_view{text, size} : std::string_view{"unknown error"};
}

// -- What has gone wrong, as text -------------------------------------------------------------

// Called protected, with an error object: gives whether it has been counted, its message, its
// source and its line, or nils.
int take_apart(lua_State* lua) {
    lua_pushliteral(lua, "ignore_error_stats_update");
    lua_rawget(lua, 1);
    for (const char* const field : {"err", "source", "line"}) {
        lua_pushstring(lua, field);
        lua_rawget(lua, 1);
        if (lua_isstring(lua, -1) == 0) {
            lua_pop(lua, 1);
            lua_pushnil(lua);
        } else {
            lua_tostring(lua, -1); // a number becomes a text here, where memory may run out
        }
    }
    return 4;
}

struct error_description {
    std::string text;
    bool counted = false;
};

// The error at the top of the stack, maybe with the place where it comes from.
error_description describe_error(lua_State* lua, int status, std::string_view name,
                                 bool with_place) {
    const auto failed = [&](std::string_view why) {
        return error_description{"ERR Error running script " + std::string{name} + ", " +
                                 std::string{why.substr(0, 100)}};
    };
    if (status != LUA_ERRRUN || !lua_istable(lua, -1)) return failed(text_of(lua, -1));
    lua_pushcfunction(lua, take_apart);
    lua_insert(lua, -2);
    if (lua_pcall(lua, 1, 4, 0) != 0) return failed(text_of(lua, -1));
    std::string text{lua_isnil(lua, -3) ? std::string_view{"ERR unknown error"} : text_of(lua, -3)};
    if (with_place && !lua_isnil(lua, -2) && !lua_isnil(lua, -1)) {
        text.append(" script: ").append(name).append(", on ").append(text_of(lua, -2));
        text.append(":").append(text_of(lua, -1)).append(".");
    }
    return {std::move(text), lua_type(lua, -4) == LUA_TBOOLEAN && lua_toboolean(lua, -4) != 0};
}

} // namespace

void ask_to_go_on(lua_State* lua, lua_home& home) {
    home.work_left = work_per_look;
    if (home.host == nullptr) return;
    if (home.killed) end_script(lua);
    const auto now = std::chrono::steady_clock::now();
    if (now < home.next_look) return;
    home.next_look = now + between_questions;
    if (!home.host->may_go_on()) end_script(lua);
}

void end_script(lua_State* lua) {
    lua_home::of(lua).killed = true;
    lua_sethook(lua, look_at_the_clock, LUA_MASKLINE | LUA_MASKCOUNT, 1);
    raise(lua, lua_home::of(lua).host->reason_to_end());
}

bool interpreter::available() noexcept {
    return true;
}

void interpreter::closer::operator()(lua_State* lua) const noexcept {
    lua_close(lua);
}

interpreter::interpreter(kind what) : home_{std::make_unique<lua_home>()} {
    home_->memory_limit = memory_limit;
    lua_.reset(lua_newstate(allocate, home_.get()));
    if (!lua_) throw std::bad_alloc{};
    lua_State* const lua = lua_.get();
    // Pushing a function may take memory too; but if there is none for so little, Lua has no way
    // to tell but to abort. A new state has room for this one.
    lua_pushcfunction(lua, open_state);
    lua_pushinteger(lua, static_cast<int>(what));
    if (lua_pcall(lua, 1, bottom, 0) != 0) throw std::bad_alloc{};
    home_->main = lua;
    set_hook(lua);
}

interpreter::~interpreter() = default;

std::optional<int> interpreter::compile(std::string_view code, std::string& error) {
    lua_State* const lua = lua_.get();
    std::optional<int> function;

    // load_text() is protected by itself; keeping the function in a table is not.
    struct keeping {
        std::string_view code;
        int function = 0;
        int status = 0;
    } work{code};

    const auto keep = [](lua_State* state) -> int {
        auto& todo = *static_cast<keeping*>(lua_touserdata(state, 1));
        lua_pushvalue(state, lua_upvalueindex(1));
        todo.status = load_text(state, todo.code, lua_tostring(state, -1));
        if (todo.status != 0) return lua_error(state);
        todo.function = luaL_ref(state, LUA_REGISTRYINDEX);
        return 0;
    };
    lua_pushlightuserdata(lua, &work);
    lua_pushvalue(lua, chunk_name_at);
    lua_pushcclosure(lua, keep, 1);
    lua_insert(lua, -2);
    if (lua_pcall(lua, 1, 0, 0) == 0)
        function = work.function;
    else
        error = text_of(lua, -1);
    lua_settop(lua, bottom);
    return function;
}

void interpreter::forget(int function) noexcept {
    luaL_unref(lua_.get(), LUA_REGISTRYINDEX, function);
}

bool interpreter::load(std::string_view code, script_host& host,
                       std::vector<library_function>& functions, std::string& error) {
    const std::optional<int> main = compile(code, error);
    if (!main) {
        error = "ERR Error compiling function: " + error;
        return false;
    }
    lua_State* const lua = lua_.get();
    library_load loading{functions};
    home_->loading = &loading;
    home_->host = &host;
    home_->killed = false;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, *main);
    stand_for(lua, LUA_GLOBALSINDEX, loading_at);
    const int status = lua_pcall(lua, 0, 0, error_handler_at);
    stand_for(lua, LUA_GLOBALSINDEX, globals_at);
    if (status != 0)
        error = "ERR Error registering functions: " + describe_error(lua, status, "", false).text;
    home_->loading = nullptr;
    home_->host = nullptr;
    lua_settop(lua, bottom);
    if (home_->killed) set_hook(lua);
    forget(*main);
    return status == 0;
}

void interpreter::run(const script_run& what, script_host& host, reply_writer& out) {
    lua_State* const lua = lua_.get();
    const std::size_t before = out.buffer().size();
    home_->run = &what;
    home_->host = &host;
    home_->out = &out;
    home_->values_written = 0;
    home_->protocol = protocol_version::resp2;
    home_->killed = false;
    lua_pushvalue(lua, runner_at);
    const int status = lua_pcall(lua, 0, 0, error_handler_at);
    home_->run = nullptr;
    home_->host = nullptr;
    home_->out = nullptr;
    if (status != 0) [[unlikely]] {
        out.buffer().truncate(before);
        const error_description why = describe_error(lua, status, what.name, true);
        out.error(why.text);
        if (why.counted) out.mark_errors_counted();
        if (home_->killed) set_hook(lua);
        if (status == LUA_ERRMEM) lua_gc(lua, LUA_GCCOLLECT, 0);
    }
    lua_settop(lua, bottom);
}

std::size_t interpreter::memory() const noexcept {
    return home_->memory;
}

} // namespace mini_redis
