// What client_compare has each client do.
#pragma once

#include <cstddef>
#include <string>

struct server_endpoint {
    std::string host;
    int port = 0;
};

/// So many GETs of one key, of which so many are under way at any time; `calls` is a multiple.
struct client_load {
    std::string key;
    std::size_t value_size = 0; // a reply of another size is a failure
    long at_once = 1;
    long calls = 0;
};
