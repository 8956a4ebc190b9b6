// The functions of all libraries, compiled for an executor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commands/function_store.hpp"
#include "commands/services.hpp"
#include "scripting/interpreter.hpp"

namespace mini_redis {

/// *Thread safety*: belongs to an executor.
class loaded_functions {
public:
    explicit loaded_functions(services& server) noexcept
        : server_{&server},
          known_{&server.functions()} {}

    struct one {
        std::string_view name;
        script_flags flags;
        int function = 0;
        bool roams = false; ///< it has used keys that it was not given
    };

    /// The function of that name in any case; null if there is none. Valid until the next call.
    one* find(std::string_view name);

    interpreter& lua();

    /// Runs a library's code to learn what it registers. Nothing if it is wrong, and then `error`
    /// says why.
    library_ptr load(std::string_view code, std::string& error);

private:
    struct loaded_library {
        library_ptr library;
        std::vector<library_function> functions;
    };

    void follow();
    void forget(const loaded_library& gone);

    services* server_;
    function_store* known_;
    std::unique_ptr<interpreter> lua_; // once there is a library
    std::vector<loaded_library> libraries_;
    std::unordered_map<std::string, one> functions_; // by their names in lower case
    static constexpr std::uint64_t unfollowed = UINT64_MAX;
    std::uint64_t generation_ = 0;
};

} // namespace mini_redis
