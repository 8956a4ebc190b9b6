// Lua code from a text. Compiled code is no text: Lua 5.1 would run it without a check, and so give
// a script the whole machine.
#pragma once

#include <cstddef>
#include <string_view>

#include "scripting/lua_home.hpp"

namespace mini_redis {

namespace detail {

struct text_pieces {
    bool space_first = false;
    std::string_view rest;
};

// In pieces, so that a script can be ended in the middle of a long one: the parser is slow.
inline const char* next_piece(lua_State* lua, void* source, std::size_t* size) {
    constexpr std::size_t most_bytes = 4096;
    constexpr std::size_t steps_per_byte = 16;
    auto& pieces = *static_cast<text_pieces*>(source);
    if (pieces.space_first) {
        pieces.space_first = false;
        *size = 1;
        return " ";
    }
    const std::string_view piece = pieces.rest.substr(0, most_bytes);
    pieces.rest.remove_prefix(piece.size());
    spend_work(lua, lua_home::of(lua), steps_per_byte * piece.size());
    *size = piece.size();
    return piece.empty() ? nullptr : piece.data();
}

} // namespace detail

/// As luaL_loadbuffer(). The name is kept alive by the caller: as a string on the stack.
inline int load_text(lua_State* lua, std::string_view code, const char* name) {
    // Behind a space, what compiled code begins with is as wrong as in any other place.
    detail::text_pieces pieces{code.starts_with(LUA_SIGNATURE[0]), code};
    return lua_load(lua, detail::next_piece, &pieces, name);
}

} // namespace mini_redis
