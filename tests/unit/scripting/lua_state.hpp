// A Lua state with all of Lua's own libraries, for tests of what scripts get in their place.
#pragma once

#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "scripting/lua_home.hpp"

namespace mini_redis::test {

/// Counts how often it is asked, and ends the script in the end.
class patient_host final : public script_host {
public:
    explicit patient_host(int patience) : left_{patience} {}

    bool call(std::span<const std::string_view>, reply_writer&) noexcept override { return true; }

    call_permission permission(std::span<const std::string_view>) noexcept override {
        return call_permission::yes;
    }

    void count_errors(reply_writer&) noexcept override {}

    void log(script_log_level, std::string_view) noexcept override {}

    bool may_go_on() noexcept override { return --left_ > 0; }

    std::string_view reason_to_end() noexcept override { return "ended"; }

private:
    int left_;
};

class lua_state {
public:
    lua_state() : lua_{lua_newstate(&allocate, &home_), &lua_close} {
        home_.memory_limit = std::size_t{1} << 30;
        luaL_openlibs(lua());
    }

    lua_State* lua() { return lua_.get(); }

    /// What a chunk returns, or its error.
    std::string run(const std::string& code) {
        if (luaL_loadbuffer(lua(), code.data(), code.size(), "@test") == 0)
            lua_pcall(lua(), 0, 1, 0);
        if (lua_istable(lua(), -1)) lua_getfield(lua(), -1, "err");
        return take_text();
    }

    /// Whether an expression, which would take very long, is ended in the middle.
    bool ends(const std::string& expression) {
        constexpr int questions = 20;
        patient_host host{questions};
        home_.host = &host;
        home_.killed = false;
        const std::string result = run("return " + expression);
        home_.host = nullptr;
        lua_sethook(lua(), nullptr, 0, 0);
        return result == host.reason_to_end();
    }

protected:
    std::string take_text() {
        std::size_t size = 0;
        const char* const bytes = lua_tolstring(lua(), -1, &size);
        std::string text = bytes == nullptr ? std::string{} : std::string{bytes, size};
        lua_settop(lua(), 0);
        return text;
    }

private:
    static void* allocate(void* home, void* block, std::size_t old, std::size_t size) {
        static_cast<lua_home*>(home)->memory += size - old;
        if (size != 0) return std::realloc(block, size);
        std::free(block);
        return nullptr;
    }

    lua_home home_{};
    std::unique_ptr<lua_State, void (*)(lua_State*)> lua_;
};

} // namespace mini_redis::test
