// A Lua state in which scripts run: what they may reach is in sandbox.cpp, what `redis` offers them
// in redis_library.cpp, how values cross in reply_to_lua.cpp and lua_to_reply.cpp.
//
// Without Lua (MINI_REDIS_SCRIPTING=OFF) the class is that of interpreter_none.cpp, which compiles
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.hpp"
#include "scripting/script_host.hpp"

struct lua_State;

namespace mini_redis {

struct lua_home;

/// One run of a script or function.
struct script_run {
    int function = 0;      ///< what compile() gave, or a library's loading
    std::string_view name; ///< as error texts have it: the script's SHA-1, the function's name
    std::span<const std::string_view> keys;
    std::span<const std::string_view> args;
};

/// A function that a library has registered.
struct library_function {
    std::string name;
    std::optional<std::string> description;
    std::vector<std::string> flags;
    int function = 0;
};

/// *Thread safety*: none; an interpreter belongs to one thread at a time.
class interpreter {
public:
    /// Scripts see KEYS and ARGV as globals; functions get them as arguments.
    enum class kind : std::uint8_t { scripts, functions };

    /// Whether there is a Lua to run scripts by.
    static bool available() noexcept;

    /// So much may a state occupy, with all that its scripts make: what needs more ends with "not
    /// enough memory".
    static constexpr std::size_t memory_limit = std::size_t{512} * 1024 * 1024;

    /// Throws std::bad_alloc if there is no memory for a state.
    explicit interpreter(kind what);
    ~interpreter();

    interpreter(const interpreter&) = delete;
    interpreter& operator=(const interpreter&) = delete;

    /// Compiles a script and keeps it under a number. Nothing if it cannot be, and then `error`
    /// says why, as Lua does.
    std::optional<int> compile(std::string_view code, std::string& error);

    /// Runs the code of a library, and adds the functions that it registers. False if it fails, and
    /// then `error` says why; what it has registered until then is in `functions` nonetheless.
    bool load(std::string_view code, script_host& host, std::vector<library_function>& functions,
              std::string& error);

    /// Gives up what is kept under a number.
    void forget(int function) noexcept;

    /// Runs a script and writes its result, or what went wrong, as one reply.
    void run(const script_run& what, script_host& host, reply_writer& out);

    /// Bytes that the state occupies.
    std::size_t memory() const noexcept;

private:
    struct closer {
        void operator()(lua_State* lua) const noexcept;
    };

    std::unique_ptr<lua_home> home_;
    std::unique_ptr<lua_State, closer> lua_;
};

} // namespace mini_redis
