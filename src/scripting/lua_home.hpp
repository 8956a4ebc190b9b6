// What belongs to one Lua state besides what Lua keeps itself: its memory, and the script that
// runs.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mini_redis/frame.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "resp/output_buffer.hpp"
#include "scripting/lua.hpp"
#include "scripting/script_host.hpp"
#include "scripting/script_random.hpp"
#include "scripting/small_blocks.hpp"

namespace mini_redis {

struct script_run;
struct library_load;

/// Functions of Lua's own libraries that safe_functions.cpp stands in front of.
enum class stock_function : std::uint8_t {
    foreach,
    foreachi,
    insert,
    rawset,
    setmetatable,
};
inline constexpr std::size_t stock_functions = 5;

/// Lua hands it to its allocator, and so it is found from any state or coroutine.
///
/// *Thread safety*: that of the state, which one thread uses.
struct lua_home {
    static lua_home& of(lua_State* lua) noexcept {
        void* home = nullptr;
        lua_getallocf(lua, &home);
        return *static_cast<lua_home*>(home);
    }

    small_blocks blocks;
    std::size_t memory = 0;
    std::size_t memory_limit = 0;
    lua_State* main = nullptr; ///< the state that is no coroutine

    std::array<lua_CFunction, stock_functions> stock{};

    // Of the script that runs.
    const script_run* run = nullptr;
    library_load* loading = nullptr; ///< instead: a library is being loaded
    reply_writer* out = nullptr;
    std::size_t values_written = 0; ///< to it
    script_host* host = nullptr;
    protocol_version protocol = protocol_version::resp2; ///< redis.setresp()
    bool killed = false;
    std::int64_t work_left = 0;                      ///< see spend_work()
    std::chrono::steady_clock::time_point next_look; ///< when the host is asked next
    script_random random;
    std::array<int, 2> collector_settings{200, 200}; ///< what scripts have set: pause, multiplier

    // Of a redis.call(); kept for their memory.
    std::vector<std::string_view> words;
    output_buffer reply;
};

/// Ends the script if the host says so, which is asked every half a millisecond at most.
void ask_to_go_on(lua_State* lua, lua_home& home);

/// Tells of work that passes no instruction of Lua's, in steps of a nanosecond or a few. Now and
/// then the script is ended in it: so nothing with a destructor may be alive.
inline void spend_work(lua_State* lua, lua_home& home, std::size_t steps) {
    home.work_left -= static_cast<std::int64_t>(steps);
    if (home.work_left < 0) [[unlikely]]
        ask_to_go_on(lua, home);
}

/// Ends the script, whatever it does: neither pcall nor a coroutine outlives it.
void end_script(lua_State* lua);

/// Ends the function with an error object as redis.call() raises it, a table with this text.
int raise(lua_State* lua, std::string_view text);

/// Pushes such a table.
void push_error(lua_State* lua, std::string_view text);

} // namespace mini_redis
