// A library of functions while its code runs, once, to register them.
#pragma once

#include <vector>

#include "scripting/interpreter.hpp"

namespace mini_redis {

struct library_load {
    std::vector<library_function>& functions;
};

} // namespace mini_redis
