// Typed calls against each server, in both protocols, and empty in the beginning.
#pragma once

#include <mini_redis/blocking_client.hpp>
#include <string_view>

#include "client/support.hpp"

namespace mini_redis::test {

/// Calls test(c) for RESP2 and RESP3. The blocking client has the same commands as the others, and
/// may stand inside of CHECK.
void with_both_protocols(server_kind kind, const redis_process& server, auto test) {
    for (const auto protocol : {protocol_version::resp2, protocol_version::resp3}) {
        INFO(to_string(kind) << ", RESP" << static_cast<int>(protocol));
        connect_options options;
        options.protocol = protocol;
        auto c = blocking_client::connect(address_of(server), options);
        c.flushall();
        test(c);
    }
}

void with_each_server(auto test) {
    for (const server_kind kind : available_servers()) {
        const redis_process server = start(kind);
        with_both_protocols(kind, server, test);
    }
}

/// The same with the servers that have this command; says so if none has.
void with_each_server_that_knows(std::string_view command, auto test) {
    with_servers_that_know(command, [&](server_kind kind, const redis_process& server) {
        with_both_protocols(kind, server, test);
    });
}

/// Whether the call ended with an error reply that begins like this.
template <class T>
bool is_refused(const result<T>& outcome, std::string_view with) {
    return !outcome && outcome.error().code() == errc::error_reply &&
           outcome.error().text().starts_with(with);
}

} // namespace mini_redis::test
