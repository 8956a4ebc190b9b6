// The interpreter of a build without Lua: nothing can be compiled, so nothing runs.
#include "scripting/interpreter.hpp"
#include "scripting/library_load.hpp"

namespace mini_redis {

struct lua_home {};

bool interpreter::available() noexcept {
    return false;
}

void interpreter::closer::operator()(lua_State*) const noexcept {}

interpreter::interpreter(kind) {}

interpreter::~interpreter() = default;

std::optional<int> interpreter::compile(std::string_view, std::string& error) {
    error = "there is no Lua in this build";
    return std::nullopt;
}

bool interpreter::load(std::string_view, script_host&, std::vector<library_function>&,
                       std::string& error) {
    error = "ERR there is no Lua in this build";
    return false;
}

void interpreter::forget(int) noexcept {}

void interpreter::run(const script_run&, script_host&, reply_writer& out) {
    out.error("ERR there is no Lua in this build");
}

std::size_t interpreter::memory() const noexcept {
    return 0;
}

} // namespace mini_redis
