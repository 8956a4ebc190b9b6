// A row's syntax as the tree of arguments that COMMAND DOCS tells clients about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mini_redis {

/// One argument, in the terms of COMMAND DOCS.
struct argument {
    std::string name;
    std::string type = {};                ///< "string", "key", "pure-token", "oneof", "block" …
    std::string token = {};               ///< the literal that introduces it; often empty
    std::vector<argument> arguments = {}; ///< of a oneof or block
    bool optional = false;
    bool multiple = false;
    bool multiple_token = false; ///< the token comes again each time
};

/// What the syntax of a row says (see syntax.hpp).
std::vector<argument> parse_syntax(std::string_view syntax);

/// The syntax as people read it: without types and labels.
std::string usage_of(std::string_view syntax);

} // namespace mini_redis
