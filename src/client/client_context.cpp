#include "client/client_context.hpp"

#include <utility>

namespace mini_redis {

namespace {

connect_options merge(connect_options options, const server_address& where) {
    if (where.user) options.user = *where.user;
    if (where.password) options.password = *where.password;
    if (where.database) options.database = *where.database;
    if (where.tls) options.use_tls = true;
    return options;
}

} // namespace

client_context::client_context(std::string_view address, connect_options given, turn_end* of)
    : client_context{parse_address(address), std::move(given), of} {}

client_context::client_context(const client_context& other, turn_end* of)
    : client_context{other.where, other.options, of} {
    setup = other.setup;
}

client_context::client_context(server_address parsed, connect_options given, turn_end* of)
    : where{std::move(parsed)},
      options{merge(std::move(given), where)},
      name{shown_address(where)},
      random{std::random_device{}()},
      loop{of} {}

} // namespace mini_redis
