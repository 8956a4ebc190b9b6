// A value in Redis's serialized form, as DUMP gives it.
#pragma once

#include <cstddef>
#include <string>

#include "store/entry.hpp"

namespace mini_redis {

/// The whole dump, with its type in front and its version and checksum behind.
std::string dump_value(const entry& value);

/// What DEBUG OBJECT tells of a list: how it is divided into listpacks.
struct list_nodes {
    std::size_t count = 0;
    std::size_t bytes = 0; ///< of the listpacks, uncompressed
};

list_nodes nodes_of_list(const entry& value);

} // namespace mini_redis
